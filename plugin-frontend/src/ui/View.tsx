import { ReactElement, ReactNode } from 'react';
import styles from './View.module.css';

/** What a tab or a page is made of. */
export interface ViewProps {
  title: string;
  /** What chooses what is shown, at the start of the bar. */
  choice?: ReactElement;
  /** How fresh it is and what can be done with it, at the end of the bar. */
  tools?: ReactNode;
  children: ReactNode;
}

/** A tab or a page that screen readers find by its title, with a bar above it where there is something for one. */
export const View = ({ title, choice, tools, children }: ViewProps) => (
  <section aria-label={title} className={styles.view}>
    {(choice || tools) && (
      <div className={styles.bar}>
        {choice}
        {tools && <div className={styles.tools}>{tools}</div>}
      </div>
    )}
    {children}
  </section>
);
