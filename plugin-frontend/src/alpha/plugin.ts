import { createFrontendPlugin } from '@backstage/frontend-plugin-api';
import { governancePageRouteRef, templateRouteRef } from '../routes';
import { keeptrustsApi } from './apis';
import { attentionCard } from './attentionCard';
import { gatewayCard } from './gatewayCard';
import { governancePage } from './governancePage';
import { governanceStatusCard } from './governanceStatusCard';
import { rollUpCard } from './rollUpCard';
import { rollUpContent } from './rollUpContent';
import { spendContent } from './spendContent';

/**
 * The plugin for apps of the new frontend system.
 *
 * @public
 */
export const keeptrustsPlugin = createFrontendPlugin({
  pluginId: 'keeptrusts',
  title: 'AI Governance',
  info: { packageJson: () => import('../../package.json') },
  routes: { root: governancePageRouteRef },
  externalRoutes: { template: templateRouteRef },
  extensions: [
    keeptrustsApi,
    governanceStatusCard,
    gatewayCard,
    spendContent,
    rollUpCard,
    rollUpContent,
    governancePage,
    attentionCard,
  ],
});
