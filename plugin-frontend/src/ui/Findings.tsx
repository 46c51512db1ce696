import { Alert, Text } from '@backstage/ui';
import {
  RemixiconComponentType,
  RiAlertLine,
  RiErrorWarningLine,
  RiInformationLine,
} from '@remixicon/react';
import { Finding } from '../api';
import { known } from '../domain/known';
import { findingText, Translate, useWords } from '../translations';
import styles from './Findings.module.css';
import { TemplateLink } from './TemplateLink';
import { useNow } from './useNow';
import { WholeNames } from './WholeNames';

/** How often the times in findings are said again, in milliseconds. */
const CLOCK_MS = 60_000;

/** How an alert shows a severity. */
const STATUSES = {
  error: 'danger',
  warning: 'warning',
  info: 'info',
} as const;

/**
 * What is wrong, worst first, as the service orders it: the first stands out, the others follow in a list. `compact` shows
 * the first and how many more there are.
 */
export function Findings({
  findings,
  compact = false,
}: {
  findings: readonly Finding[];
  compact?: boolean;
}) {
  const words = useWords();
  const now = useNow(CLOCK_MS);
  const { t, count } = words;
  const [worst, ...others] = findings;
  if (!worst) return null;
  const { message, hint } = findingText(words, worst, now);
  return (
    <div
      className={styles.findings}
      role="group"
      aria-label={t('findings.label')}
    >
      <Alert
        status={known(STATUSES, worst.severity) ?? 'warning'}
        icon
        title={<WholeNames text={message} />}
        description={hint && <WholeNames text={hint} />}
        data-finding={worst.code}
      />
      <RemedyOf finding={worst} />
      {compact && others.length > 0 && (
        <Text variant="body-small" color="secondary">
          {t('findings.more', {
            count: others.length,
            number: count(others.length),
          })}
        </Text>
      )}
      {!compact && others.length > 0 && (
        <ul className={styles.list}>
          {others.map((finding, index) => (
            // One code may come twice: two annotations may be malformed.
            <OtherFinding key={index} finding={finding} now={now} />
          ))}
        </ul>
      )}
    </div>
  );
}

function OtherFinding({ finding, now }: { finding: Finding; now: number }) {
  const words = useWords();
  const { code, severity } = finding;
  const { message, hint } = findingText(words, finding, now);
  return (
    <li className={styles.item} data-severity={severity} data-finding={code}>
      <SeverityIcon severity={severity} />
      <div>
        <Text variant="body-medium">
          <WholeNames text={message} />
        </Text>
        {hint && (
          <Text
            as="p"
            variant="body-small"
            color="secondary"
            className={styles.hint}
          >
            <WholeNames text={hint} />
          </Text>
        )}
        <RemedyOf finding={finding} />
      </div>
    </li>
  );
}

function RemedyOf({ finding: { code, remedy } }: { finding: Finding }) {
  const { t } = useWords();
  return remedy ? (
    <div>
      <TemplateLink remedy={remedy} label={t('remedy.open')} about={code} />
    </div>
  ) : null;
}

const ICONS: Record<
  Finding['severity'],
  [RemixiconComponentType, (t: Translate) => string]
> = {
  error: [RiAlertLine, t => t('severity.error')],
  warning: [RiErrorWarningLine, t => t('severity.warning')],
  info: [RiInformationLine, t => t('severity.info')],
};

function SeverityIcon({ severity }: { severity: Finding['severity'] }) {
  const { t } = useWords();
  const [Icon, label] = known(ICONS, severity) ?? ICONS.warning;
  return (
    <Icon role="img" aria-label={label(t)} size={16} className={styles.icon} />
  );
}
