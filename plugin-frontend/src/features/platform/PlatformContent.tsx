import { Text } from '@backstage/ui';
import { GatewayHealth, PlatformStatus } from '../../api';
import { known } from '../../domain/known';
import { PLACE, placed, Translate, useWords } from '../../translations';
import { ExternalLink } from '../../ui/ExternalLink';
import { Fact, FactList } from '../../ui/FactList';
import { Moment } from '../../ui/Moment';
import { StateBadge, Tone } from '../../ui/StateBadge';
import styles from './GatewayCard.module.css';

type ControlPlaneHealth = PlatformStatus['controlPlane'];

const GATEWAY_TONES: Record<GatewayHealth['state'], Tone> = {
  healthy: 'good',
  degraded: 'attention',
  unhealthy: 'bad',
  unreachable: 'bad',
  unconfigured: 'neutral',
  unknown: 'unknown',
};

const GATEWAY_STATES: Record<GatewayHealth['state'], (t: Translate) => string> =
  {
    healthy: t => t('gateway.healthy'),
    degraded: t => t('gateway.degraded'),
    unhealthy: t => t('gateway.unhealthy'),
    unreachable: t => t('gateway.unreachable'),
    unconfigured: t => t('gateway.unconfigured'),
    unknown: t => t('gateway.unknown'),
  };

const CONTROL_PLANE_TONES: Record<ControlPlaneHealth['state'], Tone> = {
  ready: 'good',
  'not-ready': 'attention',
  unreachable: 'attention',
};

const CONTROL_PLANE_STATES: Record<
  ControlPlaneHealth['state'],
  (t: Translate) => string
> = {
  ready: t => t('controlPlane.ready'),
  'not-ready': t => t('controlPlane.notReady'),
  unreachable: t => t('controlPlane.unreachable'),
};

/** The two halves of the platform, the model providers behind the gateway, and what runs there. */
export function PlatformContent({
  platform,
  now,
}: {
  platform: PlatformStatus;
  /** In milliseconds of the service's clock. */
  now: number;
}) {
  const { t } = useWords();
  const { gateway, controlPlane, links } = platform;
  return (
    <div className={styles.sections}>
      <FactList>
        <Fact label={t('gateway.label')} note={gateway.message}>
          <StateBadge
            small
            tone={known(GATEWAY_TONES, gateway.state) ?? 'unknown'}
            label={known(GATEWAY_STATES, gateway.state)?.(t) ?? gateway.state}
          />
        </Fact>
        <Fact
          label={t('controlPlane.label')}
          note={controlPlane.message ?? controlPlaneNote(t, controlPlane)}
        >
          <StateBadge
            small
            tone={known(CONTROL_PLANE_TONES, controlPlane.state) ?? 'unknown'}
            label={
              known(CONTROL_PLANE_STATES, controlPlane.state)?.(t) ??
              controlPlane.state
            }
          />
        </Fact>
      </FactList>
      <Providers gateway={gateway} />
      <Particulars gateway={gateway} now={now} />
      {links.gateway && (
        <Text variant="body-small" color="secondary" className={styles.address}>
          {placed(
            t('gateway.address', { address: PLACE }),
            <span className={styles.mono}>{links.gateway}</span>,
          )}
        </Text>
      )}
      {links.console && (
        <ExternalLink href={links.console}>
          {t('platform.console')}
        </ExternalLink>
      )}
    </div>
  );
}

function Providers({
  gateway: { providers = [] },
}: {
  gateway: GatewayHealth;
}) {
  const { t } = useWords();
  if (!providers.length) return null;
  return (
    <div className={styles.section}>
      <Text as="h4" variant="body-small" weight="bold">
        {t('providers.label')}
      </Text>
      <ul className={styles.providers}>
        {providers.map(({ name, state }) => (
          <li key={name} className={styles.provider}>
            <span>{name}</span>
            <StateBadge
              small
              tone={state === 'reachable' ? 'good' : 'bad'}
              label={
                state === 'reachable'
                  ? t('providers.reachable')
                  : providerWord(t, state)
              }
            />
          </li>
        ))}
      </ul>
    </div>
  );
}

function Particulars({
  gateway,
  now,
}: {
  gateway: GatewayHealth;
  now: number;
}) {
  const { t, count, span } = useWords();
  const { version, policiesLoaded, since } = gateway;
  if (!version && typeof policiesLoaded !== 'number' && !since) return null;
  return (
    <FactList>
      {typeof policiesLoaded === 'number' && (
        <Fact label={t('gateway.policies')}>{count(policiesLoaded)}</Fact>
      )}
      {version && <Fact label={t('gateway.version')}>{version}</Fact>}
      {since && (
        <Fact
          label={t('gateway.since')}
          note={t('gateway.uptime', {
            span: span(now - Date.parse(since)),
          })}
        >
          <Moment iso={since} now={now} />
        </Fact>
      )}
    </FactList>
  );
}

/** The gateway has words of its own for a provider's state; those that are not known here are shown as they are. */
function providerWord(t: Translate, state: string): string {
  return state === 'unreachable' ? t('providers.unreachable') : state;
}

/** Requests go through the gateway: without the control plane only the numbers grow old. */
function controlPlaneNote(
  t: Translate,
  { state }: ControlPlaneHealth,
): string | undefined {
  return state === 'ready' ? undefined : t('controlPlane.consequence');
}
