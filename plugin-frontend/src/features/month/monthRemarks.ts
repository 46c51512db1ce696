import { MonthBar } from '../../domain/monthSeries';
import { Words } from '../../translations';

/** What is to be said of a month beside its sum; nothing of an ordinary one. */
export function monthRemarksOn(
  { t, money }: Words,
  { partial, complete, forecast }: MonthBar,
): string[] {
  return [
    partial && t('months.partial'),
    !complete && t('months.incomplete'),
    forecast &&
      t('months.forecast', {
        low: money(forecast.low),
        high: money(forecast.high),
      }),
  ].filter(it => typeof it === 'string');
}
