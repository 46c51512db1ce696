import {
  createApiFactory,
  createComponentExtension,
  createPlugin,
  discoveryApiRef,
  fetchApiRef,
} from '@backstage/core-plugin-api';
import { KeeptrustsClient, keeptrustsApiRef } from './api';

/**
 * The plugin for apps of the old frontend system.
 *
 * @public
 */
export const keeptrustsPlugin = createPlugin({
  id: 'keeptrusts',
  apis: [
    createApiFactory({
      api: keeptrustsApiRef,
      deps: { discoveryApi: discoveryApiRef, fetchApi: fetchApiRef },
      factory: deps => new KeeptrustsClient(deps),
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
