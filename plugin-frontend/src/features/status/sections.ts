// Apart from the card, so that the app's configuration can be checked before the card is loaded.

/** The parts of the card, in their order. */
export const SECTIONS = [
  'findings',
  'budget',
  'identity',
  'wallet',
  'activity',
] as const;

/** One of the parts. @public */
export type Section = (typeof SECTIONS)[number];
