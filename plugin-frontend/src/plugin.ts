import { createPlugin } from '@backstage/core-plugin-api';

/**
 * The plugin for apps of the old frontend system.
 *
 * @public
 */
export const keeptrustsPlugin = createPlugin({ id: 'keeptrusts' });
