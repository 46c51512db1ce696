/** The periods to choose from, in budget days with today as the last. */
export const PERIODS = [7, 30, 90] as const;

/** One of the periods. */
export type Period = (typeof PERIODS)[number];

/** Where the address says the period: `?days=90`. */
export const PERIOD_PARAMETER = 'days';

const DEFAULT: Period = 30;

/** The period that the address asks for; `byDefault` where it names none that there is. */
export function periodIn(
  parameters: URLSearchParams,
  byDefault: Period = DEFAULT,
): Period {
  const asked = parameters.get(PERIOD_PARAMETER);
  return PERIODS.find(period => String(period) === asked) ?? byDefault;
}

/** The parameters with this period in them, and everything else as it was. */
export function withPeriod(
  parameters: URLSearchParams,
  period: Period,
): URLSearchParams {
  const changed = new URLSearchParams(parameters);
  changed.set(PERIOD_PARAMETER, String(period));
  return changed;
}
