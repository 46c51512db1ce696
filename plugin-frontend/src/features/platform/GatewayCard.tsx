import { useEntity } from '@backstage/plugin-catalog-react';
import { Skeleton } from '@backstage/ui';
import { keeptrustsInstanceOf } from '../../annotations';
import { PlatformStatus } from '../../api';
import { known } from '../../domain/known';
import { Translate, useWords } from '../../translations';
import { CardFrame } from '../../ui/CardFrame';
import { Content } from '../../ui/Content';
import { FreshnessBar } from '../../ui/FreshnessBar';
import { StateBadge, Tone } from '../../ui/StateBadge';
import { useNow } from '../../ui/useNow';
import styles from './GatewayCard.module.css';
import { PlatformContent } from './PlatformContent';
import { usePlatformStatus } from './usePlatformStatus';

/** How often spans of time are said again, in milliseconds. */
const CLOCK_MS = 30_000;

type PlatformState = PlatformStatus['state'];

const TONES: Record<PlatformState, Tone> = {
  ok: 'good',
  warning: 'attention',
  error: 'bad',
  unknown: 'unknown',
};

const STATES: Record<PlatformState, (t: Translate) => string> = {
  ok: t => t('platform.ok'),
  warning: t => t('platform.warning'),
  error: t => t('platform.error'),
  unknown: t => t('platform.unknown'),
};

/** How the gateway of this page and its control plane are: whether it is us or the platform. */
export function GatewayCard() {
  const { t } = useWords();
  const { entity } = useEntity();
  const resource = usePlatformStatus(keeptrustsInstanceOf(entity));
  const now = useNow(CLOCK_MS) - resource.clockAheadMs;
  const platform = resource.value;
  return (
    <CardFrame
      title={t('platform.title')}
      badge={
        platform && (
          <StateBadge
            tone={known(TONES, platform.state) ?? 'unknown'}
            label={known(STATES, platform.state)?.(t) ?? platform.state}
          />
        )
      }
      footer={
        platform && (
          <FreshnessBar resource={resource} stale={platform.freshness.stale} />
        )
      }
    >
      <Content resource={resource} skeleton={<GatewaySkeleton />}>
        {it => <PlatformContent platform={it} now={now} />}
      </Content>
    </CardFrame>
  );
}

/** The card before its first answer, in the shape that it will have. */
const GatewaySkeleton = () => (
  <div className={styles.sections}>
    <div className={styles.section}>
      <Skeleton width="60%" height="1.25rem" />
    </div>
    <div className={styles.section}>
      <Skeleton width="6rem" height="0.875rem" />
      <Skeleton width="80%" height="1.25rem" />
      <Skeleton width="80%" height="1.25rem" />
    </div>
    <Skeleton width="50%" height="1rem" />
  </div>
);
