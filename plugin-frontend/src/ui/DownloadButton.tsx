import { useAnalytics } from '@backstage/core-plugin-api';
import { Button, Menu, MenuItem, MenuTrigger, Text } from '@backstage/ui';
import { RiDownloadLine } from '@remixicon/react';
import { useEffect, useRef, useState } from 'react';
import {
  ExportedFile,
  ExportFormat,
  isKeeptrustsError,
  KeeptrustsError,
  ServiceError,
} from '../api';
import { failureText, useWords } from '../translations';
import styles from './DownloadButton.module.css';

/** What became of the last download. */
type Outcome = { name: string } | { error: KeeptrustsError };

/**
 * Downloads the numbers of a view as a file. The browser could not do it by a link: the request needs the viewer's token.
 * `load` asks for the file, and is aborted when the button goes.
 */
export function DownloadButton({
  load,
}: {
  load: (format: ExportFormat, signal: AbortSignal) => Promise<ExportedFile>;
}) {
  const words = useWords();
  const { t } = words;
  const analytics = useAnalytics();
  const [busy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState<Outcome>();
  const underWay = useRef<AbortController>();
  useEffect(() => () => underWay.current?.abort(), []);

  const download = async (format: ExportFormat) => {
    const mine = new AbortController();
    underWay.current = mine;
    analytics.captureEvent('download', format);
    setBusy(true);
    setOutcome(undefined);
    let became: Outcome;
    try {
      const file = await load(format, mine.signal);
      if (mine.signal.aborted) return;
      save(file);
      became = { name: file.name };
    } catch (thrown) {
      if (mine.signal.aborted) return;
      became = {
        error: isKeeptrustsError(thrown)
          ? thrown
          : new ServiceError(String(thrown)),
      };
    }
    setOutcome(became);
    setBusy(false);
  };

  return (
    <div className={styles.download}>
      <MenuTrigger>
        <Button
          size="small"
          variant="secondary"
          isPending={busy}
          iconStart={<RiDownloadLine aria-hidden />}
        >
          {t('download.label')}
        </Button>
        <Menu
          onAction={format => {
            if (!busy) void download(format as ExportFormat);
          }}
        >
          <MenuItem id="csv">{t('download.csv')}</MenuItem>
          <MenuItem id="focus">{t('download.focus')}</MenuItem>
        </Menu>
      </MenuTrigger>
      <Text
        role="status"
        variant="body-small"
        color="secondary"
        className={outcome && 'error' in outcome ? undefined : styles.unseen}
      >
        {busy && t('download.busy')}
        {outcome &&
          ('error' in outcome
            ? t('download.failed', {
                reason: failureText(words, outcome.error).title,
              })
            : t('download.done', { name: outcome.name }))}
      </Text>
    </div>
  );
}

/** Hands a file to the browser, which saves it as it saves any download. */
function save({ name, content }: ExportedFile): void {
  const address = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  // The download begins with the click, but some browsers read the content a moment later.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
