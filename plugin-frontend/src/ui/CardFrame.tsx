import { EntityInfoCard } from '@backstage/plugin-catalog-react';
import { ReactElement, ReactNode } from 'react';
import styles from './CardFrame.module.css';

/** What a card of an entity page is made of. */
export interface CardFrameProps {
  title: string;
  /** The state at a glance, or a choice of what is shown, beside the title. */
  badge?: ReactElement;
  footer?: ReactElement;
  children: ReactNode;
}

/** A card that screen readers find by its title, and whose small print can be read in every theme. */
export const CardFrame = ({
  title,
  badge,
  footer,
  children,
}: CardFrameProps) => (
  <section aria-label={title} className={styles.frame}>
    <EntityInfoCard
      title={title}
      headerActions={badge}
      footerActions={footer}
      className={styles.legible}
    >
      {children}
    </EntityInfoCard>
  </section>
);

/** What stands on a card's background without being an entity's card: its small print can be read in every theme. */
export const Legible = ({ children }: { children: ReactNode }) => (
  <div className={styles.frame}>
    <div className={styles.legible}>{children}</div>
  </div>
);
