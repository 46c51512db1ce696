import { Amount } from '../api';
import { currencyFormat } from './money';

/** Steps that people count in, as parts of a power of ten. */
const ROUND = [1, 2, 2.5, 5, 10];

/** As many steps as an axis has at the most. */
const MOST_STEPS = 5;

/** From here on labels are compact: `$12.5K`. */
const COMPACT_FROM = 10_000;

/** The marks of an axis, from 0 in equal round steps; the last one is not below the highest value. */
export interface Axis {
  ticks: readonly number[];
  step: number;
}

/** The axis for values up to `highest`, which is not negative; up to 1 where all are 0. */
export function axisUpTo(highest: number): Axis {
  const top = highest > 0 ? highest : 1;
  const least = top / MOST_STEPS;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = power * ROUND.find(it => it * power >= least * (1 - 1e-9))!;
  const count = Math.ceil(top / step - 1e-9);
  return {
    step,
    // A product and not a sum: 0.1 added three times is not 0.3.
    ticks: Array.from({ length: count + 1 }, (_, index) =>
      Number((index * step).toPrecision(12)),
    ),
  };
}

/**
 * The label of one mark. It has as many decimals as the step needs, so that no two marks read the same and none reads as
 * another value than it stands at.
 */
export function axisLabel(
  { ticks, step }: Axis,
  tick: number,
  currency: Amount['currency'],
  locale: string,
): string {
  const compact = ticks[ticks.length - 1] >= COMPACT_FROM;
  // Whole units need no cents; parts of a unit are written as money is.
  const digits = Number.isInteger(step) ? 0 : Math.max(2, decimalsOf(step));
  return currencyFormat(
    locale,
    currency,
    compact
      ? {
          notation: 'compact',
          minimumFractionDigits: 0,
          maximumFractionDigits: 3,
        }
      : {
          minimumFractionDigits: digits,
          maximumFractionDigits: digits,
        },
  ).format(tick);
}

function decimalsOf(step: number): number {
  for (let digits = 0; digits < 12; digits += 1) {
    const scaled = step * 10 ** digits;
    if (Math.abs(scaled - Math.round(scaled)) < 1e-9) return digits;
  }
  return 12;
}
