import { BudgetStatus } from '../api';
import { boundOf } from './bounds';
import { isZero } from './money';

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
        | 'perhaps-lasts'
        | 'lasts';
    }
  | { kind: 'runs-out'; at: string };

/** The pace that a budget's numbers make at `now`, in milliseconds. */
export function paceOf(budget: BudgetStatus, now: number): Pace {
  if (!budget.daily) return { kind: 'no-budget' };
  if (now >= Date.parse(budget.resetsAt)) return { kind: 'day-over' };
  if (isZero(budget.daily)) return { kind: 'nothing-allowed' };
  const bound = boundOf(budget);
  const usedUp = (budget.usedRatio ?? 0) >= 1;
  // A sum that may be too high does not prove that the budget runs out.
  if (
    (usedUp || budget.exhaustsAt) &&
    (bound === 'at-most' || bound === 'about')
  )
    return { kind: 'perhaps-lasts' };
  if (usedUp) return { kind: 'used-up' };
  if (budget.exhaustsAt) return { kind: 'runs-out', at: budget.exhaustsAt };
  // A sum that may be too low does not prove that it lasts.
  if (!budget.complete) return { kind: 'uncertain' };
  if (budget.elapsedRatio < TOO_EARLY) return { kind: 'too-early' };
  return { kind: 'lasts' };
}
