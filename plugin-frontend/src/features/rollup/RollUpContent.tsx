import { stringifyEntityRef } from '@backstage/catalog-model';
import { useApi } from '@backstage/core-plugin-api';
import { useEntity } from '@backstage/plugin-catalog-react';
import { Skeleton } from '@backstage/ui';
import { keeptrustsInstanceOf } from '../../annotations';
import { keeptrustsApiRef } from '../../api';
import { useWords } from '../../translations';
import { Content } from '../../ui/Content';
import { DownloadButton } from '../../ui/DownloadButton';
import { FiguresSkeleton } from '../../ui/Figures';
import { FreshnessBar } from '../../ui/FreshnessBar';
import { useNow } from '../../ui/useNow';
import { View } from '../../ui/View';
import { Period } from '../spend/period';
import { PeriodChoice, usePeriod } from '../spend/PeriodChoice';
import { NoAi, usesNoAi } from './NoAi';
import styles from './RollUp.module.css';
import { RollUpReport } from './RollUpReport';
import { useRollUp } from './useRollUp';

/** How often words about time are said again, in milliseconds. */
const CLOCK_MS = 60_000;

/**
 * How an app shows the tab.
 *
 * @public
 */
export interface RollUpContentOptions {
  /** The period where the address names none, in days: 7, 30 or 90; the default is 30. */
  defaultPeriod?: Period;
}

/** State and spend of the members of the group, system or domain of this page, over a period that the address remembers. */
export function RollUpContent({ defaultPeriod }: RollUpContentOptions) {
  const { t } = useWords();
  const api = useApi(keeptrustsApiRef);
  const { entity } = useEntity();
  const entityRef = stringifyEntityRef(entity);
  const instance = keeptrustsInstanceOf(entity);
  const [period, choosePeriod] = usePeriod(defaultPeriod);
  const resource = useRollUp(entityRef, period, instance);
  const now = useNow(CLOCK_MS) - resource.clockAheadMs;
  const rollUp = resource.value;
  return (
    <View
      title={t('rollUp.tab')}
      choice={<PeriodChoice period={period} onChoose={choosePeriod} />}
      tools={
        rollUp && (
          <>
            <FreshnessBar resource={resource} stale={rollUp.freshness.stale} />
            {rollUp.byDay && (
              <DownloadButton
                load={(format, signal) =>
                  api.exportRollUp(entityRef, period, format, {
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
      <Content
        resource={resource}
        skeleton={<RollUpSkeleton />}
        isEmpty={usesNoAi}
        empty={rollUp && <NoAi rollUp={rollUp} />}
      >
        {it => <RollUpReport rollUp={it} now={now} />}
      </Content>
    </View>
  );
}

/** In the shape of a report. */
const RollUpSkeleton = () => (
  <div className={styles.sections}>
    <Skeleton height="1.5rem" width="50%" />
    <FiguresSkeleton />
    <Skeleton height="10rem" width="100%" />
    <Skeleton height="25rem" width="100%" />
  </div>
);
