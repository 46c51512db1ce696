/** Coverage for tests and the playground. */
import { Amount, Coverage, UnclaimedKey } from '../../api';
import { inOrder } from '../../fixtures/statuses';

const usd = (amount: string): Amount => ({ amount, currency: 'USD' });

const unclaimed = (
  key: string,
  spent: string,
  likelyOwner: string | null = 'group:default/search-team',
): UnclaimedKey => ({
  key,
  keyId: null,
  team: 'search-team',
  spent: usd(spent),
  requests: 1203,
  likelyOwner,
  annotation: `    keeptrusts.dev/gateway-key-name: ${key}`,
});

/** Something of each kind. */
export const patchy: Coverage = {
  days: 30,
  timezone: 'UTC',
  claimed: usd('949.99'),
  unclaimed: usd('50.01'),
  total: usd('1000'),
  ratio: 0.95,
  complete: true,
  unclaimedKeys: [
    unclaimed('search-team-indexer-key', '40.5'),
    {
      ...unclaimed('', '9', null),
      key: null,
      keyId: 'tok_93',
      annotation: null,
    },
    { ...unclaimed('', '0.51', null), key: null, team: null, annotation: null },
  ],
  unknownKeys: [
    {
      entityRef: 'component:default/api-docs-helper',
      key: 'docs-key',
      owner: 'group:default/platform-team',
      state: 'not-found',
    },
    {
      entityRef: 'component:default/lead-scorer',
      key: 'support-team-gw-key',
      owner: null,
      state: 'withheld',
    },
  ],
  sharedKeys: [
    {
      key: 'support-team-gw-key',
      team: 'support-team',
      members: [
        'component:default/customer-support-bot',
        'component:default/ticket-summarizer',
      ],
      membersCount: 25,
      spent: usd('300'),
    },
  ],
  silentConsumers: [
    { entityRef: 'component:default/quiet', owner: 'group:default/sales-team' },
  ],
  idleWallets: [{ team: 'research-team', available: usd('2500') }],
  truncated: {
    unclaimedKeys: 0,
    unknownKeys: 0,
    sharedKeys: 0,
    silentConsumers: 3,
    idleWallets: 0,
  },
  catalog: { entities: 17, complete: true, readAt: '2026-03-10T12:00:00Z' },
  findings: [],
  freshness: inOrder.freshness,
};

/** Nothing stands nowhere. */
export const whole: Coverage = {
  ...patchy,
  claimed: usd('1000'),
  unclaimed: usd('0'),
  ratio: 1,
  unclaimedKeys: [],
  unknownKeys: [],
  sharedKeys: [],
  silentConsumers: [],
  idleWallets: [],
  truncated: { ...patchy.truncated, silentConsumers: 0 },
};

/** Not all entities could be read. */
export const halfRead: Coverage = {
  ...patchy,
  complete: false,
  catalog: { ...patchy.catalog, complete: false },
  findings: [
    {
      code: 'upstream-unavailable',
      severity: 'warning',
      message:
        'Not all entities of the catalog could be read, so more may be claimed: the last reading of the catalog was not whole.',
      hint: 'It is tried again by itself; if it lasts, tell the platform team.',
    },
  ],
};

/** The service may not read the events. */
export const withoutSpend: Coverage = {
  ...whole,
  claimed: null,
  unclaimed: null,
  total: null,
  ratio: null,
  complete: false,
  findings: [
    {
      code: 'upstream-denied',
      severity: 'warning',
      message: 'Keeptrusts does not let this service read its spend.',
    },
  ],
};

/** More keys than are shown at first, and more than are listed. */
export const long: Coverage = {
  ...patchy,
  unclaimedKeys: Array.from({ length: 24 }, (_, index) =>
    unclaimed(`key-${String(index).padStart(2, '0')}`, String(30 - index)),
  ),
  truncated: { ...patchy.truncated, unclaimedKeys: 1234 },
};
