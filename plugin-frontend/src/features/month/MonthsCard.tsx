import { Skeleton } from '@backstage/ui';
import { lazy, Suspense, useMemo } from 'react';
import { Certainty } from '../../domain/bounds';
import { MonthBar, MonthSeries } from '../../domain/monthSeries';
import { useWords } from '../../translations';
import { CardFrame } from '../../ui/CardFrame';
import { DataColumn, DataTable } from '../../ui/DataTable';
import { useAsTable, ViewChoice } from '../../ui/ViewChoice';
import { monthRemarksOn } from './monthRemarks';
import styles from './MonthSummary.module.css';

const MonthsChart = lazy(() =>
  import('./MonthsChart').then(m => ({ default: m.MonthsChart })),
);

/** The months that are kept, as a chart or, with the same numbers, as a table. */
export function MonthsCard({
  series,
  attribution,
}: {
  series: MonthSeries;
  attribution?: Certainty['attribution'];
}) {
  const { t } = useWords();
  const [asTable, choose] = useAsTable('months');
  return (
    <CardFrame
      title={t('months.heading')}
      badge={
        <ViewChoice
          label={t('months.view')}
          asTable={asTable}
          onChoose={choose}
        />
      }
    >
      {asTable ? (
        <MonthsTable series={series} attribution={attribution} />
      ) : (
        <Suspense fallback={<Skeleton height="20rem" width="100%" />}>
          <MonthsChart series={series} attribution={attribution} />
        </Suspense>
      )}
    </CardFrame>
  );
}

/** The numbers of the chart, the latest month first. */
function MonthsTable({
  series: { months },
  attribution,
}: {
  series: MonthSeries;
  attribution?: Certainty['attribution'];
}) {
  const words = useWords();
  const columns = useMemo((): DataColumn<MonthBar>[] => {
    const { t, money, count, bound } = words;
    return [
      {
        id: 'month',
        label: t('months.month'),
        rowHeader: true,
        render: it => words.month(it.month),
      },
      {
        id: 'spent',
        label: t('months.spent'),
        numeric: true,
        render: ({ spent, complete }) =>
          bound(money(spent), { complete, attribution }),
      },
      {
        id: 'requests',
        label: t('months.requests'),
        numeric: true,
        render: ({ requests, complete }) =>
          bound(count(requests), { complete, attribution }),
      },
      {
        id: 'remarks',
        label: t('months.remarks'),
        wide: true,
        render: month =>
          monthRemarksOn(words, month).map(remark => (
            <span key={remark} className={styles.remark}>
              {remark}
            </span>
          )),
      },
    ];
  }, [words, attribution]);
  const latestFirst = useMemo(() => [...months].reverse(), [months]);
  return (
    <DataTable
      label={words.t('months.heading')}
      columns={columns}
      rows={latestFirst}
      idOf={monthOf}
    />
  );
}

const monthOf = ({ month }: MonthBar) => month;
