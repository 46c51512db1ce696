/**
 * AI governance status of an entity: what it claims and what the Keeptrusts gateway knows. For apps of the old frontend
 * system; those of the new one take the default export of `backstage-plugin-keeptrusts/alpha`.
 *
 * @packageDocumentation
 */
export * from './annotations';
export * from './api';
export {
  AiGovernancePage,
  EntityAiSpendContent,
  EntityGatewayCard,
  EntityGovernanceStatusCard,
  HomePageAiGovernanceCard,
  keeptrustsPlugin,
} from './plugin';
