import { Alert, Text } from '@backstage/ui';
import { RiAlertLine, RiErrorWarningLine } from '@remixicon/react';
import { Finding } from '../../api';
import { useTranslation } from '../../translation';
import { WholeNames } from '../WholeNames';
import styles from './Findings.module.css';

/** What is wrong, worst first, as the service orders it: the first stands out, the others follow in a list. */
export function Findings({ findings }: { findings: readonly Finding[] }) {
  const { t } = useTranslation();
  const [worst, ...others] = findings;
  if (!worst) return null;
  return (
    <div
      className={styles.findings}
      role="group"
      aria-label={t('findings.label')}
    >
      <Alert
        status={worst.severity === 'error' ? 'danger' : 'warning'}
        icon
        title={<WholeNames text={worst.message} />}
        description={worst.hint && <WholeNames text={worst.hint} />}
        data-finding={worst.code}
      />
      {others.length > 0 && (
        <ul className={styles.list}>
          {others.map((finding, index) => (
            // One code may come twice: two annotations may be malformed.
            <li
              key={index}
              className={styles.item}
              data-severity={finding.severity}
              data-finding={finding.code}
            >
              <SeverityIcon severity={finding.severity} />
              <div>
                <Text variant="body-medium">
                  <WholeNames text={finding.message} />
                </Text>
                {finding.hint && (
                  <Text
                    as="p"
                    variant="body-small"
                    color="secondary"
                    className={styles.hint}
                  >
                    <WholeNames text={finding.hint} />
                  </Text>
                )}
              </div>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function SeverityIcon({ severity }: { severity: Finding['severity'] }) {
  const { t } = useTranslation();
  return severity === 'error' ? (
    <RiAlertLine
      role="img"
      aria-label={t('severity.error')}
      size={16}
      className={styles.icon}
    />
  ) : (
    <RiErrorWarningLine
      role="img"
      aria-label={t('severity.warning')}
      size={16}
      className={styles.icon}
    />
  );
}
