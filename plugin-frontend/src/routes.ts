import {
  createExternalRouteRef,
  createRouteRef,
} from '@backstage/core-plugin-api';

/** The AI Governance page, in both frontend systems. */
export const governancePageRouteRef = createRouteRef({
  id: 'keeptrusts.governance-page',
});

/** The form of a software template; an app without the scaffolder does without it. */
export const templateRouteRef = createExternalRouteRef({
  id: 'keeptrusts.template',
  params: ['namespace', 'templateName'],
  optional: true,
  defaultTarget: 'scaffolder.selectedTemplate',
});

/** Where the AI spend tab is below an entity's page. */
export const SPEND_TAB_PATH = '/ai-spend';

/** Where the tab of a group, a system or a domain is below its page. */
export const ROLL_UP_TAB_PATH = '/ai-roll-up';
