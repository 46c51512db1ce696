import { GovernanceState, GovernanceStatus } from './wire';

/** Worst first: what asks for something to be done, then what is not known, then what is in order. */
const RANKS: Record<GovernanceState, number> = {
  error: 0,
  warning: 1,
  unknown: 2,
  unconfigured: 3,
  ok: 4,
};

const isKnown = (state: GovernanceState): boolean =>
  Object.hasOwn(RANKS, state);

/** Where a state stands among all, the worst at 0; one that has no name here is unknown. */
export const stateRank = (state: GovernanceState): number =>
  RANKS[isKnown(state) ? state : 'unknown'];

/** The state of an entity; unknown where its status could not be had, or is in a state that has no name here. */
export const stateOf = ({
  status,
}: {
  status?: GovernanceStatus | null;
}): GovernanceState =>
  status && isKnown(status.state) ? status.state : 'unknown';
