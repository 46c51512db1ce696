const DAY = 24 * 60 * 60 * 1000;

const TIME = {
  hour: '2-digit',
  minute: '2-digit',
  timeZoneName: 'short',
} as const;

/** How and where a reader reads times: a BCP 47 language tag and an IANA zone. */
export interface Place {
  locale: string;
  timeZone: string;
}

/**
 * A moment as short as it can be said from `now`: the time of day for today, with its weekday within six days, the date
 * otherwise. `iso` is RFC 3339; the zone is the viewer's, and a time of day names it: findings beside it are in the zone of
 * the budget.
 */
export function formatMoment(
  iso: string,
  now: number,
  { locale, timeZone }: Place,
): string {
  const moment = new Date(iso);
  const format = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(locale, { timeZone, ...options }).format(moment);
  const day = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    dateStyle: 'short',
  });
  if (day.format(moment) === day.format(now)) return format(TIME);
  if (Math.abs(moment.getTime() - now) < 6 * DAY)
    return format({ weekday: 'short', ...TIME });
  return format({ dateStyle: 'medium' });
}

/** A moment in full, with the name of the zone: for titles and screen readers. */
export function formatMomentInFull(
  iso: string,
  { locale, timeZone }: Place,
): string {
  return new Intl.DateTimeFormat(locale, {
    timeZone,
    dateStyle: 'full',
    timeStyle: 'long',
  }).format(new Date(iso));
}

/** A budget day such as `2025-11-12`: `12 Nov`. It is a date, so no zone shifts it; what is no date stays as it came. */
export function formatDay(date: string, locale: string): string {
  return formatDate(date, { day: 'numeric', month: 'short' }, locale);
}

/** A budget day with weekday and year: `Wednesday, 12 November 2025`. */
export function formatDayInFull(date: string, locale: string): string {
  return formatDate(date, { dateStyle: 'full' }, locale);
}

function formatDate(
  date: string,
  options: Intl.DateTimeFormatOptions,
  locale: string,
): string {
  const moment = Date.parse(`${date}T00:00:00Z`);
  return Number.isNaN(moment)
    ? date
    : new Intl.DateTimeFormat(locale, { timeZone: 'UTC', ...options }).format(
        moment,
      );
}

/** A month such as `2026-11`: `November 2026`; what is no month stays as it came. */
export function formatMonth(month: string, locale: string): string {
  const said = formatDate(
    `${month}-01`,
    { month: 'long', year: 'numeric' },
    locale,
  );
  return said === `${month}-01` ? month : said;
}

/** A month as short as it fits below a bar: `Nov 26`. */
export function formatMonthShort(month: string, locale: string): string {
  const said = formatDate(
    `${month}-01`,
    { month: 'short', year: '2-digit' },
    locale,
  );
  return said === `${month}-01` ? month : said;
}
