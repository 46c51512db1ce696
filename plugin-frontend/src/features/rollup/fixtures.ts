/** Roll-ups for tests and the playground. Today is 10 March 2026, as in the reports of spend. */
import { Amount, Finding, RollUp, RollUpMember } from '../../api';
import { inOrder } from '../../fixtures/statuses';
import { withHistory } from '../spend/fixtures';

const usd = (amount: string): Amount => ({ amount, currency: 'USD' });

const finding = (
  code: Finding['code'],
  severity: Finding['severity'],
  message: string,
): Finding => ({ code, severity, message });

/** The last week, in days of 1, 2, … 7 parts of 28. */
const DAYS = withHistory.byDay!.map(({ date, partial }) => ({ date, partial }));

function member(
  name: string,
  aWeek: number,
  more: Partial<RollUpMember> = {},
): RollUpMember {
  return {
    entityRef: `component:default/${name}`,
    state: 'ok',
    worst: null,
    spent: usd(aWeek.toFixed(2)),
    previous: usd((aWeek / 2).toFixed(2)),
    keys: [`${name}-gw-key`],
    shared: false,
    withheld: false,
    complete: true,
    byDay: DAYS.map((_, index) => ((aWeek * (index + 1)) / 28).toFixed(6)),
    ...more,
  };
}

const MEMBERS: readonly RollUpMember[] = [
  member('customer-support-bot', 1400, { shared: true }),
  member('ticket-summarizer', 700, {
    state: 'warning',
    worst: finding(
      'budget-near',
      'warning',
      'Most of the daily budget of ticket-summarizer is spent.',
    ),
  }),
  member('reply-writer', 420),
  member('faq-search', 280),
  member('call-notes', 140),
  member('mail-sorter', 84),
  member('spam-filter', 28, {
    state: 'error',
    worst: finding('key-revoked', 'error', 'The gateway key is revoked.'),
  }),
  member('night-shift-bot', 0, {
    keys: ['customer-support-bot-gw-key'],
    shared: true,
    previous: usd('0'),
  }),
  member('billing-service', 0, {
    state: 'unconfigured',
    worst: finding(
      'annotation-missing',
      'info',
      'The entity names no Keeptrusts gateway key.',
    ),
    keys: [],
    previous: null,
  }),
];

/** What is spent by all: 3052.00. */
export const team: RollUp = {
  entityRef: 'group:default/support-team',
  days: 7,
  timezone: 'UTC',
  total: usd('3052.00'),
  complete: true,
  states: { ok: 6, warning: 1, error: 1, unconfigured: 1 },
  members: MEMBERS,
  byKey: [],
  byModel: [
    { model: 'claude-sonnet-4', spent: usd('2441.60'), requests: 20412 },
    { model: 'gpt-4o-mini', spent: usd('610.40'), requests: 49001 },
  ],
  byDay: DAYS.map((day, index) => ({
    ...day,
    spent: usd(((3052 * (index + 1)) / 28).toFixed(6)),
    complete: true,
  })),
  sharedKeys: [
    {
      key: 'customer-support-bot-gw-key',
      team: 'support-team',
      members: [
        'component:default/customer-support-bot',
        'component:default/night-shift-bot',
      ],
    },
  ],
  unclaimed: usd('12.50'),
  withheld: 0,
  dailyBudget: usd('900'),
  budgets: 3,
  wallets: [
    { team: 'support-team', available: usd('3876.54'), state: 'healthy' },
  ],
  previous: {
    from: '2026-02-25',
    to: '2026-03-03',
    total: usd('1526.00'),
    complete: true,
    change: { amount: usd('1526.00'), ratio: 1 },
  },
  month: withHistory.month,
  findings: [],
  freshness: inOrder.freshness,
};

/** Some members' amounts are not for the viewer. */
export const partlyWithheld: RollUp = {
  ...team,
  withheld: 2,
  members: MEMBERS.map((it, index) =>
    index === 2 || index === 3
      ? { ...it, withheld: true, spent: null, previous: null, byDay: null }
      : it,
  ),
  total: usd('2352.00'),
  complete: false,
  byModel: [
    { model: 'claude-sonnet-4', spent: usd('1881.60'), requests: 15730 },
    { model: 'gpt-4o-mini', spent: usd('470.40'), requests: 37763 },
  ],
};

/** No amount is for the viewer. */
export const allWithheld: RollUp = {
  ...team,
  withheld: MEMBERS.length - 1,
  members: MEMBERS.map(it => ({
    ...it,
    withheld: it.state !== 'unconfigured',
    spent: null,
    previous: null,
    byDay: null,
  })),
  total: null,
  byKey: null,
  byModel: null,
  byDay: null,
  unclaimed: null,
  dailyBudget: null,
  wallets: null,
  previous: null,
  month: null,
};

/** Not all events have been read. */
export const partlyRead: RollUp = {
  ...team,
  complete: false,
  byDay: team.byDay!.map((day, index) => ({ ...day, complete: index !== 2 })),
  members: MEMBERS.map((it, index) => ({ ...it, complete: index !== 0 })),
  month: {
    ...team.month!,
    complete: false,
    forecast: null,
    forecastMissing: 'incomplete',
  },
  findings: [
    {
      code: 'spend-incomplete',
      severity: 'warning',
      message: 'Sums of spend are lower bounds: a page could not be read.',
    },
  ],
};

/** Nothing here uses AI through the gateway. */
export const withoutAi: RollUp = {
  ...team,
  members: MEMBERS.filter(it => it.state === 'unconfigured'),
  unclaimed: usd('0'),
  states: { unconfigured: 1 },
  total: usd('0'),
  byModel: [],
  sharedKeys: [],
  wallets: [],
  month: null,
  previous: null,
};

/** The service has not reached Keeptrusts for a while. */
export const outOfDate: RollUp = {
  ...team,
  freshness: { ...inOrder.freshness, stale: true },
};

/** More members than a page of the table has. */
export const large: RollUp = {
  ...team,
  members: [
    ...MEMBERS,
    ...Array.from({ length: 40 }, (_, index) =>
      member(`worker-${String(index).padStart(2, '0')}`, 0),
    ),
  ],
};
