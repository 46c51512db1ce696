import { ReactNode } from 'react';
import styles from './FactList.module.css';

/** Facts side by side where there is room, below each other where there is not. */
export const FactList = ({ children }: { children: ReactNode }) => (
  <dl className={styles.list}>{children}</dl>
);

/** One fact: its name, its value, and smaller print below. */
export const Fact = ({
  label,
  children,
  note,
}: {
  label: ReactNode;
  children: ReactNode;
  note?: ReactNode;
}) => (
  <div className={styles.fact}>
    <dt className={styles.label}>{label}</dt>
    <dd className={styles.value}>{children}</dd>
    {note && <dd className={styles.note}>{note}</dd>}
  </div>
);
