import { Text } from '@backstage/ui';
import { SpendReport } from '../../api';
import { SpendSeries } from '../../domain/spendSeries';
import { useWords, Words } from '../../translations';
import { Legible } from '../../ui/CardFrame';
import styles from './SpendContent.module.css';

/** The period in three figures: its sum, its budget, its highest day. */
export function Figures({
  report,
  series,
}: {
  report: SpendReport;
  series: SpendSeries;
}) {
  const words = useWords();
  const { t, money, count } = words;
  const { total, complete, attribution, dailyBudget } = report;
  const { highest } = series;
  return (
    <Legible>
      <dl className={styles.figures}>
        {total && (
          <Figure
            label={t('spend.total', {
              count: report.days,
              number: count(report.days),
            })}
            value={words.bound(money(total), { complete, attribution })}
            note={todayText(words, series)}
          />
        )}
        <Figure
          label={t('spend.budget.title')}
          value={dailyBudget ? money(dailyBudget) : t('spend.budget.none')}
          note={exceededText(words, report, series)}
        />
        <Figure
          label={t('spend.highest.title')}
          value={
            highest
              ? // A day of which not all is known may have been higher.
                words.bound(money(highest.spent), { complete, attribution })
              : t('spend.highest.none')
          }
          note={highest && words.day(highest.date)}
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
  { t, money, bound }: Words,
  { days, attribution }: SpendSeries,
): string | undefined {
  const today = days.find(day => day.partial);
  return (
    today &&
    t('spend.today', {
      amount: bound(money(today.spent), {
        complete: today.complete,
        attribution,
      }),
    })
  );
}

function exceededText(
  { t, count, bound }: Words,
  { complete, attribution }: SpendReport,
  { daysOver, days }: SpendSeries,
): string | undefined {
  if (daysOver === undefined) return undefined;
  if (daysOver === 0)
    return complete ? t('spend.budget.never') : t('spend.budget.neverKnown');
  return t('spend.budget.over', {
    over: bound(count(daysOver), { complete, attribution }),
    count: days.length,
    number: count(days.length),
  });
}
