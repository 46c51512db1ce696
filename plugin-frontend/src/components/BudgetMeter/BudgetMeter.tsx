import { BudgetStatus } from '../../api';
import { formatMoney, isZero } from '../../format';
import { useTranslation } from '../../translation';
import { Meter, MeterProps } from '../Meter';
import { shareText, spentText } from './budgetText';

/** From this share on the budget counts as nearly used up; the service has the same limit for `budget-near`. */
const NEAR = 0.8;

/** Today's spend as a bar against the daily budget, with a mark for the part of the day that is gone. */
export function BudgetMeter({ budget }: { budget: BudgetStatus }) {
  const { t } = useTranslation();
  const { daily, usedRatio, elapsedRatio, spent } = budget;
  if (!daily) return null;
  const sum = `${spentText(t, budget)} ${t('budget.of', {
    daily: formatMoney(daily),
  })}`;
  return (
    <Meter
      label={t('budget.meter')}
      text={[sum, shareText(t, budget)].filter(Boolean).join(', ')}
      ratio={usedRatio ?? (isZero(spent) ? 0 : 1)}
      markRatio={elapsedRatio}
      tone={toneOf(budget)}
    />
  );
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
