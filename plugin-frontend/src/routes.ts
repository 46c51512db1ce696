import { createRouteRef } from '@backstage/core-plugin-api';

/** The AI governance page, in both frontend systems. */
export const governancePageRouteRef = createRouteRef({
  id: 'keeptrusts.governance-page',
});
