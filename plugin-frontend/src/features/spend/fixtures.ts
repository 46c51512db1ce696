/** Reports of spend for tests and the playground. Today is 10 March 2026, as in the statuses. */
import { Amount, DailySpend, SpendReport } from '../../api';
import { inOrder } from '../../fixtures/statuses';

const usd = (amount: string): Amount => ({ amount, currency: 'USD' });

const TODAY = Date.parse('2026-03-10T00:00:00Z');
const DAY_MS = 24 * 60 * 60 * 1000;

/** The amounts of the days up to today, repeated as often as a period needs. */
const AMOUNTS = [
  '310.20',
  '498.75',
  '540.10',
  '421.33',
  '96.40',
  '88.05',
  '402.90',
];

/** A report over `days` days: one in seven goes over the budget of 500, and today is not over yet. */
export function reportOver(days: number): SpendReport {
  const byDay = Array.from({ length: days }, (_, index): DailySpend => {
    const ago = days - 1 - index;
    return {
      date: new Date(TODAY - ago * DAY_MS).toISOString().slice(0, 10),
      spent: usd(ago === 0 ? '123.45' : AMOUNTS[ago % AMOUNTS.length]),
      partial: ago === 0,
      complete: true,
    };
  });
  return {
    entityRef: 'component:default/customer-support-bot',
    days,
    timezone: 'UTC',
    dailyBudget: usd('500'),
    attribution: 'key',
    complete: true,
    total: usd(
      byDay.reduce((sum, day) => sum + Number(day.spent.amount), 0).toFixed(2),
    ),
    byDay,
    byModel: [
      { model: 'claude-sonnet-4', spent: usd('1800.00'), requests: 10412 },
      { model: 'gpt-4o-mini', spent: usd('370.97'), requests: 29001 },
      { model: null, spent: usd('0.0042'), requests: 3 },
    ],
    findings: [],
    freshness: inOrder.freshness,
  };
}

/** A week with what a service knows of the months and of the week before. */
export const withHistory: SpendReport = {
  ...reportOver(7),
  previous: {
    from: '2026-02-25',
    to: '2026-03-03',
    total: usd('1938.38'),
    complete: true,
    change: { amount: usd('232.60'), ratio: 0.12 },
    byDay: AMOUNTS.map((amount, index) => ({
      date: new Date(TODAY - (13 - index) * DAY_MS).toISOString().slice(0, 10),
      spent: usd(amount),
      partial: false,
      complete: true,
    })),
  },
  month: {
    month: '2026-03',
    spent: usd('3210.50'),
    complete: true,
    budget: usd('10000'),
    usedRatio: 0.32105,
    previous: {
      month: '2026-02',
      spent: usd('8120.10'),
      spentToDate: usd('2866.52'),
      complete: true,
    },
    change: { amount: usd('343.98'), ratio: 0.12 },
    forecast: {
      low: usd('9120'),
      likely: usd('9870.40'),
      high: usd('10730'),
      basedOnDays: 28,
    },
    forecastMissing: null,
  },
  months: [
    {
      month: '2026-01',
      spent: usd('6903.11'),
      requests: 30412,
      complete: false,
      partial: false,
    },
    {
      month: '2026-02',
      spent: usd('8120.10'),
      requests: 51233,
      complete: true,
      partial: false,
    },
    {
      month: '2026-03',
      spent: usd('3210.50'),
      requests: 19021,
      complete: true,
      partial: true,
    },
  ],
  unusualDays: [
    {
      date: '2026-03-08',
      spent: usd('540.10'),
      usual: usd('158.85'),
      times: 3.4,
      model: 'claude-sonnet-4',
      partial: false,
    },
  ],
};

/** Too little is known of this key to say where the month ends. */
export const tooNew: SpendReport = {
  ...withHistory,
  previous: null,
  month: {
    month: '2026-03',
    spent: usd('412.10'),
    complete: true,
    budget: null,
    previous: null,
    change: null,
    forecast: null,
    forecastMissing: 'too-few-days',
  },
  months: withHistory.months!.slice(-1),
  unusualDays: [],
};

/** The last week. */
export const week: SpendReport = reportOver(7);

/** Two days could not be read whole. */
export const incomplete: SpendReport = {
  ...week,
  complete: false,
  byDay: week.byDay!.map((day, index) =>
    index === 1 || index === 2 ? { ...day, complete: false } : day,
  ),
  findings: [
    {
      code: 'spend-incomplete',
      severity: 'warning',
      message: 'The sums of 2 days are lower bounds: a page could not be read.',
      hint: 'It is tried again at the next refresh.',
    },
  ],
};

/** Nothing was spent, of a budget that is declared. */
export const nothingSpent: SpendReport = {
  ...week,
  total: usd('0'),
  byDay: week.byDay!.map(day => ({ ...day, spent: usd('0') })),
  byModel: [],
};

/** The viewer is not of the owning group: no numbers for them. */
export const forOthers: SpendReport = {
  ...week,
  dailyBudget: null,
  attribution: null,
  complete: false,
  total: null,
  byDay: null,
  byModel: null,
  findings: [
    {
      code: 'numbers-withheld',
      severity: 'info',
      message: 'The sentence of the service.',
      params: { owner: 'group:default/support-team' },
    },
  ],
};

/** The key is another team's: no numbers. */
export const withheld: SpendReport = {
  ...week,
  attribution: null,
  complete: false,
  total: null,
  byDay: null,
  byModel: null,
  findings: [
    {
      code: 'owner-mismatch',
      severity: 'error',
      message:
        "The gateway key 'support-team-gw-key' belongs to another team than this entity's owner.",
      hint: 'Name a key of the owner’s team, or correct spec.owner.',
    },
  ],
};
