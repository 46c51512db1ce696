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
