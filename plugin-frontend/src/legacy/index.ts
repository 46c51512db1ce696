/**
 * AI governance status of an entity, for apps of the old frontend system.
 *
 * @packageDocumentation
 */
export * from '../annotations';
export * from '../api';
export type { RollUpContentOptions } from '../features/rollup/RollUpContent';
export type { SpendContentOptions } from '../features/spend/SpendContent';
export type { StatusCardOptions } from '../features/status/GovernanceStatusCard';
export { keeptrustsTranslationRef } from '../translations';
export {
  AiGovernancePage,
  EntityAiSpendContent,
  EntityGatewayCard,
  EntityGovernanceStatusCard,
  EntityRollUpCard,
  EntityRollUpContent,
  HomePageAiGovernanceCard,
  keeptrustsPlugin,
} from './plugin';
