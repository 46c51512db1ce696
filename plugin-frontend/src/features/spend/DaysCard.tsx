import { Skeleton, Text, ToggleButton, ToggleButtonGroup } from '@backstage/ui';
import { RiBarChartLine, RiTableLine } from '@remixicon/react';
import { lazy, Suspense } from 'react';
import { useSearchParams } from 'react-router-dom';
import { SpendReport } from '../../api';
import { SpendSeries } from '../../domain/spendSeries';
import { useWords } from '../../translations';
import { CardFrame } from '../../ui/CardFrame';
import { DaysTable } from './DaysTable';
import styles from './SpendContent.module.css';

/** The chart and the library that draws it are loaded where a chart is shown. */
const SpendChart = lazy(() =>
  import('./SpendChart').then(m => ({ default: m.SpendChart })),
);

/** Where the address says how the days are shown: `?view=table`, else the chart. */
const VIEW_PARAMETER = 'view';

/** The days as a chart or, with the same numbers, as a table. */
export function DaysCard({
  report,
  series,
}: {
  report: SpendReport;
  series: SpendSeries;
}) {
  const { t } = useWords();
  const [parameters, setParameters] = useSearchParams();
  const asTable = parameters.get(VIEW_PARAMETER) === 'table';
  const choose = (view: 'chart' | 'table') =>
    setParameters(
      now => {
        now.set(VIEW_PARAMETER, view);
        return now;
      },
      { replace: true },
    );
  const nothingToDraw = !series.highest && !series.limit;
  return (
    <CardFrame
      title={t('spend.chart.heading')}
      badge={
        <ToggleButtonGroup
          className={styles.choice}
          aria-label={t('spend.view.label')}
          selectionMode="single"
          disallowEmptySelection
          selectedKeys={[asTable ? 'table' : 'chart']}
          onSelectionChange={keys =>
            choose(keys.has('table') ? 'table' : 'chart')
          }
        >
          <ToggleButton id="chart" iconStart={<RiBarChartLine aria-hidden />}>
            {t('spend.view.chart')}
          </ToggleButton>
          <ToggleButton id="table" iconStart={<RiTableLine aria-hidden />}>
            {t('spend.view.table')}
          </ToggleButton>
        </ToggleButtonGroup>
      }
    >
      {asTable && <DaysTable series={series} />}
      {!asTable && nothingToDraw && (
        <Text variant="body-medium">{t('spend.highest.none')}</Text>
      )}
      {!asTable && !nothingToDraw && (
        <Suspense fallback={<Skeleton height="20rem" width="100%" />}>
          <SpendChart series={series} />
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
