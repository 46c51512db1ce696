import { Skeleton, Text } from '@backstage/ui';
import { ReactNode } from 'react';
import { Legible } from './CardFrame';
import styles from './Figures.module.css';

/** Figures side by side, the first of which is the most important one. */
export const Figures = ({ children }: { children: ReactNode }) => (
  <Legible>
    <dl className={styles.figures}>{children}</dl>
  </Legible>
);

/** One figure: its name, its value, and what is to be said of it in smaller print. */
export const Figure = ({
  label,
  value,
  notes = [],
}: {
  label: string;
  value: string;
  /** What is undefined is left out. */
  notes?: readonly (string | undefined)[];
}) => (
  <div className={styles.figure}>
    <dt>{label}</dt>
    <dd>
      <span className={styles.value}>{value}</span>
      {notes.map(
        note =>
          note && (
            <Text as="p" key={note} variant="body-small" color="secondary">
              {note}
            </Text>
          ),
      )}
    </dd>
  </div>
);

/** Three figures that are not known yet. */
export const FiguresSkeleton = () => (
  <div className={styles.figures}>
    {['first', 'second', 'third'].map(figure => (
      <Skeleton key={figure} height="5.5rem" width="100%" />
    ))}
  </div>
);
