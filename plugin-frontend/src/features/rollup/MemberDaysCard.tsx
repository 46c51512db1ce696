import { Skeleton, Text } from '@backstage/ui';
import { lazy, Suspense, useMemo } from 'react';
import { RollUp } from '../../api';
import { MemberDay, MemberSeries } from '../../domain/memberSeries';
import { useWords } from '../../translations';
import { CardFrame } from '../../ui/CardFrame';
import { DataColumn, DataTable } from '../../ui/DataTable';
import { useAsTable, ViewChoice } from '../../ui/ViewChoice';
import { partLabel } from './partLabel';
import styles from './RollUp.module.css';

const MembersChart = lazy(() =>
  import('./MembersChart').then(m => ({ default: m.MembersChart })),
);

/** Spend by day and member, as a chart or, with the same numbers, as a table. */
export function MemberDaysCard({
  series,
  timezone,
}: { series: MemberSeries } & Pick<RollUp, 'timezone'>) {
  const { t } = useWords();
  const [asTable, choose] = useAsTable('view');
  const nothingToDraw = series.highest === 0;
  return (
    <CardFrame
      title={t('spend.chart.heading')}
      badge={
        <ViewChoice
          label={t('spend.view.label')}
          asTable={asTable}
          onChoose={choose}
        />
      }
    >
      {nothingToDraw && (
        <Text variant="body-medium">{t('rollUp.days.none')}</Text>
      )}
      {!nothingToDraw && asTable && <MemberDaysTable series={series} />}
      {!nothingToDraw && !asTable && (
        <Suspense fallback={<Skeleton height="20rem" width="100%" />}>
          <MembersChart series={series} />
        </Suspense>
      )}
      <Text
        as="p"
        variant="body-small"
        color="secondary"
        className={styles.notes}
      >
        <span className={styles.line}>
          {t('rollUp.note.zone', { zone: timezone })}
        </span>
        <span className={styles.line}>{t('rollUp.note.once')}</span>
      </Text>
    </CardFrame>
  );
}

/** The numbers of the chart, the latest day first. */
function MemberDaysTable({
  series: { days, parts },
}: {
  series: MemberSeries;
}) {
  const words = useWords();
  const columns = useMemo((): DataColumn<MemberDay>[] => {
    const { t, money } = words;
    return [
      {
        id: 'date',
        label: t('spend.day.date'),
        rowHeader: true,
        render: day => words.dayInFull(day.date),
      },
      {
        id: 'all',
        label: t('rollUp.days.sum'),
        numeric: true,
        render: day =>
          words.bound(money(day.spent), { complete: day.complete }),
      },
      ...parts.map(
        (part, index): DataColumn<MemberDay> => ({
          id: part.entityRef ?? 'others',
          label: partLabel(words, part),
          numeric: true,
          render: day => money(day.amounts[index]),
        }),
      ),
      {
        id: 'remarks',
        label: t('spend.day.remarks'),
        wide: true,
        render: day =>
          [
            day.partial && t('spend.day.partial'),
            !day.complete && t('spend.day.incomplete'),
          ].map(
            remark =>
              remark && (
                <span key={remark} className={styles.line}>
                  {remark}
                </span>
              ),
          ),
      },
    ];
  }, [words, parts]);
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

const dateOf = ({ date }: MemberDay) => date;
