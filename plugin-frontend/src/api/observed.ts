import { Observed } from './KeeptrustsApi';

/** When the facts of several answers together were read: the whole is as old as its oldest part. */
export function readOf(
  answers: readonly Observed<unknown>[],
): Pick<Observed<unknown>, 'observedAt' | 'clockAheadMs'> {
  const moments = answers.flatMap(answer => answer.observedAt ?? []);
  return {
    observedAt: moments.length ? Math.min(...moments) : undefined,
    clockAheadMs: answers.find(it => it.clockAheadMs !== undefined)
      ?.clockAheadMs,
  };
}
