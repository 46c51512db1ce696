import { formatMoney, formatRatio } from '../../format';
import { useTranslation } from '../../translation';
import styles from './SpendChart.module.css';
import { formatBound, formatDayInFull, remarksOn } from './spendLabels';
import { shareOf, SpendDay, SpendSeries } from './spendSeries';

/** One day in words, for whoever points at its bar or goes to it with the arrow keys. */
export function DayTooltip({
  day,
  series,
}: {
  day: SpendDay;
  series: SpendSeries;
}) {
  const { t } = useTranslation();
  const { budget, attribution } = series;
  const share = shareOf(day.spent, budget);
  return (
    <div role="status" className={styles.tooltip}>
      <span className={styles.tooltipDay}>{formatDayInFull(day.date)}</span>
      <strong className={styles.tooltipSum}>
        {formatBound(t, day.spent, { complete: day.complete, attribution })}
      </strong>
      {budget && share !== undefined && (
        <span>
          {t('spend.day.share', {
            share: formatRatio(share),
            budget: formatMoney(budget),
          })}
        </span>
      )}
      {remarksOn(t, day).map(remark => (
        <span key={remark}>{remark}</span>
      ))}
    </div>
  );
}
