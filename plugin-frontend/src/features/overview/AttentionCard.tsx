import { InfoCard } from '@backstage/core-components';
import { Link, Skeleton, Text } from '@backstage/ui';
import { PressingEntities } from '../../api/governedEntities';
import { governancePageRouteRef } from '../../routes';
import { useWords } from '../../translations';
import { Legible } from '../../ui/CardFrame';
import { Content } from '../../ui/Content';
import { GovernanceStateBadge } from '../../ui/StateBadge';
import { useNow } from '../../ui/useNow';
import { useOptionalRoute } from '../../ui/useOptionalRoute';
import styles from './AttentionCard.module.css';
import { StateCell } from './cells';
import { EntityName } from './EntityName';
import { usePressingEntities } from './useGovernedEntities';

/** How often words about time are said again, in milliseconds. */
const CLOCK_MS = 60_000;

/** As many as fit a card; the page has the others. */
const MOST_SHOWN = 5;

/** A card for the home page: what of the viewer's own has a finding, the worst first. */
export function AttentionCard() {
  const { t } = useWords();
  const resource = usePressingEntities(MOST_SHOWN);
  const now = useNow(CLOCK_MS) - resource.clockAheadMs;
  return (
    <InfoCard title={t('overview.attention.title')} divider>
      <Content
        resource={resource}
        skeleton={<AttentionSkeleton />}
        isEmpty={it => !it.total}
        empty={
          <Text variant="body-medium">
            {t('overview.attention.nothingOwned')}
          </Text>
        }
      >
        {value => <Attention value={value} now={now} />}
      </Content>
    </InfoCard>
  );
}

function Attention({
  value: { worst, pressing, total, truncated },
  now,
}: {
  value: PressingEntities;
  /** In milliseconds of the service's clock. */
  now: number;
}) {
  const { t, count } = useWords();
  const href = useOptionalRoute(governancePageRouteRef)?.();
  return (
    <Legible>
      <div className={styles.sections}>
        {pressing ? (
          <ul className={styles.list} aria-label={t('overview.attention.list')}>
            {worst.map(entity => (
              <li key={entity.entityRef} className={styles.item}>
                <EntityName entity={entity} />
                <StateCell entity={entity} now={now} />
              </li>
            ))}
          </ul>
        ) : (
          <div className={styles.item}>
            <GovernanceStateBadge state="ok" />
            <Text variant="body-medium">
              {t('overview.attention.allInOrder', {
                count: total,
                number: count(total),
              })}
            </Text>
          </div>
        )}
        {truncated && (
          <Text variant="body-small" color="secondary">
            {t('overview.attention.truncated', {
              count: total,
              number: count(total),
            })}
          </Text>
        )}
        {href && (
          <Link href={href} variant="body-small">
            {pressing > MOST_SHOWN
              ? t('overview.attention.more', {
                  number: count(pressing),
                })
              : t('overview.attention.open')}
          </Link>
        )}
      </div>
    </Legible>
  );
}

const AttentionSkeleton = () => (
  <div className={styles.sections}>
    {['first', 'second', 'third'].map(row => (
      <Skeleton key={row} height="3rem" width="100%" />
    ))}
  </div>
);
