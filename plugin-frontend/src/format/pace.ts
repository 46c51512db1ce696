import { BudgetStatus } from '../api';
import { Translate } from '../translation';
import { isZero } from './money';
import { formatMoment, Place } from './moment';

/** Before this share of the day has passed nothing is said about how it will end; the service keeps the same rule. */
const TOO_EARLY = 0.1;

/** Whether the budget will last until it resets. */
export type Pace =
  | {
      kind:
        | 'no-budget'
        | 'nothing-allowed'
        | 'used-up'
        | 'day-over'
        | 'too-early'
        | 'uncertain'
        | 'lasts';
    }
  | { kind: 'runs-out'; at: string };

/** The pace that a budget's numbers make at `now`, in milliseconds. */
export function paceOf(budget: BudgetStatus, now: number): Pace {
  if (!budget.daily) return { kind: 'no-budget' };
  if (now >= Date.parse(budget.resetsAt)) return { kind: 'day-over' };
  if (isZero(budget.daily)) return { kind: 'nothing-allowed' };
  if ((budget.usedRatio ?? 0) >= 1) return { kind: 'used-up' };
  if (budget.exhaustsAt) return { kind: 'runs-out', at: budget.exhaustsAt };
  // Of a lower bound nobody knows whether it lasts.
  if (!budget.complete) return { kind: 'uncertain' };
  if (budget.elapsedRatio < TOO_EARLY) return { kind: 'too-early' };
  return { kind: 'lasts' };
}

/** A pace in words; undefined where there is nothing to say. */
export function paceText(
  t: Translate,
  pace: Pace,
  now: number,
  place?: Place,
): string | undefined {
  switch (pace.kind) {
    case 'no-budget':
      return undefined;
    case 'nothing-allowed':
      return t('pace.nothingAllowed');
    case 'used-up':
      return t('pace.usedUp');
    case 'day-over':
      return t('pace.dayOver');
    case 'too-early':
      return t('pace.tooEarly');
    case 'uncertain':
      return t('pace.uncertain');
    case 'runs-out':
      return t('pace.runsOut', { time: formatMoment(pace.at, now, place) });
    default:
      return t('pace.lasts');
  }
}
