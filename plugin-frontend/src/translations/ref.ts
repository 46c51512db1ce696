import { createTranslationRef } from '@backstage/frontend-plugin-api';
import { en } from './en';

/** Messages in another language; that they have every key is checked where they are written. */
const checkedThere = (load: () => Promise<unknown>) =>
  load as () => Promise<{ default: never }>;

/**
 * Every word of the plugin, in English and, in apps that offer it, German (`de`). `ar-XB` is a right-to-left language for
 * tests. Findings are here by their code; one that the plugin does not know comes in the service's own English words.
 *
 * @public
 */
export const keeptrustsTranslationRef = createTranslationRef({
  id: 'plugin.keeptrusts',
  messages: en,
  translations: {
    de: checkedThere(() => import('./de')),
    'ar-XB': checkedThere(() => import('./pseudo')),
  },
});

type Messages = typeof keeptrustsTranslationRef.T;
type Key = keyof Messages & string;

/** A message with a singular and a plural, by its key without `_one` and `_other`. */
type PluralKey = Key extends infer K
  ? K extends `${infer Base}_one`
    ? Base
    : never
  : never;
type SimpleKey = Exclude<Key, `${string}_one` | `${string}_other`>;

/** The names between double braces in a message. */
type Names<M extends string> =
  M extends `${string}{{${infer Name}}}${infer Rest}`
    ? Name | Names<Rest>
    : never;

type Values<K extends SimpleKey | PluralKey> = K extends SimpleKey
  ? [Names<Messages[K]>] extends [never]
    ? []
    : [values: Record<Names<Messages[K]>, string>]
  : [
      values: { count: number } & Record<
        Names<Messages[`${K}_other` & Key]>,
        string
      >,
    ];

/**
 * Says a message of the plugin; `count` chooses between singular and plural. Backstage's own type of this function takes
 * the compiler minutes and gigabytes over as many messages.
 */
export type Translate = <K extends SimpleKey | PluralKey>(
  key: K,
  ...values: Values<K>
) => string;
