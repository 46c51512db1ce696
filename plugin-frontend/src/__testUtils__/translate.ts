import { mockApis } from '@backstage/frontend-test-utils';
import {
  keeptrustsTranslationRef,
  Translate,
  Words,
  wordsOf,
} from '../translations';

/** The plugin's English words, with numbers and times in English and UTC, for tests of functions that take them. */
export function englishWords(): Words {
  const snapshot = mockApis
    .translation()
    .getTranslation(keeptrustsTranslationRef);
  if (!snapshot.ready) throw new Error('the messages are not loaded');
  return wordsOf(snapshot.t as unknown as Translate, {
    locale: 'en',
    timeZone: 'UTC',
  });
}
