import { MonthSpend } from '../api';
import { withHistory } from '../features/spend/fixtures';
import { monthSeriesOf } from './monthSeries';

const { months, month } = withHistory;

describe('monthSeriesOf', () => {
  it.each([[null], [undefined], [[]]])('makes no months of %p', none => {
    expect(monthSeriesOf(none, month)).toBeUndefined();
  });

  it('puts the forecast at the month that it is of, and nowhere else', () => {
    const series = monthSeriesOf(months, month)!;

    expect(series.months.map(it => it.range)).toEqual([
      undefined,
      undefined,
      [9120, 10730],
    ]);
    expect(series.highest).toBe(10730);
  });

  it('does without a forecast', () => {
    expect(monthSeriesOf(months, { ...month!, forecast: null })!.highest).toBe(
      8120.1,
    );
  });

  it('draws nothing below zero', () => {
    const refunded: MonthSpend = {
      ...months![0],
      spent: { amount: '-5', currency: 'USD' },
    };

    expect(monthSeriesOf([refunded], null)!.months[0].size).toBe(0);
  });
});
