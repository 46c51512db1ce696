import { Text } from '@backstage/ui';
import { RiInformationLine, RiLockLine } from '@remixicon/react';
import { GovernanceStatus } from '../../api';
import { Translate, useWords } from '../../translations';
import styles from './GovernanceStatusCard.module.css';
import { Section } from './sections';

/** Why numbers are not there. */
type Reason = 'withheld' | 'for-owners' | 'unavailable';

const REASONS: Record<Reason, (t: Translate, parts: string) => string> = {
  withheld: (t, parts) => t('missing.withheld', { parts }),
  'for-owners': (t, parts) => t('missing.forOwners', { parts }),
  unavailable: (t, parts) => t('missing.unavailable', { parts }),
};

/** Names the numbers that are not there, so that an absent part is never taken for a zero. The findings say why. */
export function NoNumbers({
  status,
  sections,
}: {
  status: GovernanceStatus;
  sections: ReadonlySet<Section>;
}) {
  const { t, list } = useWords();
  const missing = [
    sections.has('budget') && !status.budget && t('budget.title'),
    sections.has('wallet') &&
      !status.wallet &&
      !has(status, 'wallet-missing') &&
      t('wallet.title'),
    sections.has('activity') && !status.activity && t('activity.title'),
  ].filter(it => it !== false);
  if (!missing.length) return null;
  const reason = reasonOf(status);
  const Icon = reason === 'unavailable' ? RiInformationLine : RiLockLine;
  return (
    <div className={styles.aside} data-missing={reason}>
      <Icon aria-hidden size={16} className={styles.asideIcon} />
      <Text variant="body-small" color="secondary">
        {REASONS[reason](t, list(missing))}
      </Text>
    </div>
  );
}

function reasonOf(status: GovernanceStatus): Reason {
  if (status.gatewayKey?.state === 'withheld') return 'withheld';
  return has(status, 'numbers-withheld') ? 'for-owners' : 'unavailable';
}

const has = ({ findings }: GovernanceStatus, code: string): boolean =>
  findings.some(finding => finding.code === code);
