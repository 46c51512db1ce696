import { Entity, stringifyEntityRef } from '@backstage/catalog-model';
import { useAnalytics } from '@backstage/core-plugin-api';
import { useEntity } from '@backstage/plugin-catalog-react';
import { ToggleButton, ToggleButtonGroup } from '@backstage/ui';
import { useSearchParams } from 'react-router-dom';
import { isKeeptrustsAvailable } from '../../annotations';
import { useWords } from '../../translations';
import { AnnotationGuide } from '../../ui/AnnotationGuide';
import { Content } from '../../ui/Content';
import { FreshnessBar } from '../../ui/FreshnessBar';
import { Period, periodIn, PERIODS, withPeriod } from './period';
import styles from './SpendContent.module.css';
import { SpendReportView } from './SpendReportView';
import { SpendSkeleton } from './SpendSkeleton';
import { useSpendReport } from './useSpendReport';

/**
 * How an app shows the tab.
 *
 * @public
 */
export interface SpendContentOptions {
  /** The period where the address names none, in days: 7, 30 or 90; the default is 30. */
  defaultPeriod?: Period;
}

/**
 * What the entity of this page has spent, by day and by model, over a period that the address remembers. An entity that
 * claims no key is not asked about.
 */
export function SpendContent({ defaultPeriod }: SpendContentOptions) {
  const { entity } = useEntity();
  return isKeeptrustsAvailable(entity) ? (
    <ClaimedSpend entity={entity} defaultPeriod={defaultPeriod} />
  ) : (
    <AnnotationGuide entity={entity} />
  );
}

function ClaimedSpend({
  entity,
  defaultPeriod,
}: SpendContentOptions & { entity: Entity }) {
  const { t } = useWords();
  const analytics = useAnalytics();
  const [parameters, setParameters] = useSearchParams();
  const period = periodIn(parameters, defaultPeriod);
  const resource = useSpendReport(stringifyEntityRef(entity), period);
  const report = resource.value;
  return (
    <section aria-label={t('spend.title')} className={styles.page}>
      <div className={styles.bar}>
        <PeriodChoice
          period={period}
          onChoose={it => {
            analytics.captureEvent('period', String(it));
            setParameters(now => withPeriod(now, it), { replace: true });
          }}
        />
        {report && (
          <div className={styles.freshness}>
            <FreshnessBar resource={resource} stale={report.freshness.stale} />
          </div>
        )}
      </div>
      <Content resource={resource} skeleton={<SpendSkeleton />}>
        {it => <SpendReportView report={it} />}
      </Content>
    </section>
  );
}

function PeriodChoice({
  period,
  onChoose,
}: {
  period: Period;
  onChoose: (period: Period) => void;
}) {
  const { t, count } = useWords();
  return (
    <ToggleButtonGroup
      aria-label={t('spend.period.label')}
      selectionMode="single"
      disallowEmptySelection
      selectedKeys={[String(period)]}
      onSelectionChange={keys => {
        const chosen = PERIODS.find(it => keys.has(String(it)));
        if (chosen) onChoose(chosen);
      }}
    >
      {PERIODS.map(it => (
        <ToggleButton key={it} id={String(it)}>
          {t('spend.period.days', { count: it, number: count(it) })}
        </ToggleButton>
      ))}
    </ToggleButtonGroup>
  );
}
