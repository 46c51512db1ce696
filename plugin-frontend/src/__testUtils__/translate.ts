import {
  createTranslationRef,
  TranslationApi,
} from '@backstage/frontend-plugin-api';
import { mockApis } from '@backstage/frontend-test-utils';
import {
  keeptrustsTranslationRef,
  Translate,
  Words,
  wordsOf,
} from '../translations';
import de from '../translations/de';

/** The plugin's English words, with numbers and times in English and UTC, for tests of functions that take them. */
export const englishWords = (): Words => words(keeptrustsTranslationRef, 'en');

/** The same in German. */
export const germanWords = (): Words =>
  // Backstage's translations for tests have the messages of the reference alone, so that the German ones are its own here.
  words(
    createTranslationRef({ id: keeptrustsTranslationRef.id, messages: de }),
    'de',
  );

function words(
  ref: Parameters<TranslationApi['getTranslation']>[0],
  locale: string,
): Words {
  const snapshot = mockApis.translation().getTranslation(ref);
  if (!snapshot.ready) throw new Error('the messages are not loaded');
  return wordsOf(snapshot.t as unknown as Translate, {
    locale,
    timeZone: 'UTC',
  });
}
