import { Skeleton, Text } from '@backstage/ui';
import { lazy, Suspense } from 'react';
import { SpendReport } from '../../api';
import { SpendSeries } from '../../domain/spendSeries';
import { useWords } from '../../translations';
import { CardFrame } from '../../ui/CardFrame';
import { useAsTable, ViewChoice } from '../../ui/ViewChoice';
import { DaysTable } from './DaysTable';
import styles from './SpendContent.module.css';

/** The chart and the library that draws it are loaded where a chart is shown. */
const SpendChart = lazy(() =>
  import('./SpendChart').then(m => ({ default: m.SpendChart })),
);

/** The days as a chart or, with the same numbers, as a table. */
export function DaysCard({
  report,
  series,
}: {
  report: SpendReport;
  series: SpendSeries;
}) {
  const { t } = useWords();
  const [asTable, choose] = useAsTable('view');
  const nothingToDraw = !series.highest && !series.limit;
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
      {asTable && <DaysTable series={series} />}
      {!asTable && nothingToDraw && (
        <Text variant="body-medium">{t('spend.highest.none')}</Text>
      )}
      {!asTable && !nothingToDraw && (
        <Suspense fallback={<Skeleton height="20rem" width="100%" />}>
          <SpendChart series={series} previous={report.previous} />
        </Suspense>
      )}
      <Notes report={report} />
    </CardFrame>
  );
}

/** What the numbers count, and what they do not. */
function Notes({ report }: { report: SpendReport }) {
  const { t } = useWords();
  const notes = [
    t('spend.note.zone', { zone: report.timezone }),
    report.dailyBudget && t('spend.note.budget'),
    report.attribution === 'team' && t('spend.note.team'),
  ].filter(it => typeof it === 'string');
  return (
    <Text
      as="p"
      variant="body-small"
      color="secondary"
      className={styles.notes}
    >
      {notes.map(note => (
        <span key={note} className={styles.remark}>
          {note}
        </span>
      ))}
    </Text>
  );
}
