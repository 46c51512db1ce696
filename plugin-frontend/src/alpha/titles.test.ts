import { ApiHolder, appLanguageApiRef } from '@backstage/frontend-plugin-api';
import de from '../translations/de';
import { en } from '../translations/en';
import { TITLES, titleAtStart, titleFor } from './titles';

const appIn = (language: string): ApiHolder => ({
  get: ref =>
    (ref.id === appLanguageApiRef.id
      ? { getLanguage: () => ({ language }) }
      : undefined) as never,
});

const OLD_HOST = {};
const NEW_HOST = { titleTranslation: {} };

describe('a title before anything is loaded', () => {
  it.each([
    ['en', 'AI spend'],
    ['de', 'KI-Ausgaben'],
    ['fr', 'AI spend'],
    ['toString', 'AI spend'],
  ])('is in the language of the app: %s', (language, title) => {
    expect(titleAtStart('spend', appIn(language))).toBe(title);
    expect(
      titleFor('spend', { dataRefs: OLD_HOST, apis: appIn(language) }),
    ).toBe(title);
  });

  it('is in English in an app without languages', () => {
    expect(titleAtStart('page', { get: () => undefined })).toBe(
      'AI Governance',
    );
  });

  it('is text while the frontend system has no messages to select', () => {
    expect(titleFor('page', { dataRefs: NEW_HOST, apis: appIn('de') })).toBe(
      'KI-Governance',
    );
  });

  it('is what the view says that it leads to', () => {
    expect(TITLES.en).toEqual({
      page: en.overview.title,
      spend: en.spend.title,
      attention: en.overview.attention.title,
    });
    expect(TITLES.de).toEqual({
      page: de['overview.title'],
      spend: de['spend.title'],
      attention: de['overview.attention.title'],
    });
  });
});
