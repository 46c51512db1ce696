/** What is known of a sum: whether all of it was read, and whose requests it counts. */
export interface Certainty {
  /** False: some events could not be read, so the sum may be too low. */
  complete: boolean;
  /** `team`: requests that name no key are counted too, so the sum may be too high. */
  attribution?: 'key' | 'team' | null;
}

/** How a number relates to the true one. */
export type Bound = 'exact' | 'at-least' | 'at-most' | 'about';

/** The bound that a sum is: `about` where it may be too low and too high at once. */
export function boundOf({ complete, attribution }: Certainty): Bound {
  const mayBeTooHigh = attribution === 'team';
  if (complete) return mayBeTooHigh ? 'at-most' : 'exact';
  return mayBeTooHigh ? 'about' : 'at-least';
}
