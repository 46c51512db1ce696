import { Skeleton } from '@backstage/ui';
import styles from './GovernancePage.module.css';

/** In the shape of filters and table. */
export const TableSkeleton = () => (
  <div className={styles.sections}>
    <Skeleton height="2rem" width="100%" />
    {['first', 'second', 'third', 'fourth', 'fifth', 'sixth'].map(row => (
      <Skeleton key={row} height="3.25rem" width="100%" />
    ))}
  </div>
);
