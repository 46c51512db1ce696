import { Entity, stringifyEntityRef } from '@backstage/catalog-model';
import { useEntity } from '@backstage/plugin-catalog-react';
import { ToggleButton, ToggleButtonGroup } from '@backstage/ui';
import { useSearchParams } from 'react-router-dom';
import { isKeeptrustsAvailable } from '../../annotations';
import { useSpendReport } from '../../hooks';
import { useTranslation } from '../../translation';
import { Content } from '../Content';
import { FreshnessBar } from '../FreshnessBar';
import { AnnotationGuide } from '../GovernanceStatusCard/AnnotationGuide';
import { Period, periodIn, PERIODS, withPeriod } from './period';
import styles from './SpendContent.module.css';
import { SpendReportView } from './SpendReportView';
import { SpendSkeleton } from './SpendSkeleton';

/**
 * What the entity of this page has spent, by day and by model, over a period that the address remembers. An entity that
 * claims no key is not asked about.
 */
export function SpendContent() {
  const { entity } = useEntity();
  return isKeeptrustsAvailable(entity) ? (
    <ClaimedSpend entity={entity} />
  ) : (
    <AnnotationGuide entity={entity} />
  );
}

function ClaimedSpend({ entity }: { entity: Entity }) {
  const { t } = useTranslation();
  const [parameters, setParameters] = useSearchParams();
  const period = periodIn(parameters);
  const resource = useSpendReport(stringifyEntityRef(entity), period);
  const report = resource.value;
  return (
    <section aria-label={t('spend.title')} className={styles.page}>
      <div className={styles.bar}>
        <PeriodChoice
          period={period}
          onChoose={it =>
            setParameters(now => withPeriod(now, it), { replace: true })
          }
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
  const { t } = useTranslation();
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
          {t('spend.period.days', { days: String(it) })}
        </ToggleButton>
      ))}
    </ToggleButtonGroup>
  );
}
