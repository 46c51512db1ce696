import { Skeleton } from '@backstage/ui';
import styles from './GatewayCard.module.css';

/** The card before its first answer, in the shape that it will have. */
export const GatewaySkeleton = () => (
  <div className={styles.sections}>
    <div className={styles.section}>
      <Skeleton width="60%" height="1.25rem" />
    </div>
    <div className={styles.section}>
      <Skeleton width="6rem" height="0.875rem" />
      <Skeleton width="80%" height="1.25rem" />
      <Skeleton width="80%" height="1.25rem" />
    </div>
    <Skeleton width="50%" height="1rem" />
  </div>
);
