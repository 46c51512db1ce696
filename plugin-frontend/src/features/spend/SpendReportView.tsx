import { Text } from '@backstage/ui';
import { SpendReport } from '../../api';
import { spendSeriesOf } from '../../domain/spendSeries';
import { useWords, withheldText, withoutWithheld } from '../../translations';
import { CardFrame } from '../../ui/CardFrame';
import { Findings } from '../../ui/Findings';
import { DaysCard } from './DaysCard';
import { Figures } from './Figures';
import { ModelsTable } from './ModelsTable';
import styles from './SpendContent.module.css';

/** A report from the whole to its parts: what stands in the way, the sum, the days, the models. */
export function SpendReportView({ report }: { report: SpendReport }) {
  const words = useWords();
  const { t } = words;
  const series = spendSeriesOf(report);
  const { findings = [], byModel, attribution } = report;
  return (
    <div className={styles.sections}>
      <Findings findings={withoutWithheld(findings)} />
      {series ? (
        <>
          <Figures report={report} series={series} />
          <DaysCard report={report} series={series} />
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
