import { Text } from '@backstage/ui';
import { SpendReport } from '../../api';
import { monthSeriesOf } from '../../domain/monthSeries';
import { spendSeriesOf } from '../../domain/spendSeries';
import { useWords, withheldText, withoutWithheld } from '../../translations';
import { CardFrame } from '../../ui/CardFrame';
import { Findings } from '../../ui/Findings';
import { MonthsCard } from '../month/MonthsCard';
import { MonthSummary } from '../month/MonthSummary';
import { DaysCard } from './DaysCard';
import { ModelsTable } from './ModelsTable';
import styles from './SpendContent.module.css';
import { SpendFigures } from './SpendFigures';

/** A report from the whole to its parts: what stands in the way, the sum, the days, the models. */
export function SpendReportView({ report }: { report: SpendReport }) {
  const words = useWords();
  const { t } = words;
  const series = spendSeriesOf(report);
  const { findings = [], byModel, attribution, month } = report;
  const months = monthSeriesOf(report.months, month);
  return (
    <div className={styles.sections}>
      <Findings findings={withoutWithheld(findings)} />
      {series ? (
        <>
          <SpendFigures report={report} series={series} />
          {month && (
            <CardFrame title={t('month.heading')}>
              <MonthSummary month={month} attribution={attribution} />
            </CardFrame>
          )}
          <DaysCard report={report} series={series} />
          {months && <MonthsCard series={months} attribution={attribution} />}
        </>
      ) : (
        <div role="note">
          <Text as="h3" variant="body-large" weight="bold">
            {t('spend.withheld.title')}
          </Text>
          <Text as="p" variant="body-medium" color="secondary">
            {withheldText(words, findings) ?? t('spend.withheld.description')}
          </Text>
        </div>
      )}
      {byModel && (
        <CardFrame title={t('spend.model.heading')}>
          <ModelsTable
            models={byModel}
            total={report.total}
            certainty={{ complete: report.complete, attribution }}
          />
        </CardFrame>
      )}
    </div>
  );
}
