import {
  configApiRef,
  createApiFactory,
  createComponentExtension,
  createPlugin,
  createReactExtension,
  createRoutableExtension,
  discoveryApiRef,
  fetchApiRef,
} from '@backstage/core-plugin-api';
import { keeptrustsApiRef } from '../api';
import { configuredClient } from '../api/configuredClient';
import { governancePageRouteRef, templateRouteRef } from '../routes';

/**
 * The plugin for apps of the old frontend system.
 *
 * @public
 */
export const keeptrustsPlugin = createPlugin({
  id: 'keeptrusts',
  routes: { root: governancePageRouteRef },
  externalRoutes: { template: templateRouteRef },
  apis: [
    createApiFactory({
      api: keeptrustsApiRef,
      deps: {
        configApi: configApiRef,
        discoveryApi: discoveryApiRef,
        fetchApi: fetchApiRef,
      },
      factory: configuredClient,
    }),
  ],
});

/**
 * The card "AI Governance": what the entity claims of AI access and what Keeptrusts knows of it.
 *
 * @public
 */
export const EntityGovernanceStatusCard = keeptrustsPlugin.provide(
  createComponentExtension({
    name: 'EntityGovernanceStatusCard',
    component: {
      lazy: () =>
        import('../features/status/GovernanceStatusCard').then(
          m => m.GovernanceStatusCard,
        ),
    },
  }),
);

/**
 * The card of the entity that is the gateway: the health of the platform itself.
 *
 * @public
 */
export const EntityGatewayCard = keeptrustsPlugin.provide(
  createComponentExtension({
    name: 'EntityGatewayCard',
    component: {
      lazy: () =>
        import('../features/platform/GatewayCard').then(m => m.GatewayCard),
    },
  }),
);

/**
 * The tab "AI spend" of an entity: its spend by day and by model.
 *
 * @public
 */
export const EntityAiSpendContent = keeptrustsPlugin.provide(
  createComponentExtension({
    name: 'EntityAiSpendContent',
    component: {
      lazy: () =>
        import('../features/spend/SpendContent').then(m => m.SpendContent),
    },
  }),
);

/**
 * The card of a group, a system or a domain: the states of its members, their month, and who needs attention.
 *
 * @public
 */
export const EntityRollUpCard = keeptrustsPlugin.provide(
  createComponentExtension({
    name: 'EntityRollUpCard',
    component: {
      lazy: () =>
        import('../features/rollup/RollUpCard').then(m => m.RollUpCard),
    },
  }),
);

/**
 * The tab "AI spend" of a group, a system or a domain: state and spend by member.
 *
 * @public
 */
export const EntityRollUpContent = keeptrustsPlugin.provide(
  createComponentExtension({
    name: 'EntityRollUpContent',
    component: {
      lazy: () =>
        import('../features/rollup/RollUpContent').then(m => m.RollUpContent),
    },
  }),
);

/**
 * The page of all entities that claim a gateway key.
 *
 * @public
 */
export const AiGovernancePage = keeptrustsPlugin.provide(
  createRoutableExtension({
    name: 'AiGovernancePage',
    component: () =>
      Promise.all([
        import('../features/overview/StandalonePage'),
        import('../features/platform/CoverageContent'),
      ]).then(([{ StandalonePage }, { CoverageContent }]) => () => (
        <StandalonePage coverage={<CoverageContent />} />
      )),
    mountPoint: governancePageRouteRef,
  }),
);

/**
 * A card for the home page: which of the viewer's own entities need attention.
 *
 * @public
 */
export const HomePageAiGovernanceCard = keeptrustsPlugin.provide(
  createReactExtension<() => JSX.Element>({
    name: 'HomePageAiGovernanceCard',
    component: {
      lazy: () =>
        import('../features/overview/AttentionCard').then(m => m.AttentionCard),
    },
    // What a home page that people arrange themselves knows of a card.
    data: {
      title: 'AI Governance: what needs my attention',
      'home.widget.config': {
        layout: {
          width: { minColumns: 3, defaultColumns: 6 },
          height: { minRows: 2, defaultRows: 4 },
        },
      },
    },
  }),
);
