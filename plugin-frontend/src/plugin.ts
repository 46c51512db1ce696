import {
  createApiFactory,
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
