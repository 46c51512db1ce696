import {
  GatewayKeyStatus,
  GovernanceStatus,
  PolicyTierStatus,
  PreviousKeyStatus,
} from '../../api';
import { known } from '../../domain/known';
import { PLACE, placed, Translate, useWords } from '../../translations';
import { ExternalLink } from '../../ui/ExternalLink';
import { Fact, FactList } from '../../ui/FactList';
import { Moment } from '../../ui/Moment';
import { StateBadge, Tone } from '../../ui/StateBadge';
import styles from './GovernanceStatusCard.module.css';

type KeyState = GatewayKeyStatus['state'];

const KEY_TONES: Record<KeyState, Tone> = {
  active: 'good',
  expiring: 'attention',
  expired: 'bad',
  revoked: 'bad',
  'not-found': 'bad',
  withheld: 'neutral',
  unknown: 'unknown',
};

const KEY_STATES: Record<KeyState, (t: Translate) => string> = {
  active: t => t('key.active'),
  expiring: t => t('key.expiring'),
  expired: t => t('key.expired'),
  revoked: t => t('key.revoked'),
  'not-found': t => t('key.notFound'),
  withheld: t => t('key.withheld'),
  unknown: t => t('key.unknown'),
};

/** Who and what: the team, the gateway key and the policy tier. */
export function IdentitySection({
  status,
  now,
}: {
  status: GovernanceStatus;
  now: number;
}) {
  const { t } = useWords();
  const { team, gatewayKey, policyTier, links } = status;
  if (!team && !gatewayKey && !policyTier) return null;
  return (
    <section className={styles.section} aria-label={t('identity.title')}>
      <FactList>
        {team && (
          <Fact label={t('team.label')}>
            <ExternalLink href={links.console}>{team.name}</ExternalLink>
          </Fact>
        )}
        {gatewayKey && (
          <Fact
            label={
              <>
                {t('key.label')}
                <StateBadge
                  small
                  tone={known(KEY_TONES, gatewayKey.state) ?? 'unknown'}
                  label={
                    known(KEY_STATES, gatewayKey.state)?.(t) ?? gatewayKey.state
                  }
                />
              </>
            }
            // Without an id the key is not known, or not the viewer's to know.
            note={
              gatewayKey.id && <KeyNote gatewayKey={gatewayKey} now={now} />
            }
          >
            <span className={styles.mono}>{gatewayKey.declared}</span>
          </Fact>
        )}
        {policyTier && (
          <TierFact tier={policyTier} unenforced={hasUnenforcedTier(status)} />
        )}
      </FactList>
    </section>
  );
}

function KeyNote({
  gatewayKey,
  now,
}: {
  gatewayKey: GatewayKeyStatus;
  now: number;
}) {
  const { t, age, count } = useWords();
  const {
    prefix,
    createdAt,
    expiresAt,
    lastUsedAt,
    count: keys,
    previous,
  } = gatewayKey;
  return (
    <div className={styles.notes}>
      <div className={styles.notesRow}>
        {prefix && (
          <span className={`${styles.note} ${styles.mono}`}>{prefix}…</span>
        )}{' '}
        <span className={styles.note}>
          {expiresAt
            ? placed(
                Date.parse(expiresAt) > now
                  ? t('key.expires', { time: PLACE })
                  : t('key.expiredOn', { time: PLACE }),
                <Moment iso={expiresAt} now={now} />,
              )
            : t('key.neverExpires')}
        </span>{' '}
        <span className={styles.note}>
          {lastUsedAt
            ? t('key.lastUsed', { age: age(now - Date.parse(lastUsedAt)) })
            : t('key.neverUsed')}
        </span>{' '}
        {typeof keys === 'number' && keys > 1 && (
          <span className={styles.note}>
            {t('key.count', { count: keys, number: count(keys) })}
          </span>
        )}
      </div>
      {previous && (
        <PreviousKey previous={previous} replacedAt={createdAt} now={now} />
      )}
    </div>
  );
}

/**
 * The old key of a rotation while both work. Its last use says whether something still has to take the new one: one
 * before there was a new one is over.
 */
function PreviousKey({
  previous: { id, prefix, lastUsedAt, revokesAt },
  replacedAt,
  now,
}: {
  previous: PreviousKeyStatus;
  replacedAt: string | null | undefined;
  now: number;
}) {
  const { t, age } = useWords();
  const usedAt = lastUsedAt ? Date.parse(lastUsedAt) : undefined;
  const isUnused =
    usedAt !== undefined && replacedAt && usedAt < Date.parse(replacedAt);
  return (
    <div className={styles.notesRow}>
      <span className={styles.note}>
        {placed(
          t('key.previous', { key: PLACE }),
          <span className={styles.mono}>{prefix ? `${prefix}…` : id}</span>,
        )}
      </span>{' '}
      <span className={styles.note}>
        {!lastUsedAt && t('key.neverUsed')}
        {lastUsedAt &&
          (isUnused
            ? placed(
                t('key.previousUnused', { time: PLACE }),
                <Moment iso={lastUsedAt} now={now} />,
              )
            : t('key.previousUsed', {
                age: age(now - Date.parse(lastUsedAt)),
              }))}
      </span>{' '}
      {/* A moment that has passed is left out: it is put off while the key is in use. */}
      {revokesAt && Date.parse(revokesAt) > now && (
        <span className={styles.note}>
          {placed(
            t('key.previousEnds', { time: PLACE }),
            <Moment iso={revokesAt} now={now} />,
          )}
        </span>
      )}
    </div>
  );
}

/** Whether Keeptrusts says that no tier is enforced; that none is named may also mean that it is not known. */
function hasUnenforcedTier({ findings }: GovernanceStatus): boolean {
  return findings.some(({ code }) => code === 'tier-unenforced');
}

interface TierProps {
  tier: PolicyTierStatus;
  unenforced: boolean;
}

function TierFact({ tier, unenforced }: TierProps) {
  const { t } = useWords();
  const { declared, enforced } = tier;
  const differs = declared && enforced && declared !== enforced;
  return (
    <Fact
      label={
        <>
          {t('tier.label')}
          <TierBadge tier={tier} unenforced={unenforced} />
        </>
      }
      note={differs ? t('tier.enforcedInstead', { tier: enforced }) : undefined}
    >
      {declared ?? enforced ?? t('tier.none')}
    </Fact>
  );
}

function TierBadge({ tier: { declared, enforced }, unenforced }: TierProps) {
  const { t } = useWords();
  if (!declared)
    return <StateBadge small tone="attention" label={t('tier.undeclared')} />;
  if (!enforced) {
    return unenforced ? (
      <StateBadge small tone="bad" label={t('tier.unenforced')} />
    ) : (
      <StateBadge small tone="unknown" label={t('tier.unknown')} />
    );
  }
  return declared === enforced ? (
    <StateBadge small tone="good" label={t('tier.enforced')} />
  ) : (
    <StateBadge small tone="bad" label={t('tier.drift')} />
  );
}
