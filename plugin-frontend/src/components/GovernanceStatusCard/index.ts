export { GovernanceStatusCard } from './GovernanceStatusCard';
