import { Skeleton } from '@backstage/ui';
import { FiguresSkeleton } from '../../ui/Figures';
import styles from './SpendContent.module.css';

/** In the shape of a report. */
export const SpendSkeleton = () => (
  <div className={styles.sections}>
    <FiguresSkeleton />
    <Skeleton height="25rem" width="100%" />
    <Skeleton height="10rem" width="100%" />
  </div>
);
