import { Text } from '@backstage/ui';
import { RiInformationLine, RiLockLine } from '@remixicon/react';
import { GovernanceStatus } from '../../api';
import { useTranslation } from '../../translation';
import styles from './GovernanceStatusCard.module.css';

/** Names the numbers that are not there, so that an absent part is never taken for a zero. The findings say why. */
export function NoNumbers({ status }: { status: GovernanceStatus }) {
  const { t } = useTranslation();
  const missing = [
    status.budget ? undefined : t('budget.title'),
    status.wallet || hasNoWallet(status) ? undefined : t('wallet.title'),
    status.activity ? undefined : t('activity.title'),
  ].filter(it => it !== undefined);
  if (!missing.length) return null;
  const withheld = status.gatewayKey?.state === 'withheld';
  const parts = new Intl.ListFormat(undefined, { type: 'unit' }).format(
    missing,
  );
  const Icon = withheld ? RiLockLine : RiInformationLine;
  return (
    <div
      className={styles.aside}
      data-missing={withheld ? 'withheld' : 'unavailable'}
    >
      <Icon aria-hidden size={16} className={styles.asideIcon} />
      <Text variant="body-small" color="secondary">
        {withheld
          ? t('missing.withheld', { parts })
          : t('missing.unavailable', { parts })}
      </Text>
    </div>
  );
}

/** A wallet that does not exist is known not to; its finding says so. */
function hasNoWallet({ findings }: GovernanceStatus): boolean {
  return findings.some(({ code }) => code === 'wallet-missing');
}
