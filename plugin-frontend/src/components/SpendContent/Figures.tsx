import { Text } from '@backstage/ui';
import { SpendReport } from '../../api';
import { formatMoney } from '../../format';
import { Translate, useTranslation } from '../../translation';
import { Legible } from '../CardFrame';
import { formatBound, formatDay, SpendSeries } from '../SpendChart';
import styles from './SpendContent.module.css';

/** The period in three figures: its sum, its budget, its highest day. */
export function Figures({
  report,
  series,
}: {
  report: SpendReport;
  series: SpendSeries;
}) {
  const { t } = useTranslation();
  const { total, complete, attribution, dailyBudget } = report;
  const { highest } = series;
  return (
    <Legible>
      <dl className={styles.figures}>
        {total && (
          <Figure
            label={t('spend.total', { days: String(report.days) })}
            value={formatBound(t, total, { complete, attribution })}
            note={todayText(t, series)}
          />
        )}
        <Figure
          label={t('spend.budget.title')}
          value={
            dailyBudget ? formatMoney(dailyBudget) : t('spend.budget.none')
          }
          note={exceededText(t, report, series)}
        />
        <Figure
          label={t('spend.highest.title')}
          value={
            highest
              ? // A day of which not all is known may have been higher.
                formatBound(t, highest.spent, { complete, attribution })
              : t('spend.highest.none')
          }
          note={highest && formatDay(highest.date)}
        />
      </dl>
    </Legible>
  );
}

function Figure({
  label,
  value,
  note,
}: {
  label: string;
  value: string;
  note?: string;
}) {
  return (
    <div className={styles.figure}>
      <dt>{label}</dt>
      <dd>
        <span className={styles.value}>{value}</span>
        {note && (
          <Text as="p" variant="body-small" color="secondary">
            {note}
          </Text>
        )}
      </dd>
    </div>
  );
}

function todayText(
  t: Translate,
  { days, attribution }: SpendSeries,
): string | undefined {
  const today = days.find(day => day.partial);
  return (
    today &&
    t('spend.today', {
      amount: formatBound(t, today.spent, {
        complete: today.complete,
        attribution,
      }),
    })
  );
}

function exceededText(
  t: Translate,
  { complete }: SpendReport,
  { daysOver, days }: SpendSeries,
): string | undefined {
  if (daysOver === undefined) return undefined;
  const numbers = { over: String(daysOver), days: String(days.length) };
  if (daysOver === 0)
    return complete ? t('spend.budget.never') : t('spend.budget.neverKnown');
  return complete
    ? t('spend.budget.over', numbers)
    : t('spend.budget.overAtLeast', numbers);
}
