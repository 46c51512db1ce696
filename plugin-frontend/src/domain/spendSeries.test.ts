import { DailySpend, SpendReport } from '../api';
import { shareOf, spendSeriesOf } from './spendSeries';

const usd = (amount: string) => ({ amount, currency: 'USD' });

const day = (
  date: string,
  amount: string,
  more: Partial<DailySpend> = {},
): DailySpend => ({
  date,
  spent: usd(amount),
  partial: false,
  complete: true,
  ...more,
});

const report = (byDay: DailySpend[] | null, budget?: string): SpendReport => ({
  entityRef: 'component:default/bot',
  days: byDay?.length ?? 7,
  timezone: 'UTC',
  complete: true,
  dailyBudget: budget === undefined ? null : usd(budget),
  byDay,
  freshness: {
    observedAt: null,
    assessedAt: '2025-11-12T12:00:00Z',
    stale: false,
  },
});

describe('spendSeriesOf', () => {
  it.each([[null], [[]]])(
    'does not make zeroes of %p, which are withheld or unknown days',
    byDay => {
      expect(spendSeriesOf(report(byDay))).toBeUndefined();
    },
  );

  it('splits a day at the budget', () => {
    const { days } = spendSeriesOf(
      report([day('2025-11-01', '130.50')], '100'),
    )!;
    expect(days).toMatchObject([{ within: 100, beyond: 30.5 }]);
  });

  it('counts days over the budget, and not one that just reaches it', () => {
    const series = spendSeriesOf(
      report([day('2025-11-01', '100.00'), day('2025-11-02', '100.01')], '100'),
    )!;
    expect(series.daysOver).toBe(1);
  });

  it('takes a budget of 0 at its word: everything is too much', () => {
    const series = spendSeriesOf(
      report([day('2025-11-01', '0.001'), day('2025-11-02', '0')], '0'),
    )!;
    expect(series).toMatchObject({
      limit: 0,
      daysOver: 1,
      days: [{ within: 0, beyond: 0.001 }, { beyond: 0 }],
    });
  });

  it('knows of no days over a budget that is not declared', () => {
    expect(spendSeriesOf(report([day('2025-11-01', '9')]))).toMatchObject({
      limit: undefined,
      daysOver: undefined,
    });
  });

  it('finds the highest day, the first of equals, and none where nothing was spent', () => {
    const days = [
      day('2025-11-01', '1'),
      day('2025-11-02', '2'),
      day('2025-11-03', '2.0'),
    ];
    expect(spendSeriesOf(report(days))?.highest?.date).toBe('2025-11-02');
    expect(
      spendSeriesOf(report([day('2025-11-01', '0')]))?.highest,
    ).toBeUndefined();
  });

  it('draws nothing below zero where refunds outweigh payments', () => {
    expect(
      spendSeriesOf(report([day('2025-11-01', '-3')], '5'))?.days,
    ).toMatchObject([{ size: 0, within: 0, beyond: 0 }]);
  });
});

describe('shareOf', () => {
  it('is of a whole that is there and of the same money only', () => {
    expect(shareOf(usd('1'), usd('4'))).toBe(0.25);
    expect(shareOf(usd('1'), usd('0'))).toBeUndefined();
    expect(shareOf(usd('1'), null)).toBeUndefined();
    expect(shareOf(usd('1'), { amount: '4', currency: 'EUR' })).toBeUndefined();
  });
});
