import {
  createTranslationRef,
  useTranslationRef,
} from '@backstage/frontend-plugin-api';

/**
 * Every word of the plugin. Findings come in the service's own words and are not here.
 *
 * @public
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
      updated: 'Keeptrusts, {{age}}',
      updating: 'Asking Keeptrusts…',
      never: 'Nothing is known from Keeptrusts yet',
      stale: 'Out of date',
      staleExplained:
        'Keeptrusts has not answered lately. These are its last known numbers.',
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
    content: {
      loading: 'Loading',
    },
    failure: {
      notPermitted: {
        title: 'Not permitted',
        description:
          'You may not see the AI governance of this entity. Whoever runs Backstage can tell you how to get access.',
      },
      notFound: {
        title: 'Nothing here for you',
        description:
          'The service knows no such entity, or it is not yours to see. A new entity appears once the catalog has read it.',
      },
      notConfigured: {
        title: 'Backstage is not connected to Keeptrusts yet',
        description:
          'Its proxy has no endpoint /keeptrusts. Add it to app-config.yaml as the plugin’s README shows.',
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
  },
});

/** The plugin's words in the viewer's language. */
export const useTranslation = () => useTranslationRef(keeptrustsTranslationRef);

/** Says a message of the plugin. */
export type Translate = ReturnType<typeof useTranslation>['t'];
