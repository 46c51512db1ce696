import {
  entityRouteParams,
  entityRouteRef,
} from '@backstage/plugin-catalog-react';
import { Link } from '@backstage/ui';
import { GovernanceState, KeeptrustsErrorKind } from '../../api';
import { GovernedEntity } from '../../api/governedEntities';
import { stateOf } from '../../domain/order';
import { paceOf } from '../../domain/pace';
import { SPEND_TAB_PATH } from '../../routes';
import {
  failureText,
  findingText,
  paceText,
  useWords,
} from '../../translations';
import { BudgetMeter, spentText, usedText } from '../../ui/BudgetMeter';
import { GovernanceStateBadge, WalletStateBadge } from '../../ui/StateBadge';
import { useOptionalRoute } from '../../ui/useOptionalRoute';
import { WholeNames } from '../../ui/WholeNames';
import styles from './GovernancePage.module.css';

/** What a cell shows. */
interface CellProps {
  entity: GovernedEntity;
}

/** The state, and the worst thing to know about it; `now` is in milliseconds. */
export function StateCell({ entity, now }: CellProps & { now: number }) {
  const words = useWords();
  const { status, failure } = entity;
  const worst = status?.findings[0];
  const reason = failure
    ? failureText(words, failure).title
    : worst && findingText(words, worst, now).message;
  return (
    <StateWithReason
      state={stateOf(entity)}
      reason={reason}
      failure={failure?.kind}
    />
  );
}

/** A state and, below it, why it is that. */
export const StateWithReason = ({
  state,
  reason,
  failure,
}: {
  state: GovernanceState;
  reason?: string;
  /** Which error stands in the way of a status. */
  failure?: KeeptrustsErrorKind;
}) => (
  <span className={styles.lines} data-failure={failure}>
    <GovernanceStateBadge small state={state} />
    {reason && (
      <span className={styles.second}>
        <WholeNames text={reason} />
      </span>
    )}
  </span>
);

/** Today's spend with what it is a bound of, which leads to the spend by day. */
export function SpentCell({ entity }: CellProps) {
  const words = useWords();
  const routeTo = useOptionalRoute(entityRouteRef);
  const budget = entity.status?.budget;
  if (!budget) return <Nothing />;
  const text = spentText(words, budget);
  if (!routeTo) return <>{text}</>;
  const page = routeTo(entityRouteParams(entity.entityRef));
  return (
    <Link
      href={`${page}${SPEND_TAB_PATH}`}
      variant="body-medium"
      title={words.t('overview.spendOf', { name: entity.title })}
    >
      {text}
    </Link>
  );
}

/** The declared budget, and how much of it is used. */
export function BudgetCell({ entity }: CellProps) {
  const words = useWords();
  const { t, money } = words;
  const budget = entity.status?.budget;
  if (!budget) return <Nothing />;
  if (!budget.daily)
    return <span className={styles.second}>{t('overview.budget.none')}</span>;
  const used = usedText(words, budget);
  return (
    <span className={styles.budget}>
      <span className={styles.budgetText}>
        {money(budget.daily)}
        {used && (
          <span className={styles.second}>
            {t('overview.budget.used', { used })}
          </span>
        )}
      </span>
      <BudgetMeter budget={budget} />
    </span>
  );
}

/** Whether the budget lasts; `now` is in milliseconds. */
export function PaceCell({ entity, now }: CellProps & { now: number }) {
  const words = useWords();
  const budget = entity.status?.budget;
  const text = budget && paceText(words, paceOf(budget, now), now);
  return text ? <span className={styles.pace}>{text}</span> : <Nothing />;
}

/** What the team's wallet still holds; its state where that is not the ordinary one. */
export function WalletCell({ entity }: CellProps) {
  const { money } = useWords();
  const wallet = entity.status?.wallet;
  if (!wallet) return <Nothing />;
  return (
    <>
      {money(wallet.available)}
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
  const { t } = useWords();
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
