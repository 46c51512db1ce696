export { EntityName } from './EntityName';
export type { GovernedEntity } from './governedEntities';
export { GovernancePage } from './GovernancePage';
export { ordered, stateOf } from './order';
export { useGovernedEntities } from './useGovernedEntities';
