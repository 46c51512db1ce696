import { Skeleton } from '@backstage/ui';
import styles from './GovernanceStatusCard.module.css';

/** The card before its first answer, in the shape that it will have. */
export const StatusSkeleton = () => (
  <div className={styles.sections}>
    <div className={styles.section}>
      <Skeleton width="6rem" height="0.875rem" />
      <Skeleton width="12rem" height="1.75rem" />
      <Skeleton width="100%" height="0.75rem" rounded />
      <Skeleton width="60%" height="0.875rem" />
    </div>
    <div className={styles.section}>
      <Skeleton width="80%" height="1rem" />
      <Skeleton width="60%" height="1rem" />
    </div>
    <div className={styles.section}>
      <Skeleton width="6rem" height="0.875rem" />
      <Skeleton width="10rem" height="1.5rem" />
    </div>
  </div>
);
