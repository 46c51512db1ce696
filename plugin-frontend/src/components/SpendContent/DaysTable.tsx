import { useMemo } from 'react';
import { formatRatio } from '../../format';
import { useTranslation } from '../../translation';
import { DataColumn, DataTable } from '../DataTable';
import {
  formatBound,
  formatDayInFull,
  remarksOn,
  shareOf,
  SpendDay,
  SpendSeries,
} from '../SpendChart';

/** The numbers of the chart, the latest day first. */
export function DaysTable({ series }: { series: SpendSeries }) {
  const { t } = useTranslation();
  const { days, budget, attribution } = series;
  const columns = useMemo((): DataColumn<SpendDay>[] => {
    const share = (day: SpendDay) => shareOf(day.spent, budget);
    return [
      {
        id: 'date',
        label: t('spend.day.date'),
        rowHeader: true,
        render: day => formatDayInFull(day.date),
      },
      {
        id: 'spent',
        label: t('spend.day.spent'),
        numeric: true,
        render: day =>
          formatBound(t, day.spent, { complete: day.complete, attribution }),
      },
      {
        id: 'used',
        label: t('spend.day.used'),
        numeric: true,
        render: day => {
          const ratio = share(day);
          return ratio === undefined ? '–' : formatRatio(ratio);
        },
      },
      {
        id: 'remarks',
        label: t('spend.day.remarks'),
        wide: true,
        render: day => remarksOn(t, day).join('. '),
      },
    ];
  }, [t, budget, attribution]);
  const latestFirst = useMemo(() => [...days].reverse(), [days]);
  return (
    <DataTable
      label={t('spend.chart.heading')}
      columns={columns}
      rows={latestFirst}
      idOf={dateOf}
    />
  );
}

const dateOf = (day: SpendDay) => day.date;
