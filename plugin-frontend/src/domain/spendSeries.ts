import { Amount, DailySpend, SpendReport, UnusualDay } from '../api';

/** One budget day, with what a chart needs to draw it. */
export interface SpendDay extends DailySpend {
  /** `spent` as a number, for lengths only. */
  size: number;
  /** The part of `size` up to the budget; all of it where none is declared. */
  within: number;
  /** The part of `size` past the budget. */
  beyond: number;
  /** What was spent on the day in its place in the period before; undefined where that is not known. */
  before?: DailySpend;
  /** The same as a number. */
  beforeSize?: number;
  /** What makes the day unusual; undefined of an ordinary one. */
  unusual?: UnusualDay;
}

/** The days of a report, oldest first, and what stands out among them. */
export interface SpendSeries {
  days: readonly SpendDay[];
  /** The budget that the days are held against. */
  budget?: Amount;
  /** The same as a number, for a line's height. */
  limit?: number;
  /** Whose bookings are counted; `team`: also some that name no key. */
  attribution?: SpendReport['attribution'];
  /** How many days went over the budget; undefined without a budget. A lower bound where a day is. */
  daysOver?: number;
  /** The day on which most was spent; undefined when nothing was. */
  highest?: SpendDay;
  currency: string;
}

/** What a report's days look like beside its budget; undefined when the report has no days to show. */
export function spendSeriesOf({
  byDay,
  dailyBudget,
  attribution,
  previous,
  unusualDays,
}: SpendReport): SpendSeries | undefined {
  if (!byDay?.length) return undefined;
  const currency = byDay[0].spent.currency;
  // Sums of another currency cannot be held against it.
  const budget = dailyBudget?.currency === currency ? dailyBudget : undefined;
  const limit = budget && sizeOf(budget);
  const unusual = new Map(unusualDays?.map(it => [it.date, it]));
  // Both periods have the same length; another one could not be laid over this.
  const before =
    previous?.byDay?.length === byDay.length ? previous.byDay : undefined;
  const days = byDay.map(
    (day, index): SpendDay => ({
      ...dayOf(day, limit),
      before: before?.[index],
      beforeSize: before && drawn(before[index]),
      unusual: unusual.get(day.date),
    }),
  );
  const highest = days.reduce((best, day) =>
    day.size > best.size ? day : best,
  );
  return {
    days,
    budget,
    limit,
    attribution,
    daysOver:
      limit === undefined
        ? undefined
        : days.filter(day => day.beyond > 0).length,
    highest: highest.size > 0 ? highest : undefined,
    currency,
  };
}

/** An amount as a number: good for comparing and drawing, never for showing. */
export function sizeOf({ amount }: Amount): number {
  return Number(amount);
}

/** The share of `part` in `whole`; undefined where there is no whole. */
export function shareOf(
  part: Amount,
  whole: Amount | null | undefined,
): number | undefined {
  return whole && whole.currency === part.currency && sizeOf(whole) > 0
    ? sizeOf(part) / sizeOf(whole)
    : undefined;
}

function dayOf(day: DailySpend, limit: number | undefined): SpendDay {
  const size = drawn(day);
  const within = Math.min(size, limit ?? size);
  return { ...day, size, within, beyond: size - within };
}

/** Refunds can outweigh a day's payments; below zero there is nothing to draw. */
const drawn = ({ spent }: DailySpend): number => Math.max(sizeOf(spent), 0);
