import { BudgetStatus } from '../../api';
import { formatMoney, formatRatio } from '../../format';
import { Translate } from '../../translation';

/** What is spent, with `at least` before a lower bound. */
export function spentText(
  t: Translate,
  { spent, complete }: BudgetStatus,
): string {
  const money = formatMoney(spent);
  return complete ? money : t('budget.atLeast', { money });
}

/** How much of the budget is used beside how much of the day is gone; undefined without a budget. */
export function shareText(
  t: Translate,
  { daily, usedRatio, elapsedRatio }: BudgetStatus,
): string | undefined {
  if (!daily) return undefined;
  const elapsed = formatRatio(elapsedRatio);
  return typeof usedRatio === 'number'
    ? t('budget.share', { used: formatRatio(usedRatio), elapsed })
    : t('budget.elapsed', { elapsed });
}
