import { useMemo } from 'react';
import { shareOf, SpendDay, SpendSeries } from '../../domain/spendSeries';
import { useWords } from '../../translations';
import { DataColumn, DataTable } from '../../ui/DataTable';
import { remarksOn } from './remarks';
import styles from './SpendContent.module.css';

/** The numbers of the chart, the latest day first. */
export function DaysTable({ series }: { series: SpendSeries }) {
  const words = useWords();
  const { days, budget, attribution } = series;
  const columns = useMemo((): DataColumn<SpendDay>[] => {
    const { t, money, ratio: percent } = words;
    const certaintyOf = ({ complete }: SpendDay) => ({ complete, attribution });
    return [
      {
        id: 'date',
        label: t('spend.day.date'),
        rowHeader: true,
        render: day => words.dayInFull(day.date),
      },
      {
        id: 'spent',
        label: t('spend.day.spent'),
        numeric: true,
        render: day => words.bound(money(day.spent), certaintyOf(day)),
      },
      {
        id: 'used',
        label: t('spend.day.used'),
        numeric: true,
        render: day => {
          const ratio = shareOf(day.spent, budget);
          return ratio === undefined
            ? t('overview.nothing')
            : words.bound(percent(ratio), certaintyOf(day));
        },
      },
      {
        id: 'remarks',
        label: t('spend.day.remarks'),
        wide: true,
        render: day =>
          remarksOn(words, day).map(remark => (
            <span key={remark} className={styles.remark}>
              {remark}
            </span>
          )),
      },
    ];
  }, [words, budget, attribution]);
  const latestFirst = useMemo(() => [...days].reverse(), [days]);
  return (
    <DataTable
      label={words.t('spend.chart.heading')}
      columns={columns}
      rows={latestFirst}
      idOf={dateOf}
    />
  );
}

const dateOf = (day: SpendDay) => day.date;
