import {
  configApiRef,
  createApiFactory,
  createComponentExtension,
  createPlugin,
  createRoutableExtension,
  discoveryApiRef,
  fetchApiRef,
} from '@backstage/core-plugin-api';
import { createCardExtension } from '@backstage/plugin-home-react';
import { keeptrustsApiRef } from './api';
import { configuredClient } from './api/configuredClient';
import { governancePageRouteRef } from './routes';

/**
 * The plugin for apps of the old frontend system.
 *
 * @public
 */
export const keeptrustsPlugin = createPlugin({
  id: 'keeptrusts',
  routes: { root: governancePageRouteRef },
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
        import('./components/GovernanceStatusCard').then(
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
      lazy: () => import('./components/GatewayCard').then(m => m.GatewayCard),
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
      lazy: () => import('./components/SpendContent').then(m => m.SpendContent),
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
      import('./components/GovernancePage/StandalonePage').then(
        m => m.StandalonePage,
      ),
    mountPoint: governancePageRouteRef,
  }),
);

/**
 * A card for the home page: which of the viewer's own entities need attention.
 *
 * @public
 */
export const HomePageAiGovernanceCard = keeptrustsPlugin.provide(
  createCardExtension<{}>({
    name: 'HomePageAiGovernanceCard',
    title: 'AI governance: what needs my attention',
    components: () =>
      import('./components/AttentionCard').then(m => ({
        Content: m.AttentionCard,
      })),
  }),
);
