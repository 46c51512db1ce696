/** Messages by place, with the same keys as `M` and other words. */
export type WordsOf<M> = {
  readonly [K in keyof M]: M[K] extends string ? string : WordsOf<M[K]>;
};

type Nested = { readonly [key: string]: string | Nested };

/** Messages by their full keys, `budget.title` for `{ budget: { title } }`, which is the form that Backstage takes. */
export function flattened(
  messages: Nested,
  prefix = '',
): Record<string, string> {
  return Object.assign(
    {},
    ...Object.entries(messages).map(([key, message]) =>
      typeof message === 'string'
        ? { [prefix + key]: message }
        : flattened(message, `${prefix}${key}.`),
    ),
  );
}
