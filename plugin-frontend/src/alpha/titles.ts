import {
  ApiHolder,
  appLanguageApiRef,
  createTranslationRef,
} from '@backstage/frontend-plugin-api';

/**
 * The titles that an app asks for before anything of the plugin is shown: for its navigation, the tabs of an entity, and the
 * list of cards for the home page. Every page loads them, so that they stand apart from the other messages.
 */
export const TITLES = {
  en: {
    page: 'AI Governance',
    spend: 'AI spend',
    attention: 'AI Governance: what needs my attention',
  },
  de: {
    page: 'KI-Governance',
    spend: 'KI-Ausgaben',
    attention: 'KI-Governance: was meine Aufmerksamkeit braucht',
  },
} as const;

type Title = keyof typeof TITLES.en;

const titlesRef = createTranslationRef({
  id: 'plugin.keeptrusts.titles',
  messages: TITLES.en,
  translations: { de: async () => ({ default: TITLES.de }) },
});

/** A title in the language that the app has when it starts; in English where the plugin does not have that language. */
export function titleAtStart(title: Title, apis: ApiHolder): string {
  const language = apis.get(appLanguageApiRef)?.getLanguage().language ?? '';
  const titles = Object.hasOwn(TITLES, language)
    ? TITLES[language as keyof typeof TITLES]
    : TITLES.en;
  return titles[title];
}

/**
 * A title as a blueprint takes it: where `dataRefs` has one for a translated title, as from Backstage 1.57 on, a message that
 * follows the app's language; else `titleAtStart`.
 */
export function titleFor(
  title: Title,
  { dataRefs, apis }: { dataRefs: object; apis: ApiHolder },
): string {
  const select: unknown = titlesRef;
  return 'titleTranslation' in dataRefs && typeof select === 'function'
    ? select(title)
    : titleAtStart(title, apis);
}
