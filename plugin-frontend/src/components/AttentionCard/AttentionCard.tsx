import { useRouteRef } from '@backstage/core-plugin-api';
import { Link, Skeleton, Text } from '@backstage/ui';
import { formatCount } from '../../format';
import { useNow } from '../../hooks';
import { governancePageRouteRef } from '../../routes';
import { useTranslation } from '../../translation';
import { Legible } from '../CardFrame';
import { Content } from '../Content';
import {
  EntityName,
  GovernedEntity,
  ordered,
  stateOf,
  useGovernedEntities,
} from '../GovernancePage';
import { StateCell } from '../GovernancePage/cells';
import { GovernanceStateBadge } from '../StateBadge';
import styles from './AttentionCard.module.css';

/** As many as fit a card; the page has the others. */
const MOST_SHOWN = 5;

/** The content of a card for the home page: what of the viewer's own has a finding, the worst first. */
export function AttentionCard() {
  const { t } = useTranslation();
  const resource = useGovernedEntities('owned');
  return (
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
      {({ entities }) => <Attention entities={entities} />}
    </Content>
  );
}

function Attention({ entities }: { entities: readonly GovernedEntity[] }) {
  const { t } = useTranslation();
  const now = useNow();
  const href = usePageAddress();
  const pressing = ordered(
    entities.filter(entity => stateOf(entity) !== 'ok'),
    { column: 'state', direction: 'ascending' },
    now,
  );
  return (
    <Legible>
      <div className={styles.sections}>
        {pressing.length ? (
          <ul className={styles.list} aria-label={t('overview.attention.list')}>
            {pressing.slice(0, MOST_SHOWN).map(entity => (
              <li key={entity.entityRef} className={styles.item}>
                <EntityName entity={entity} />
                <StateCell entity={entity} />
              </li>
            ))}
          </ul>
        ) : (
          <div className={styles.item}>
            <GovernanceStateBadge state="ok" />
            <Text variant="body-medium">
              {t('overview.attention.allInOrder', {
                number: formatCount(entities.length),
              })}
            </Text>
          </div>
        )}
        {href && (
          <Link href={href} variant="body-small">
            {pressing.length > MOST_SHOWN
              ? t('overview.attention.more', {
                  number: formatCount(pressing.length),
                })
              : t('overview.attention.open')}
          </Link>
        )}
      </div>
    </Legible>
  );
}

/** Where the AI governance page is; undefined in an app that does not have it. */
function usePageAddress(): string | undefined {
  try {
    return useRouteRef(governancePageRouteRef)();
  } catch {
    // There is no other way to ask: an app without the page makes the hook throw, and the card can do without.
    return undefined;
  }
}

const AttentionSkeleton = () => (
  <div className={styles.sections}>
    {['first', 'second', 'third'].map(row => (
      <Skeleton key={row} height="3rem" width="100%" />
    ))}
  </div>
);
