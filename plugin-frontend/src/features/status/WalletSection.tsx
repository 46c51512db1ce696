import { Text } from '@backstage/ui';
import { WalletStatus } from '../../api';
import { known } from '../../domain/known';
import { Translate, useWords } from '../../translations';
import { WalletStateBadge } from '../../ui/StateBadge';
import styles from './GovernanceStatusCard.module.css';
import { SectionHead, Tag } from './SectionHead';

const TITLES: Record<WalletStatus['scope'], (t: Translate) => string> = {
  team: t => t('wallet.ofTeam'),
  organization: t => t('wallet.ofOrganization'),
  user: t => t('wallet.ofUser'),
};

/** What the prepaid wallet still holds. */
export function WalletSection({
  wallet,
  binds,
}: {
  wallet: WalletStatus;
  binds: boolean;
}) {
  const { t, money } = useWords();
  const title = known(TITLES, wallet.scope)?.(t) ?? t('wallet.title');
  return (
    <section className={styles.section} aria-label={title}>
      <SectionHead title={title}>
        <WalletStateBadge state={wallet.state} />
        {binds && <Tag>{t('limit.binds')}</Tag>}
      </SectionHead>
      <div className={styles.figures}>
        <span className={`${styles.figure} ${styles.smallFigure}`}>
          {money(wallet.available)}{' '}
          <span className={styles.figureOf}>{t('wallet.available')}</span>
        </span>
        <Text variant="body-small" color="secondary">
          {t('wallet.reserved', {
            reserved: money(wallet.reserved),
            allocated: money(wallet.allocated),
          })}
        </Text>
      </div>
    </section>
  );
}
