import { UnreachableError, UnreachablePart } from './errors';

/** How long an answer is waited for by default, in milliseconds. */
export const TIMEOUT_MS = 30_000;

/**
 * What `work` comes to within `timeoutMs` milliseconds; throws an `UnreachableError` of `part` after that, and the reason
 * of `signal` when that aborts first. The signal that `work` gets aborts in both cases, but is not relied on: a wrapper of
 * `fetch` may first wait for a sign-in that never ends.
 */
export async function inTime<T>(
  {
    timeoutMs,
    part,
    signal,
  }: { timeoutMs: number; part: UnreachablePart; signal?: AbortSignal },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const abort = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let leave = () => {};
  const ended = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(
        new UnreachableError(`no answer within ${timeoutMs / 1000} s`, {
          part,
        }),
      );
      abort.abort();
    }, timeoutMs);
    leave = () => {
      reject(signal?.reason);
      abort.abort();
    };
  });
  signal?.addEventListener('abort', leave, { once: true });
  try {
    if (signal?.aborted) throw signal.reason;
    return await Promise.race([work(abort.signal), ended]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', leave);
  }
}
