export {
  GovernanceStateBadge,
  governanceStateLabel,
} from './GovernanceStateBadge';
export { StateBadge } from './StateBadge';
export type { Tone } from './StateBadge';
