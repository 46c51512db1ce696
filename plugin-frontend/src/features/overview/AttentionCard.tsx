import { InfoCard } from '@backstage/core-components';
import { Link, Skeleton, Text } from '@backstage/ui';
import { GovernedEntities } from '../../api/governedEntities';
import { ordered, stateOf } from '../../domain/order';
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
import { useGovernedEntities } from './useGovernedEntities';

/** How often words about time are said again, in milliseconds. */
const CLOCK_MS = 60_000;

/** As many as fit a card; the page has the others. */
const MOST_SHOWN = 5;

/** A card for the home page: what of the viewer's own has a finding, the worst first. */
export function AttentionCard() {
  const { t } = useWords();
  const resource = useGovernedEntities('owned');
  const now = useNow(CLOCK_MS) - resource.clockAheadMs;
  return (
    <InfoCard title={t('overview.attention.title')} divider>
      <Content
        resource={resource}
        skeleton={<AttentionSkeleton />}
        isEmpty={it => !it.entities.length}
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
  value: { entities, truncated },
  now,
}: {
  value: GovernedEntities;
  /** In milliseconds of the service's clock. */
  now: number;
}) {
  const { t, count, locale } = useWords();
  const href = useOptionalRoute(governancePageRouteRef)?.();
  const pressing = ordered(
    entities.filter(entity => stateOf(entity) !== 'ok'),
    { column: 'state', direction: 'ascending' },
    now,
    locale,
  );
  return (
    <Legible>
      <div className={styles.sections}>
        {pressing.length ? (
          <ul className={styles.list} aria-label={t('overview.attention.list')}>
            {pressing.slice(0, MOST_SHOWN).map(entity => (
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
                count: entities.length,
                number: count(entities.length),
              })}
            </Text>
          </div>
        )}
        {truncated && (
          <Text variant="body-small" color="secondary">
            {t('overview.attention.truncated', {
              count: entities.length,
              number: count(entities.length),
            })}
          </Text>
        )}
        {href && (
          <Link href={href} variant="body-small">
            {pressing.length > MOST_SHOWN
              ? t('overview.attention.more', {
                  number: count(pressing.length),
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
