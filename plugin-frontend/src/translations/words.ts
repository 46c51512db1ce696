import { useApiHolder } from '@backstage/core-plugin-api';
import {
  appLanguageApiRef,
  useTranslationRef,
} from '@backstage/frontend-plugin-api';
import {
  createElement,
  Fragment,
  ReactElement,
  ReactNode,
  useCallback,
  useMemo,
  useSyncExternalStore,
} from 'react';
import { Amount } from '../api';
import { Bound, boundOf, Certainty } from '../domain/bounds';
import {
  formatDay,
  formatDayInFull,
  formatMoment,
  formatMomentInFull,
  formatMonth,
  formatMonthShort,
} from '../domain/moment';
import { formatMoney } from '../domain/money';
import { formatCount, formatRatio } from '../domain/ratio';
import { keeptrustsTranslationRef, Translate } from './ref';

/** The language of the messages, for an app that knows no languages. */
const DEFAULT_LANGUAGE = 'en';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const NO_BREAK_SPACE = '\u00a0';

/** Messages, numbers, money and times in one language and zone. */
export interface Words {
  t: Translate;
  /** The language, a BCP 47 tag. */
  locale: string;
  money(amount: Amount): string;
  /** Whole percent. */
  ratio(ratio: number): string;
  count(count: number): string;
  /** A moment as short as it can be said from `now`, in milliseconds; `iso` is RFC 3339. */
  moment(iso: string, now: number): string;
  /** A moment with its day and zone. */
  momentInFull(iso: string): string;
  /** A budget day such as `2025-11-12`, short. */
  day(date: string): string;
  /** A budget day with weekday and year. */
  dayInFull(date: string): string;
  /** A month such as `2026-11`, with its year. */
  month(month: string): string;
  /** A month as short as it fits below a bar. */
  monthShort(month: string): string;
  /** How many times something is another thing, to one decimal. */
  times(times: number): string;
  /** A span of milliseconds in its two largest units, rounded down: `3 d 4 h`, `12 s`. No line breaks within it. */
  span(milliseconds: number): string;
  /** How long ago something was: `just now` below ten seconds, then in its largest unit. */
  age(milliseconds: number): string;
  /** Things side by side. */
  list(parts: readonly string[]): string;
  /** A number in words with what it is a bound of: `at least $5.00`. */
  bound(value: string, certainty: Certainty): string;
}

/** The words of one language, as `t` has its messages, for a reader at a place. */
export function wordsOf(
  t: Translate,
  { locale, timeZone }: { locale: string; timeZone: string },
): Words {
  const place = { locale, timeZone };
  return {
    t,
    locale,
    money: amount => formatMoney(amount, locale),
    ratio: ratio => formatRatio(ratio, locale),
    count: count => formatCount(count, locale),
    moment: (iso, now) => formatMoment(iso, now, place),
    momentInFull: iso => formatMomentInFull(iso, place),
    day: date => formatDay(date, locale),
    dayInFull: date => formatDayInFull(date, locale),
    month: month => formatMonth(month, locale),
    monthShort: month => formatMonthShort(month, locale),
    times: times =>
      new Intl.NumberFormat(locale, { maximumFractionDigits: 1 }).format(times),
    span: milliseconds => unbroken(spanIn(t, milliseconds)),
    age: milliseconds => {
      if (milliseconds < 10 * SECOND) return unbroken(t('age.now'));
      const unit = [DAY, HOUR, MINUTE, SECOND].find(it => milliseconds >= it)!;
      const span = spanIn(t, Math.floor(milliseconds / unit) * unit);
      return unbroken(t('age.ago', { span }));
    },
    list: parts => new Intl.ListFormat(locale, { type: 'unit' }).format(parts),
    bound: (value, certainty) => BOUNDS[boundOf(certainty)](t, value),
  };
}

const BOUNDS: Record<Bound, (t: Translate, value: string) => string> = {
  exact: (_, value) => value,
  'at-least': (t, value) => t('bound.atLeast', { value }),
  'at-most': (t, value) => t('bound.atMost', { value }),
  about: (t, value) => t('bound.about', { value }),
};

/**
 * The words in the language of the app, which may be another than the browser's: a sentence and the numbers in it are in
 * one language. The zone is the reader's own, and a time of day names it.
 */
export function useWords(): Words {
  const { t } = useTranslationRef(keeptrustsTranslationRef) as unknown as {
    t: Translate;
  };
  const locale = useLanguage();
  return useMemo(
    () =>
      wordsOf(t, {
        locale,
        timeZone: new Intl.DateTimeFormat().resolvedOptions().timeZone,
      }),
    [t, locale],
  );
}

function useLanguage(): string {
  const api = useApiHolder().get(appLanguageApiRef);
  const subscribe = useCallback(
    (onChange: () => void) => {
      const subscription = api?.language$().subscribe(onChange);
      return () => subscription?.unsubscribe();
    },
    [api],
  );
  return useSyncExternalStore(
    subscribe,
    () => api?.getLanguage().language ?? DEFAULT_LANGUAGE,
  );
}

/** Stands in a message for an element that `placed` puts there. */
export const PLACE = '\u0000';

/** A message with `element` where it has `PLACE`: where that is, is for the language to say. */
export function placed(message: string, element: ReactElement): ReactNode {
  const [before, after = ''] = message.split(PLACE);
  return createElement(Fragment, null, before, element, after);
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
