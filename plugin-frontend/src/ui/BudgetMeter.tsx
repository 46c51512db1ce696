import { BudgetStatus } from '../api';
import { isZero } from '../domain/money';
import { useWords, Words } from '../translations';
import { Meter, MeterProps } from './Meter';

/** From this share on the budget counts as nearly used up; the service has the same limit for `budget-near`. */
const NEAR = 0.8;

/** Today's spend as a bar against the daily budget, with a mark for the part of the day that is gone. */
export function BudgetMeter({ budget }: { budget: BudgetStatus }) {
  const words = useWords();
  const { daily, usedRatio, elapsedRatio, spent } = budget;
  if (!daily) return null;
  return (
    <Meter
      label={words.t('budget.meter')}
      text={words.t('budget.reading', {
        spent: spentText(words, budget),
        daily: words.money(daily),
        share: shareText(words, budget) ?? '',
      })}
      ratio={usedRatio ?? (isZero(spent) ? 0 : 1)}
      markRatio={elapsedRatio}
      tone={toneOf(budget)}
    />
  );
}

/** What is spent, with what it is a bound of. */
export function spentText(words: Words, budget: BudgetStatus): string {
  return words.bound(words.money(budget.spent), budget);
}

/** The share of the budget that is used, with what it is a bound of; undefined where there is no share. */
export function usedText(
  words: Words,
  budget: BudgetStatus,
): string | undefined {
  return typeof budget.usedRatio === 'number'
    ? words.bound(words.ratio(budget.usedRatio), budget)
    : undefined;
}

/** How much of the budget is used beside how much of the day is gone; undefined without a budget. */
export function shareText(
  words: Words,
  budget: BudgetStatus,
): string | undefined {
  if (!budget.daily) return undefined;
  const elapsed = words.ratio(budget.elapsedRatio);
  const used = usedText(words, budget);
  return used
    ? words.t('budget.share', { used, elapsed })
    : words.t('budget.elapsed', { elapsed });
}

function toneOf({
  usedRatio,
  exhaustsAt,
  spent,
}: BudgetStatus): MeterProps['tone'] {
  const used = usedRatio ?? (isZero(spent) ? 0 : 1);
  if (used >= 1) return 'bad';
  return used >= NEAR || exhaustsAt ? 'attention' : 'normal';
}
