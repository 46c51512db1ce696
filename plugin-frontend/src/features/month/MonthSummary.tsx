import { Text } from '@backstage/ui';
import { ReactNode } from 'react';
import { MonthToDate } from '../../api';
import { Certainty } from '../../domain/bounds';
import { isZero } from '../../domain/money';
import { monthChangeText, useWords, Words } from '../../translations';
import { Meter } from '../../ui/Meter';
import styles from './MonthSummary.module.css';

/** From this share on a budget counts as nearly used up; the service has the same limit for `month-budget-near`. */
const NEAR = 0.8;

/**
 * The month to date beside as much of the month before, the monthly budget, and where the month is likely to end: a range,
 * with how it is made. It stands in a card or among figures, which give it its room.
 */
export function MonthSummary({
  month,
  attribution,
}: {
  month: MonthToDate;
  attribution?: Certainty['attribution'];
}) {
  const words = useWords();
  const { t, money } = words;
  const certainty = { complete: month.complete, attribution };
  const spent = words.bound(money(month.spent), certainty);
  const change = monthChangeText(words, month, attribution);
  return (
    <dl className={styles.month}>
      <div className={styles.part}>
        <dt>{t('month.spent', { month: words.month(month.month) })}</dt>
        <dd>
          <span className={styles.value}>{spent}</span>
          {change && <Note>{change}</Note>}
        </dd>
      </div>
      {month.budget && (
        <div className={styles.part}>
          <dt>{t('month.budget')}</dt>
          <dd>
            <span className={styles.budget}>
              <span>{money(month.budget)}</span>
              <Note>{usedText(words, month, certainty)}</Note>
            </span>
            <Meter
              label={t('month.budget')}
              text={t('month.reading', {
                spent,
                budget: money(month.budget),
                used: usedText(words, month, certainty),
              })}
              ratio={usedRatioOf(month)}
              tone={toneOf(month)}
            />
          </dd>
        </div>
      )}
      <Forecast month={month} certainty={certainty} />
    </dl>
  );
}

function Forecast({
  month: { forecast, forecastMissing },
  certainty,
}: {
  month: MonthToDate;
  certainty: Certainty;
}) {
  const { t, money, count, bound } = useWords();
  return (
    <div className={styles.part}>
      <dt>{t('month.forecast')}</dt>
      <dd>
        {forecast ? (
          <>
            <span className={styles.range}>
              {bound(
                t('month.range', {
                  low: money(forecast.low),
                  high: money(forecast.high),
                }),
                certainty,
              )}
            </span>
            <Note>{t('month.likely', { likely: money(forecast.likely) })}</Note>
            <Note>
              {t('month.how', {
                count: forecast.basedOnDays,
                number: count(forecast.basedOnDays),
              })}
            </Note>
          </>
        ) : (
          <>
            <span className={styles.range}>{t('month.noForecast')}</span>
            <Note>
              {forecastMissing === 'too-few-days' && t('month.tooFewDays')}
              {forecastMissing === 'incomplete' && t('month.incomplete')}
              {!forecastMissing && t('month.unknown')}
            </Note>
          </>
        )}
      </dd>
    </div>
  );
}

const Note = ({ children }: { children: ReactNode }) => (
  <Text as="p" variant="body-small" color="secondary" className={styles.note}>
    {children}
  </Text>
);

/** A budget of 0 is used up by anything. */
const usedRatioOf = ({ usedRatio, spent }: MonthToDate): number =>
  usedRatio ?? (isZero(spent) ? 0 : 1);

const usedText = (
  { t, ratio, bound }: Words,
  month: MonthToDate,
  certainty: Certainty,
): string =>
  t('month.used', { used: bound(ratio(usedRatioOf(month)), certainty) });

function toneOf(month: MonthToDate): 'normal' | 'attention' | 'bad' {
  const used = usedRatioOf(month);
  if (used >= 1) return 'bad';
  return used >= NEAR ? 'attention' : 'normal';
}
