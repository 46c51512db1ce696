import { createFrontendPlugin } from '@backstage/frontend-plugin-api';
import { keeptrustsApi } from './apis';
import { gatewayCard } from './gatewayCard';
import { governanceStatusCard } from './governanceStatusCard';

/**
 * The plugin for apps of the new frontend system.
 *
 * @alpha
 */
export const keeptrustsPlugin = createFrontendPlugin({
  pluginId: 'keeptrusts',
  title: 'AI governance',
  info: { packageJson: () => import('../../package.json') },
  extensions: [keeptrustsApi, governanceStatusCard, gatewayCard],
});
