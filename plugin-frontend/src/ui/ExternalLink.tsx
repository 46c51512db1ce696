import { Link } from '@backstage/ui';
import { RiExternalLinkLine } from '@remixicon/react';
import { ReactNode } from 'react';
import { useWords } from '../translations';
import styles from './ExternalLink.module.css';

/**
 * A link out of Backstage, in a new tab, which it says to who cannot see its icon. An address that is not a web page's
 * (`javascript:`, say) is no link: the text stands there alone.
 */
export function ExternalLink({
  href,
  children,
}: {
  href?: string | null;
  children: ReactNode;
}) {
  const { t } = useWords();
  return href && isWebAddress(href) ? (
    <Link
      href={href}
      target="_blank"
      rel="noopener noreferrer"
      variant="body-medium"
      className={styles.link}
    >
      {children}
      <RiExternalLinkLine
        role="img"
        aria-label={t('link.newTab')}
        size={14}
        className={styles.icon}
      />
    </Link>
  ) : (
    <>{children}</>
  );
}

function isWebAddress(href: string): boolean {
  try {
    return ['http:', 'https:'].includes(new URL(href).protocol);
  } catch {
    return false;
  }
}
