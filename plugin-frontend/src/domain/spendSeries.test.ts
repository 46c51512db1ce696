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

  it('lays the period before over the days where it is as long', () => {
    const change = { amount: usd('0'), ratio: 0 };
    const previous = {
      from: '2025-10-31',
      to: '2025-10-31',
      total: usd('7'),
      complete: true,
      change,
      byDay: [day('2025-10-31', '7')],
    };
    const one = report([day('2025-11-01', '5')]);
    const two = report([day('2025-11-01', '5'), day('2025-11-02', '5')]);

    expect(spendSeriesOf({ ...one, previous })!.days).toMatchObject([
      { beforeSize: 7, before: { date: '2025-10-31' } },
    ]);
    expect(
      spendSeriesOf({ ...two, previous })!.days.map(it => it.before),
    ).toEqual([undefined, undefined]);
  });

  it('marks the days that are unusual', () => {
    const unusual = {
      date: '2025-11-02',
      spent: usd('50'),
      usual: usd('5'),
      times: 10,
      model: null,
      partial: false,
    };
    const { days } = spendSeriesOf({
      ...report([day('2025-11-01', '5'), day('2025-11-02', '50')]),
      unusualDays: [unusual],
    })!;

    expect(days.map(it => it.unusual)).toEqual([undefined, unusual]);
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
