import { Alert, Flex } from '@backstage/ui';
import { ReactElement, ReactNode } from 'react';
import { Resource } from '../../hooks';
import { useTranslation } from '../../translation';
import styles from './Content.module.css';
import { Failure } from './Failure';
import { failureText } from './failureText';

/** What to show of a resource. */
export interface ContentProps<T> {
  resource: Resource<T>;
  /** In the shape of the content, so that nothing jumps when it comes. */
  skeleton: ReactElement;
  /** Shown instead of a value that `isEmpty`. */
  empty?: ReactElement;
  isEmpty?: (value: T) => boolean;
  children: (value: T) => ReactNode;
}

/**
 * The one place that decides between skeleton, failure, emptiness and content, for card, tab and page alike. Content
 * stays while a refresh runs; when one fails it stays too, with a line above it that says so.
 */
export function Content<T>({
  resource,
  skeleton,
  empty,
  isEmpty,
  children,
}: ContentProps<T>) {
  const { t } = useTranslation();
  const { value, error, busy } = resource;
  if (value === undefined) {
    if (error)
      return (
        <Failure
          error={error}
          busy={busy}
          retryable={resource.refreshable}
          onRetry={resource.refresh}
        />
      );
    return (
      <div role="status" aria-label={t('content.loading')} aria-busy="true">
        {skeleton}
      </div>
    );
  }
  return (
    <Flex
      direction="column"
      gap="4"
      aria-busy={busy}
      className={styles.content}
      data-busy={busy || undefined}
    >
      {error && (
        <Alert
          role="status"
          status="warning"
          icon
          title={t('freshness.failed')}
          description={failureText(t, error).title}
        />
      )}
      {empty && isEmpty?.(value) ? empty : children(value)}
    </Flex>
  );
}
