import { MonthToDate, MonthSpend, MonthForecast } from '../api';
import { sizeOf } from './spendSeries';

/** One month, with what a chart needs to draw it. */
export interface MonthBar extends MonthSpend {
  /** `spent` as a number, for lengths only. */
  size: number;
  /** Of the month that has not ended. */
  forecast?: MonthForecast;
  /** The lowest and the highest likely end, as numbers. */
  range?: readonly [number, number];
}

/** The months of a report, oldest first. */
export interface MonthSeries {
  months: readonly MonthBar[];
  /** The highest of what is drawn. */
  highest: number;
  currency: string;
}

/** The months that are kept, with the forecast at the one that has not ended; undefined where there are none. */
export function monthSeriesOf(
  months: readonly MonthSpend[] | null | undefined,
  current: MonthToDate | null | undefined,
): MonthSeries | undefined {
  if (!months?.length) return undefined;
  const bars = months.map((month): MonthBar => {
    // Refunds can outweigh a month's payments; below zero there is nothing to draw.
    const size = Math.max(sizeOf(month.spent), 0);
    const forecast =
      month.month === current?.month
        ? current.forecast ?? undefined
        : undefined;
    return {
      ...month,
      size,
      forecast,
      range: forecast && [sizeOf(forecast.low), sizeOf(forecast.high)],
    };
  });
  return {
    months: bars,
    highest: Math.max(...bars.flatMap(it => [it.size, ...(it.range ?? [])])),
    currency: months[0].spent.currency,
  };
}
