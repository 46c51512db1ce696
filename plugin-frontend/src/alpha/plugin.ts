import { createFrontendPlugin } from '@backstage/frontend-plugin-api';
import { governancePageRouteRef } from '../routes';
import { keeptrustsApi } from './apis';
import { attentionCard } from './attentionCard';
import { gatewayCard } from './gatewayCard';
import { governancePage } from './governancePage';
import { governanceStatusCard } from './governanceStatusCard';
import { spendContent } from './spendContent';

/**
 * The plugin for apps of the new frontend system.
 *
 * @alpha
 */
export const keeptrustsPlugin = createFrontendPlugin({
  pluginId: 'keeptrusts',
  title: 'AI governance',
  info: { packageJson: () => import('../../package.json') },
  routes: { root: governancePageRouteRef },
  extensions: [
    keeptrustsApi,
    governanceStatusCard,
    gatewayCard,
    spendContent,
    governancePage,
    attentionCard,
  ],
});
