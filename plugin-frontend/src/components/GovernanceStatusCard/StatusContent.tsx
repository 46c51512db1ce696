import { GovernanceStatus } from '../../api';
import { useNow } from '../../hooks';
import { Findings } from '../Findings';
import { ActivitySection } from './ActivitySection';
import { BudgetSection } from './BudgetSection';
import styles from './GovernanceStatusCard.module.css';
import { IdentitySection } from './IdentitySection';
import { NoNumbers } from './NoNumbers';
import { WalletSection } from './WalletSection';

/** A status from what matters first to what matters last: what is wrong, the money, who and what, the rest. */
export function StatusContent({ status }: { status: GovernanceStatus }) {
  const now = useNow();
  const { findings, budget, wallet, activity, tightestLimit, links } = status;
  return (
    <div className={styles.sections}>
      <Findings findings={findings} />
      {budget && (
        <BudgetSection
          budget={budget}
          binds={tightestLimit === 'budget'}
          now={now}
        />
      )}
      <IdentitySection status={status} now={now} />
      {wallet && (
        <WalletSection wallet={wallet} binds={tightestLimit === 'wallet'} />
      )}
      {activity && (
        <ActivitySection
          activity={activity}
          console={links.console}
          now={now}
        />
      )}
      <NoNumbers status={status} />
    </div>
  );
}
