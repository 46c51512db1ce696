import { Alert, Flex } from '@backstage/ui';
import { ReactElement, ReactNode, useEffect, useRef } from 'react';
import { failureText, useWords } from '../translations';
import styles from './Content.module.css';
import { Failure } from './Failure';
import { Resource } from './useResource';

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
  const words = useWords();
  const { value, error, busy } = resource;
  const content = useRef<HTMLDivElement>(null);
  const retried = useRef(false);
  const shown = value !== undefined;
  useEffect(() => {
    if (!shown || !retried.current) return;
    retried.current = false;
    // The button has gone with the failure: move the focus to what came, unless it is elsewhere by now.
    if (document.activeElement === document.body)
      content.current?.focus({ preventScroll: true });
  }, [shown]);
  if (value === undefined) {
    if (error)
      return (
        <Failure
          error={error}
          busy={busy}
          retryable={resource.refreshable}
          onRetry={() => {
            retried.current = true;
            resource.refresh();
          }}
        />
      );
    return (
      <div
        role="status"
        aria-label={words.t('content.loading')}
        aria-busy="true"
      >
        {skeleton}
      </div>
    );
  }
  return (
    <Flex
      ref={content}
      tabIndex={-1}
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
          title={words.t('freshness.failed')}
          description={failureText(words, error).title}
        />
      )}
      {empty && isEmpty?.(value) ? empty : children(value)}
    </Flex>
  );
}
