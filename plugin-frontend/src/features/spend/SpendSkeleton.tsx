import { Skeleton } from '@backstage/ui';
import styles from './SpendContent.module.css';

/** In the shape of a report. */
export const SpendSkeleton = () => (
  <div className={styles.sections}>
    <div className={styles.figures}>
      {['total', 'budget', 'highest'].map(figure => (
        <Skeleton key={figure} height="5.5rem" width="100%" />
      ))}
    </div>
    <Skeleton height="25rem" width="100%" />
    <Skeleton height="10rem" width="100%" />
  </div>
);
