import { createFrontendPlugin } from '@backstage/frontend-plugin-api';

/**
 * The plugin for apps of the new frontend system.
 *
 * @alpha
 */
export default createFrontendPlugin({ pluginId: 'keeptrusts' });
