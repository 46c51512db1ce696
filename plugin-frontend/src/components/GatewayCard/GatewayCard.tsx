import { EntityInfoCard } from '@backstage/plugin-catalog-react';
import { PlatformStatus } from '../../api';
import { usePlatformStatus } from '../../hooks';
import { Translate, useTranslation } from '../../translation';
import { Content } from '../Content';
import { FreshnessBar } from '../FreshnessBar';
import { StateBadge, Tone } from '../StateBadge';
import styles from './GatewayCard.module.css';
import { GatewaySkeleton } from './GatewaySkeleton';
import { PlatformContent } from './PlatformContent';

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

/** How the gateway and its control plane are: whether it is us or the platform. */
export function GatewayCard() {
  const { t } = useTranslation();
  const resource = usePlatformStatus();
  const platform = resource.value;
  return (
    <section aria-label={t('platform.title')} className={styles.card}>
      <EntityInfoCard
        title={t('platform.title')}
        headerActions={
          platform && (
            <StateBadge
              tone={TONES[platform.state]}
              label={STATES[platform.state](t)}
            />
          )
        }
        footerActions={
          platform && (
            <FreshnessBar
              resource={resource}
              stale={platform.freshness.stale}
            />
          )
        }
      >
        <Content resource={resource} skeleton={<GatewaySkeleton />}>
          {it => <PlatformContent platform={it} />}
        </Content>
      </EntityInfoCard>
    </section>
  );
}
