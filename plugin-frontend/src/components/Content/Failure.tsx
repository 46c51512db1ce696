import { Button, Text } from '@backstage/ui';
import {
  RemixiconComponentType,
  RiCloudOffLine,
  RiErrorWarningLine,
  RiLockLine,
  RiPlugLine,
  RiQuestionLine,
} from '@remixicon/react';
import {
  KeeptrustsError,
  KeeptrustsErrorKind,
  UnreachableError,
} from '../../api';
import { formatSpan } from '../../format';
import { useTranslation } from '../../translation';
import styles from './Content.module.css';
import { failureText } from './failureText';

const ICONS: Record<KeeptrustsErrorKind, RemixiconComponentType> = {
  'not-permitted': RiLockLine,
  'not-found': RiQuestionLine,
  'not-configured': RiPlugLine,
  unreachable: RiCloudOffLine,
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
  const { t } = useTranslation();
  const { title, description } = failureText(t, error);
  const Icon = ICONS[error.kind];
  const retryAfter =
    error.kind === 'unreachable'
      ? (error as UnreachableError).retryAfter
      : undefined;
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
          {t('failure.retryAfter', { span: formatSpan(t, retryAfter * 1000) })}
        </Text>
      ) : null}
      <Button
        size="small"
        variant="secondary"
        isPending={busy}
        // Never `isDisabled`: that would take the focus from whoever has just pressed it in vain.
        aria-disabled={retryable ? undefined : true}
        className={styles.retry}
        onPress={onRetry}
      >
        {t('failure.retry')}
      </Button>
    </div>
  );
}
