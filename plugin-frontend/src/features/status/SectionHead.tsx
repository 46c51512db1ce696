import { Text } from '@backstage/ui';
import { ReactNode } from 'react';
import styles from './GovernanceStatusCard.module.css';

/** The heading of a part of the card, with what qualifies it beside it. */
export const SectionHead = ({
  title,
  children,
}: {
  title: string;
  children?: ReactNode;
}) => (
  <div className={styles.head}>
    <Text as="h4" variant="body-small" weight="bold">
      {title}
    </Text>
    {children}
  </div>
);

/** A short qualification in a frame. */
export const Tag = ({ children }: { children: ReactNode }) => (
  <span className={styles.tag}>{children}</span>
);
