import { Amount } from '../../api';
import { formatMoney } from '../../format';
import { Translate } from '../../translation';
import { SpendDay } from './spendSeries';

/** A budget day such as `2025-11-12` in the viewer's words: `12 Nov`. It is a date, so no zone can shift it. */
export function formatDay(date: string, locale?: string): string {
  return format(date, { day: 'numeric', month: 'short' }, locale);
}

/** A budget day with weekday and year: `Wednesday, 12 November 2025`. */
export function formatDayInFull(date: string, locale?: string): string {
  return format(date, { dateStyle: 'full' }, locale);
}

/** How sure a sum is. */
export interface Certainty {
  /** False: some bookings could not be read, the sum is a lower bound. */
  complete: boolean;
  /** `team`: bookings of others may be in it, an upper bound. */
  attribution?: 'key' | 'team' | null;
}

/** An amount with what it is a bound of. One that is both too low and too high is just what it is: the notes say why. */
export function formatBound(
  t: Translate,
  amount: Amount,
  { complete, attribution }: Certainty,
): string {
  const money = formatMoney(amount);
  const tooHigh = attribution === 'team';
  if (!complete && !tooHigh) return t('spend.atLeast', { amount: money });
  if (complete && tooHigh) return t('spend.atMost', { amount: money });
  return money;
}

/** What is to be said of a day beside its sum; nothing of an ordinary one. */
export function remarksOn(t: Translate, day: SpendDay): string[] {
  return [
    day.partial && t('spend.day.partial'),
    day.beyond > 0 && t('spend.day.over'),
    !day.complete && t('spend.day.incomplete'),
  ].filter(it => it !== false);
}

function format(
  date: string,
  options: Intl.DateTimeFormatOptions,
  locale?: string,
): string {
  const moment = Date.parse(`${date}T00:00:00Z`);
  return Number.isNaN(moment)
    ? date
    : new Intl.DateTimeFormat(locale, { timeZone: 'UTC', ...options }).format(
        moment,
      );
}
