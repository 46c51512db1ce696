import { formatMoney, formatRatio, paceOf, paceText } from '../../format';
import { useTranslation } from '../../translation';
import { BudgetMeter, spentText } from '../BudgetMeter';
import { useFailureText } from '../Content';
import { GovernanceStateBadge } from '../StateBadge';
import { WalletStateBadge } from '../WalletStateBadge';
import { WholeNames } from '../WholeNames';
import { GovernedEntity } from './governedEntities';
import styles from './GovernancePage.module.css';
import { stateOf } from './order';

/** What a cell shows. */
interface CellProps {
  entity: GovernedEntity;
}

/** The state, and the worst thing to know about it. */
export function StateCell({ entity }: CellProps) {
  const failureText = useFailureText();
  const { status, failure } = entity;
  const reason = failure
    ? failureText(failure).title
    : status?.findings[0]?.message;
  return (
    <span className={styles.lines} data-failure={failure?.kind}>
      <GovernanceStateBadge small state={stateOf(entity)} />
      {reason && (
        <span className={styles.second}>
          <WholeNames text={reason} />
        </span>
      )}
    </span>
  );
}

/** Today's spend; a lower bound says so. */
export function SpentCell({ entity }: CellProps) {
  const { t } = useTranslation();
  const budget = entity.status?.budget;
  return budget ? <>{spentText(t, budget)}</> : <Nothing />;
}

/** The declared budget, and how much of it is used. */
export function BudgetCell({ entity }: CellProps) {
  const { t } = useTranslation();
  const budget = entity.status?.budget;
  if (!budget) return <Nothing />;
  if (!budget.daily)
    return <span className={styles.second}>{t('overview.budget.none')}</span>;
  return (
    <span className={styles.budget}>
      <span className={styles.budgetText}>
        {formatMoney(budget.daily)}
        {typeof budget.usedRatio === 'number' && (
          <span className={styles.second}>
            {t('overview.budget.used', { used: formatRatio(budget.usedRatio) })}
          </span>
        )}
      </span>
      <BudgetMeter budget={budget} />
    </span>
  );
}

/** Whether the budget lasts; `now` is in milliseconds. */
export function PaceCell({ entity, now }: CellProps & { now: number }) {
  const { t } = useTranslation();
  const budget = entity.status?.budget;
  const text = budget && paceText(t, paceOf(budget, now), now);
  return text ? <span className={styles.pace}>{text}</span> : <Nothing />;
}

/** What the team's wallet still holds; its state where that is not the ordinary one. */
export function WalletCell({ entity }: CellProps) {
  const wallet = entity.status?.wallet;
  if (!wallet) return <Nothing />;
  return (
    <>
      {formatMoney(wallet.available)}
      {wallet.state !== 'healthy' && (
        <span className={styles.below}>
          <WalletStateBadge state={wallet.state} />
        </span>
      )}
    </>
  );
}

/** A number that is not known is no zero. */
function Nothing() {
  const { t } = useTranslation();
  return (
    <span
      role="img"
      aria-label={t('overview.nothingExplained')}
      className={styles.second}
    >
      {t('overview.nothing')}
    </span>
  );
}
