import { Button, Text } from '@backstage/ui';
import {
  RemixiconComponentType,
  RiCloseCircleLine,
  RiErrorWarningLine,
  RiLockLine,
  RiQuestionLine,
  RiRefreshLine,
} from '@remixicon/react';
import { KeeptrustsError, KeeptrustsErrorKind } from '../api';
import { failureText, useWords } from '../translations';
import styles from './Content.module.css';

const ICONS: Record<KeeptrustsErrorKind, RemixiconComponentType> = {
  'signed-out': RiLockLine,
  'not-permitted': RiLockLine,
  'not-found': RiQuestionLine,
  'not-configured': RiErrorWarningLine,
  'unknown-instance': RiErrorWarningLine,
  'wrong-target': RiErrorWarningLine,
  'web-page': RiErrorWarningLine,
  unreachable: RiCloseCircleLine,
  'too-many-requests': RiRefreshLine,
  contract: RiErrorWarningLine,
  service: RiErrorWarningLine,
};

/** Why there is nothing to show, and what to do about it. */
export function Failure(props: {
  error: KeeptrustsError;
  busy: boolean;
  retryable: boolean;
  onRetry: () => void;
}) {
  const { error, busy, retryable, onRetry } = props;
  const words = useWords();
  const { t, span } = words;
  const { title, description } = failureText(words, error);
  const Icon = ICONS[error.kind];
  const { retryAfter } = error;
  return (
    <div role="alert" className={styles.failure} data-failure={error.kind}>
      <div className={styles.failureHead}>
        <Icon aria-hidden size={20} className={styles.failureIcon} />
        <Text as="h4" variant="body-medium" weight="bold">
          {title}
        </Text>
      </div>
      <Text variant="body-small">{description}</Text>
      {error.detail && (
        <Text variant="body-small" color="secondary" className={styles.detail}>
          {error.detail}
        </Text>
      )}
      {error.requestId && (
        <Text
          variant="body-x-small"
          color="secondary"
          className={styles.detail}
        >
          {t('failure.requestId', { id: error.requestId })}
        </Text>
      )}
      {retryAfter ? (
        <Text variant="body-small" color="secondary">
          {t('failure.retryAfter', { span: span(retryAfter * 1000) })}
        </Text>
      ) : null}
      <Button
        size="small"
        variant="secondary"
        isPending={busy}
        // Never `isDisabled`: a disabled button loses the focus.
        aria-disabled={retryable ? undefined : true}
        className={styles.retry}
        onPress={onRetry}
      >
        {t('failure.retry')}
      </Button>
    </div>
  );
}
