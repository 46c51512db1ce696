const DAY = 24 * 60 * 60 * 1000;

/** How and where the viewer reads times; both are the browser's own unless told. */
export interface Place {
  locale?: string;
  timeZone?: string;
}

/**
 * A moment as short as it can be said from `now`: the time of day for today, with its weekday within six days, the date
 * otherwise. `iso` is RFC 3339; the zone is the viewer's.
 */
export function formatMoment(
  iso: string,
  now: number,
  { locale, timeZone }: Place = {},
): string {
  const moment = new Date(iso);
  const format = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(locale, { timeZone, ...options }).format(moment);
  const day = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    dateStyle: 'short',
  });
  if (day.format(moment) === day.format(now))
    return format({ hour: '2-digit', minute: '2-digit' });
  if (Math.abs(moment.getTime() - now) < 6 * DAY) {
    return format({ weekday: 'short', hour: '2-digit', minute: '2-digit' });
  }
  return format({ dateStyle: 'medium' });
}

/** A moment in full, with the name of the zone: for titles and screen readers. */
export function formatMomentInFull(
  iso: string,
  { locale, timeZone }: Place = {},
): string {
  return new Intl.DateTimeFormat(locale, {
    timeZone,
    dateStyle: 'full',
    timeStyle: 'long',
  }).format(new Date(iso));
}
