import { mockApis } from '@backstage/frontend-test-utils';
import { keeptrustsTranslationRef, Translate } from '../translation';

/** The plugin's own words, for tests of functions that take them. */
export function englishWords(): Translate {
  const snapshot = mockApis
    .translation()
    .getTranslation(keeptrustsTranslationRef);
  if (!snapshot.ready) throw new Error('the messages are not loaded');
  return snapshot.t as unknown as Translate;
}
