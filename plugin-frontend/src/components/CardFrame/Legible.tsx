import { ReactNode } from 'react';
import styles from './CardFrame.module.css';

/** What stands on a card's background without being an entity's card: its small print can be read in every theme. */
export const Legible = ({ children }: { children: ReactNode }) => (
  <div className={styles.frame}>
    <div className={styles.legible}>{children}</div>
  </div>
);
