import { formatMoney } from '../../format';
import { useTranslation } from '../../translation';
import styles from './SpendChart.module.css';
import { SpendSeries } from './spendSeries';

/** What the chart's colours and patterns mean; only those that it has. */
export function Legend({ series }: { series: SpendSeries }) {
  const { t } = useTranslation();
  const { days, budget } = series;
  const entries = [
    { kind: 'within', label: t('spend.legend.within'), shown: true },
    {
      kind: 'beyond',
      label: t('spend.legend.beyond'),
      shown: days.some(day => day.beyond > 0),
    },
    {
      kind: 'partial',
      label: t('spend.legend.partial'),
      shown: days.some(day => day.partial),
    },
    {
      kind: 'incomplete',
      label: t('spend.legend.incomplete'),
      shown: days.some(day => !day.complete),
    },
    {
      kind: 'budget',
      label: budget
        ? t('spend.legend.budget', { amount: formatMoney(budget) })
        : '',
      shown: Boolean(budget),
    },
  ];
  return (
    <ul className={styles.legend} aria-label={t('spend.legend.label')}>
      {entries
        .filter(entry => entry.shown)
        .map(({ kind, label }) => (
          <li key={kind} className={styles.entry}>
            <span aria-hidden className={styles.swatch} data-kind={kind} />
            {label}
          </li>
        ))}
    </ul>
  );
}
