import { Text, ToggleButton, ToggleButtonGroup } from '@backstage/ui';
import { RiBarChartLine, RiTableLine } from '@remixicon/react';
import { useSearchParams } from 'react-router-dom';
import { SpendReport } from '../../api';
import { useTranslation } from '../../translation';
import { CardFrame } from '../CardFrame';
import { SpendChart, SpendSeries } from '../SpendChart';
import { DaysTable } from './DaysTable';
import styles from './SpendContent.module.css';

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
  const { t } = useTranslation();
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
      {!asTable && !nothingToDraw && <SpendChart series={series} />}
      <Notes report={report} />
    </CardFrame>
  );
}

/** What one has to know to read the numbers rightly. */
function Notes({ report }: { report: SpendReport }) {
  const { t } = useTranslation();
  const notes = [
    t('spend.note.zone', { zone: report.timezone }),
    report.dailyBudget && t('spend.note.budget'),
    report.attribution === 'team' && t('spend.note.team'),
  ].filter(Boolean);
  return (
    <Text
      as="p"
      variant="body-small"
      color="secondary"
      className={styles.notes}
    >
      {notes.join(' ')}
    </Text>
  );
}
