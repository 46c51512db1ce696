import { Button } from '@backstage/ui';
import { RiCheckboxCircleLine, RiFileCopyLine } from '@remixicon/react';
import { useEffect, useRef, useState } from 'react';
import { useWords } from '../translations';
import styles from './CopyableCode.module.css';

const SAID_FOR_MS = 3_000;

/** Text to paste elsewhere, with a button that copies it. */
export function CopyableCode({ code, label }: { code: string; label: string }) {
  const { t } = useWords();
  const text = useRef<HTMLElement>(null);
  const [said, setSaid] = useState<'copied' | 'failed'>();

  useEffect(() => {
    if (!said) return undefined;
    const timer = setTimeout(() => setSaid(undefined), SAID_FOR_MS);
    return () => clearTimeout(timer);
  }, [said]);

  const copied = said === 'copied';
  return (
    <div className={styles.block}>
      <pre
        className={styles.code}
        role="region"
        aria-label={label}
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls, so the keyboard must reach it
        tabIndex={0}
      >
        <code ref={text}>{code}</code>
      </pre>
      <div className={styles.action}>
        <Button
          size="small"
          variant="secondary"
          iconStart={
            copied ? (
              <RiCheckboxCircleLine aria-hidden />
            ) : (
              <RiFileCopyLine aria-hidden />
            )
          }
          onPress={async () =>
            setSaid((await copy(code, text.current)) ? 'copied' : 'failed')
          }
        >
          {copied ? t('copy.done') : t('copy.do')}
        </Button>
        <span role="status" className={styles.said}>
          {said === 'failed' ? t('copy.failed') : ''}
        </span>
      </div>
    </div>
  );
}

/**
 * Copies `code`; false where the browser does not allow it. A page that is not served over HTTPS has no clipboard: there
 * the text of `element` is selected and copied, and stays selected where that fails too.
 */
async function copy(
  code: string,
  element: HTMLElement | null,
): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(code);
    return true;
  } catch {
    if (element) window.getSelection()?.selectAllChildren(element);
    return document.execCommand?.('copy') ?? false;
  }
}
