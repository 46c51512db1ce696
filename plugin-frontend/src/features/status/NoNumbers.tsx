import { Text } from '@backstage/ui';
import { RiInformationLine, RiLockLine } from '@remixicon/react';
import { GovernanceStatus } from '../../api';
import { useWords, withheldText, Words } from '../../translations';
import styles from './GovernanceStatusCard.module.css';
import { Section } from './sections';

/** Why numbers are not there. */
type Reason = 'withheld' | 'for-owners' | 'unavailable';

const REASONS: Record<
  Reason,
  (words: Words, status: GovernanceStatus, parts: string) => string
> = {
  withheld: ({ t }, _, parts) => t('missing.withheld', { parts }),
  'for-owners': (words, { findings }, parts) =>
    words.t('missing.forOwners', {
      whose: withheldText(words, findings) ?? '',
      parts,
    }),
  unavailable: ({ t }, _, parts) => t('missing.unavailable', { parts }),
};

/** Names the numbers that are not there, so that an absent part is never taken for a zero. The findings say why. */
export function NoNumbers({
  status,
  sections,
}: {
  status: GovernanceStatus;
  sections: ReadonlySet<Section>;
}) {
  const words = useWords();
  const { t, list } = words;
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
        {REASONS[reason](words, status, list(missing))}
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
