import {
  entityRouteParams,
  entityRouteRef,
} from '@backstage/plugin-catalog-react';
import { Link } from '@backstage/ui';
import { GovernedEntity } from '../../api/governedEntities';
import { useOptionalRoute } from '../../ui/useOptionalRoute';
import styles from './GovernancePage.module.css';

/** The entity's name, which leads to its page where the app has the catalog's, and what it is and whose. */
export function EntityName({ entity }: { entity: GovernedEntity }) {
  const routeTo = useOptionalRoute(entityRouteRef);
  const { kind, namespace, title, status } = entity;
  const about = [
    kind.toLocaleLowerCase('en-US'),
    namespace !== 'default' && namespace,
    status?.team?.name,
  ].filter(Boolean);
  return (
    <span className={`${styles.lines} ${styles.entity}`}>
      {routeTo ? (
        <Link
          href={routeTo(entityRouteParams(entity.entityRef))}
          variant="body-medium"
          weight="bold"
          className={styles.name}
        >
          {title}
        </Link>
      ) : (
        <strong className={styles.name}>{title}</strong>
      )}
      <span className={styles.second}>{about.join(' · ')}</span>
    </span>
  );
}
