import { PageBlueprint } from '@backstage/frontend-plugin-api';
import { RiShieldCheckLine } from '@remixicon/react';
import { governancePageRouteRef } from '../routes';

/** The page of all entities that claim a key, with a title and an icon for the navigation. */
export const governancePage = PageBlueprint.make({
  params: {
    path: '/ai-governance',
    title: 'AI governance',
    icon: <RiShieldCheckLine />,
    routeRef: governancePageRouteRef,
    loader: () =>
      import('../components/GovernancePage').then(m => <m.GovernancePage />),
  },
});
