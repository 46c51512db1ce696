import {
  coreExtensionData,
  PageBlueprint,
} from '@backstage/frontend-plugin-api';
import { RiShieldCheckLine } from '@remixicon/react';
import { z } from 'zod';
import { governancePageRouteRef } from '../routes';
import { titleFor } from './titles';

/** The page of all entities that claim a key, with a title and an icon for the navigation. */
export const governancePage = PageBlueprint.makeWithOverrides({
  configSchema: {
    scope: z.enum(['owned', 'all']).optional(),
  },
  factory: (page, { config: { scope }, apis }) =>
    page({
      path: '/ai-governance',
      title: titleFor('page', { dataRefs: coreExtensionData, apis }),
      icon: <RiShieldCheckLine />,
      routeRef: governancePageRouteRef,
      loader: () =>
        Promise.all([
          import('../features/overview/GovernancePage'),
          import('../features/platform/CoverageContent'),
        ]).then(([{ GovernancePage }, { CoverageContent }]) => (
          <GovernancePage defaultScope={scope} coverage={<CoverageContent />} />
        )),
    }),
});
