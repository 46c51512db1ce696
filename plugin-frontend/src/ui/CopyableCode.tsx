import { Button } from '@backstage/ui';
import { RiCheckLine, RiFileCopyLine } from '@remixicon/react';
import { useEffect, useState } from 'react';
import useCopyToClipboard from 'react-use/esm/useCopyToClipboard';
import { useWords } from '../translations';
import styles from './CopyableCode.module.css';

const SAID_FOR_MS = 3_000;

/** Text to paste elsewhere, with a button that copies it. */
export function CopyableCode({ code, label }: { code: string; label: string }) {
  const { t } = useWords();
  const [{ error }, copy] = useCopyToClipboard();
  const [said, setSaid] = useState(false);

  useEffect(() => {
    if (!said) return undefined;
    const timer = setTimeout(() => setSaid(false), SAID_FOR_MS);
    return () => clearTimeout(timer);
  }, [said]);

  const copied = said && !error;
  return (
    <div className={styles.block}>
      <pre
        className={styles.code}
        role="region"
        aria-label={label}
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls, so the keyboard must reach it
        tabIndex={0}
      >
        <code>{code}</code>
      </pre>
      <div className={styles.action}>
        <Button
          size="small"
          variant="secondary"
          iconStart={
            copied ? (
              <RiCheckLine aria-hidden />
            ) : (
              <RiFileCopyLine aria-hidden />
            )
          }
          onPress={() => {
            copy(code);
            setSaid(true);
          }}
        >
          {copied ? t('copy.done') : t('copy.do')}
        </Button>
        <span role="status" className={styles.said}>
          {said && error ? t('copy.failed') : ''}
        </span>
      </div>
    </div>
  );
}
