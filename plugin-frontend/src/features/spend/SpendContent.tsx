import { Entity, stringifyEntityRef } from '@backstage/catalog-model';
import { useApi } from '@backstage/core-plugin-api';
import { useEntity } from '@backstage/plugin-catalog-react';
import { isKeeptrustsAvailable, keeptrustsInstanceOf } from '../../annotations';
import { keeptrustsApiRef } from '../../api';
import { useWords } from '../../translations';
import { AnnotationGuide } from '../../ui/AnnotationGuide';
import { Content } from '../../ui/Content';
import { DownloadButton } from '../../ui/DownloadButton';
import { FreshnessBar } from '../../ui/FreshnessBar';
import { View } from '../../ui/View';
import { Period } from './period';
import { PeriodChoice, usePeriod } from './PeriodChoice';
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
  const api = useApi(keeptrustsApiRef);
  const [period, choosePeriod] = usePeriod(defaultPeriod);
  const entityRef = stringifyEntityRef(entity);
  const instance = keeptrustsInstanceOf(entity);
  const resource = useSpendReport(entityRef, period, instance);
  const report = resource.value;
  return (
    <View
      title={t('spend.title')}
      choice={<PeriodChoice period={period} onChoose={choosePeriod} />}
      tools={
        report && (
          <>
            <FreshnessBar resource={resource} stale={report.freshness.stale} />
            {report.byDay && (
              <DownloadButton
                load={(format, signal) =>
                  api.exportSpend(entityRef, period, format, {
                    instance,
                    signal,
                  })
                }
              />
            )}
          </>
        )
      }
    >
      <Content resource={resource} skeleton={<SpendSkeleton />}>
        {it => <SpendReportView report={it} />}
      </Content>
    </View>
  );
}
