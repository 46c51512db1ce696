import { UnreachableError, UnreachablePart } from './errors';

/** How long an answer is waited for unless somebody says otherwise, in milliseconds. */
export const TIMEOUT_MS = 30_000;

/**
 * What `work` comes to within `timeoutMs` milliseconds; throws an `UnreachableError` of `part` after that. `work` is told
 * by its signal to give up, but not relied on: whoever wraps `fetch` may first wait for a sign-in that nobody answers.
 */
export async function inTime<T>(
  { timeoutMs, part }: { timeoutMs: number; part: UnreachablePart },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const abort = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(
        new UnreachableError(`no answer within ${timeoutMs / 1000} s`, {
          part,
        }),
      );
      abort.abort();
    }, timeoutMs);
  });
  try {
    return await Promise.race([work(abort.signal), late]);
  } finally {
    clearTimeout(timer);
  }
}
