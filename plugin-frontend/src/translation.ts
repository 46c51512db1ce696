import {
  createTranslationRef,
  useTranslationRef,
} from '@backstage/frontend-plugin-api';
import { overviewMessages } from './messages/overview';
import { spendMessages } from './messages/spend';

/**
 * Every word of the plugin. Findings come in the service's own words and are not here.
 *
 * @alpha
 */
export const keeptrustsTranslationRef = createTranslationRef({
  id: 'plugin.keeptrusts',
  messages: {
    span: {
      seconds: '{{seconds}} s',
      minutes: '{{minutes}} min',
      hours: '{{hours}} h',
      hoursMinutes: '{{hours}} h {{minutes}} min',
      days: '{{days}} d',
      daysHours: '{{days}} d {{hours}} h',
    },
    age: {
      now: 'just now',
      ago: '{{span}} ago',
    },
    pace: {
      nothingAllowed: 'A budget of 0 allows no spending',
      usedUp: 'Used up',
      dayOver: 'These are the numbers of a day that has ended',
      tooEarly: 'Too early in the day to tell whether it lasts',
      uncertain: 'Cannot tell whether it lasts: the spend is incomplete',
      runsOut: 'Runs out at {{time}} at this pace',
      lasts: 'Lasts until the reset at this pace',
    },
    freshness: {
      updated: 'Read from Keeptrusts {{age}}',
      updating: 'Asking Keeptrusts…',
      never: 'Nothing is known from Keeptrusts yet',
      stale: 'Out of date',
      refresh: 'Refresh',
      refreshPaused: 'Refreshed just now',
      failed: 'Could not be refreshed',
    },
    state: {
      ok: 'In order',
      warning: 'Needs attention',
      error: 'Action required',
      unconfigured: 'Not set up',
      unknown: 'Unknown',
    },
    severity: {
      warning: 'Warning',
      error: 'Error',
    },
    findings: {
      label: 'Findings',
    },
    statusCard: {
      title: 'AI Governance',
    },
    limit: {
      binds: 'Binds first',
    },
    budget: {
      title: 'Spent today',
      meter: 'Daily budget',
      of: 'of {{daily}}',
      none: 'No daily budget to hold it against',
      share: '{{used}} used, {{elapsed}} of the day gone',
      elapsed: '{{elapsed}} of the day gone',
      atLeast: 'at least {{money}}',
      lowerBound: 'Incomplete',
      upperBound:
        'Counts the team wallet’s requests that name no key too: an upper bound.',
      resets: 'Resets',
      resetsIn: '(in {{span}})',
    },
    identity: {
      title: 'Team, key and tier',
    },
    team: {
      label: 'Team',
    },
    key: {
      label: 'Gateway key',
      active: 'Active',
      expiring: 'Expires soon',
      expired: 'Expired',
      revoked: 'Revoked',
      notFound: 'Not found',
      withheld: 'Withheld',
      unknown: 'Unknown',
      expires: 'expires',
      expiredOn: 'expired',
      neverExpires: 'never expires',
      lastUsed: 'used {{age}}',
      neverUsed: 'never used',
    },
    tier: {
      label: 'Policy tier',
      none: 'None',
      enforced: 'Enforced',
      unenforced: 'Not enforced',
      undeclared: 'Not declared',
      unknown: 'Not known',
      drift: 'Differs',
      enforcedInstead: 'Enforced: {{tier}}',
    },
    wallet: {
      title: 'Wallet',
      ofTeam: 'Team wallet',
      ofOrganization: 'Organization wallet',
      ofUser: 'User wallet',
      healthy: 'Healthy',
      low: 'Low',
      depleted: 'Depleted',
      available: 'available',
      reserved: '{{reserved}} reserved, {{allocated}} allocated',
    },
    activity: {
      title: 'Requests today',
      requests: 'Requests',
      blocked: 'Blocked',
      redacted: 'Redacted',
      escalated: 'Escalated',
      lowerBound: 'Incomplete',
      last: 'Last request {{age}}',
      none: 'No request yet',
      console: 'Open the console',
    },
    missing: {
      withheld: 'Withheld, since the key is not the owner’s: {{parts}}.',
      unavailable: 'Not known: {{parts}}.',
    },
    guide: {
      explanation:
        '{{name}} names no Keeptrusts gateway key. If it uses AI, add these annotations to its catalog-info.yaml and put in your own values:',
      code: 'Annotations to add',
      note: 'The key is the name of a gateway key of the owner’s team; the budget is in US dollars a day.',
    },
    link: {
      newTab: ', opens in a new tab',
    },
    copy: {
      do: 'Copy',
      done: 'Copied',
      failed: 'The browser does not allow copying: select the text instead.',
    },
    platform: {
      title: 'AI gateway',
      ok: 'Working',
      warning: 'Impaired',
      error: 'Failing',
      unknown: 'Unknown',
      console: 'Open the console',
    },
    gateway: {
      label: 'Gateway',
      healthy: 'Healthy',
      degraded: 'Degraded',
      unhealthy: 'Unhealthy',
      unreachable: 'Unreachable',
      unconfigured: 'Not configured',
      unknown: 'Unknown',
      policies: 'Policies loaded',
      version: 'Version',
      since: 'Running since',
      uptime: 'for {{span}}',
      address: 'Address for your requests:',
    },
    controlPlane: {
      label: 'Control plane',
      ready: 'Ready',
      notReady: 'Not ready',
      unreachable: 'Unreachable',
      consequence: 'Requests still pass; the numbers shown here grow old.',
    },
    providers: {
      label: 'Model providers',
      reachable: 'Reachable',
      unreachable: 'Unreachable',
    },
    content: {
      loading: 'Loading',
    },
    failure: {
      notPermitted: {
        title: 'Not permitted',
        description:
          'You may not see the AI governance of this entity. Whoever runs Backstage can tell you how to get access.',
      },
      signedOut: {
        title: 'Your sign-in is not accepted',
        description: 'It may have ended: reload the page to sign in again.',
      },
      notFound: {
        title: 'Nothing here for you',
        description:
          'The service knows no such entity, or it is not yours to see. A new entity appears once the catalog has read it.',
      },
      notConfigured: {
        title: 'Backstage is not connected to Keeptrusts yet',
        description:
          'Its proxy has no endpoint where this plugin asks. Add it to app-config.yaml as the plugin’s README shows.',
      },
      contract: {
        title: 'The answer could not be read',
        description:
          'Something answered in a form that this plugin does not know. The versions of plugin and service may not fit.',
      },
      service: {
        title: 'The service failed',
        description:
          'It could not answer this request. Trying again will hardly help; its log says more.',
      },
      serviceUnreachable: {
        title: 'The governance service cannot be reached',
        description:
          'Backstage got no answer from it. Your AI requests do not pass through it and are not affected.',
      },
      keeptrustsUnreachable: {
        title: 'Keeptrusts cannot be reached',
        description:
          'The service could not ask its control plane, and has nothing recent to show.',
      },
      catalogUnreachable: {
        title: 'The catalog cannot be reached',
        description: 'Who may see this entity cannot be checked now.',
      },
      identityUnreachable: {
        title: 'Your sign-in cannot be verified now',
        description: 'The service cannot read Backstage’s signing keys.',
      },
      retry: 'Try again',
      retryAfter: 'Worth trying again in {{span}}.',
      requestId: 'Request {{id}}',
    },
    spend: spendMessages,
    overview: overviewMessages,
  },
});

type Messages = typeof keeptrustsTranslationRef.T;

/** The names between double braces in a message. */
type Names<M extends string> =
  M extends `${string}{{${infer Name}}}${infer Rest}`
    ? Name | Names<Rest>
    : never;

type Values<M extends string> = [Names<M>] extends [never]
  ? []
  : [values: Record<Names<M>, string>];

/**
 * Says a message of the plugin. Backstage's own type of this function knows plurals and formats, which are not used
 * here, and takes the compiler minutes and gigabytes over as many messages.
 */
export type Translate = <K extends keyof Messages>(
  key: K,
  ...values: Values<Messages[K]>
) => string;

/** The plugin's words in the viewer's language. */
export const useTranslation = (): { t: Translate } =>
  useTranslationRef(keeptrustsTranslationRef) as unknown as { t: Translate };
