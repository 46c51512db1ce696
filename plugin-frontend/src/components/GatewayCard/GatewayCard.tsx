import { PlatformStatus } from '../../api';
import { known } from '../../api/known';
import { usePlatformStatus } from '../../hooks';
import { Translate, useTranslation } from '../../translation';
import { CardFrame } from '../CardFrame';
import { Content } from '../Content';
import { FreshnessBar } from '../FreshnessBar';
import { StateBadge, Tone } from '../StateBadge';
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
        {it => <PlatformContent platform={it} />}
      </Content>
    </CardFrame>
  );
}
