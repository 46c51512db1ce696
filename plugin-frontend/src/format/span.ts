import { Translate } from '../translation';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const NO_BREAK_SPACE = '\u00a0';

/** A span of time in its two largest units, rounded down: `3 d 4 h`, `7 h 20 min`, `5 min`, `12 s`. No line breaks within it. */
export function formatSpan(t: Translate, milliseconds: number): string {
  return unbroken(spanIn(t, milliseconds));
}

/** How long ago something was: `just now` below ten seconds, then in its largest unit, `12 s ago`, `2 h ago`. */
export function formatAge(t: Translate, milliseconds: number): string {
  if (milliseconds < 10 * SECOND) return unbroken(t('age.now'));
  const unit = [DAY, HOUR, MINUTE, SECOND].find(it => milliseconds >= it)!;
  return unbroken(
    t('age.ago', { span: spanIn(t, Math.floor(milliseconds / unit) * unit) }),
  );
}

function spanIn(t: Translate, milliseconds: number): string {
  const span = Math.max(0, milliseconds);
  const seconds = String(Math.floor(span / SECOND));
  const minutes = String(Math.floor((span % HOUR) / MINUTE));
  const hours = String(Math.floor((span % DAY) / HOUR));
  const days = String(Math.floor(span / DAY));
  if (span < MINUTE) return t('span.seconds', { seconds });
  if (span < HOUR) return t('span.minutes', { minutes });
  if (span < DAY)
    return minutes === '0'
      ? t('span.hours', { hours })
      : t('span.hoursMinutes', { hours, minutes });
  return hours === '0'
    ? t('span.days', { days })
    : t('span.daysHours', { days, hours });
}

/** In a narrow place a line that ends in `1` and goes on with `h ago` is read twice. */
const unbroken = (text: string): string => text.replace(/ /g, NO_BREAK_SPACE);
