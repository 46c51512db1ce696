import { Text } from '@backstage/ui';
import { ActivityStatus } from '../../api';
import { useWords } from '../../translations';
import { ExternalLink } from '../../ui/ExternalLink';
import styles from './GovernanceStatusCard.module.css';
import { SectionHead, Tag } from './SectionHead';

interface ActivitySectionProps {
  activity: ActivityStatus;
  /** The address of the team in the console. */
  console?: string | null;
  now: number;
}

/** Today's requests and what the policy did with them. */
export function ActivitySection({
  activity,
  console,
  now,
}: ActivitySectionProps) {
  const { t, age } = useWords();
  const { requests, blocked, redacted, escalated, complete, lastRequestAt } =
    activity;
  return (
    <section className={styles.section} aria-label={t('activity.title')}>
      <SectionHead title={t('activity.title')}>
        {!complete && <Tag>{t('activity.lowerBound')}</Tag>}
      </SectionHead>
      <dl className={styles.counts}>
        <Count label={t('activity.requests')} count={requests} />
        <Count label={t('activity.blocked')} count={blocked} />
        <Count label={t('activity.redacted')} count={redacted} />
        <Count label={t('activity.escalated')} count={escalated} />
      </dl>
      <div className={styles.below}>
        <Text variant="body-small" color="secondary">
          {lastRequestAt &&
            t('activity.last', {
              age: age(now - Date.parse(lastRequestAt)),
            })}
          {requests === 0 && complete && t('activity.none')}
        </Text>
        {console && (
          <ExternalLink href={console}>{t('activity.console')}</ExternalLink>
        )}
      </div>
    </section>
  );
}

function Count({ label, count }: { label: string; count: number }) {
  const words = useWords();
  return (
    <div className={styles.count} data-zero={count === 0 || undefined}>
      <dt>{label}</dt>
      <dd>{words.count(count)}</dd>
    </div>
  );
}
