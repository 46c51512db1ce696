import { ReactElement, ReactNode } from 'react';
import styles from './View.module.css';

/** What stands above the content of a view. */
export interface ViewBarProps {
  /** What chooses what is shown, at the start of the bar. */
  choice?: ReactElement;
  /** How fresh it is and what can be done with it, at the end of the bar. */
  tools?: ReactNode;
}

/** The bar of a view: a choice, and tools at its end. */
export const ViewBar = ({ choice, tools }: ViewBarProps) => (
  <div className={styles.bar}>
    {choice}
    {tools && <div className={styles.tools}>{tools}</div>}
  </div>
);

/** What a tab or a page is made of; it has a bar where there is something for one. */
export interface ViewProps extends ViewBarProps {
  title: string;
  children: ReactNode;
}

/** A tab or a page that screen readers find by its title. */
export const View = ({ title, choice, tools, children }: ViewProps) => (
  <section aria-label={title} className={styles.view}>
    {(choice || tools) && <ViewBar choice={choice} tools={tools} />}
    {children}
  </section>
);
