import { useCallback, useEffect, useRef, useState } from 'react';
import {
  isKeeptrustsError,
  KeeptrustsError,
  Observed,
  RequestOptions,
  ServiceError,
} from '../api';

/** How long after an answer the next refresh has to wait, in milliseconds: the service reads anew at a bounded rate too. */
export const REFRESH_PAUSE_MS = 5_000;

/** What is known of a thing that is fetched, at any moment. */
export interface Resource<T> {
  /** The last good answer. It stays while a refresh runs and when one fails. */
  value?: T;
  /** When the facts in `value` were read, in milliseconds of this browser's clock. */
  observedAt?: number;
  /** Why the last request failed; beside a `value`, the value is the one from before. */
  error?: KeeptrustsError;
  /** A request is under way. */
  busy: boolean;
  /** Whether `refresh` would do something: no request is under way, and the last one was not just now. */
  refreshable: boolean;
  /** Asks again, past every cache. */
  refresh(): void;
}

interface State<T> {
  subject: unknown;
  value?: T;
  observedAt?: number;
  error?: KeeptrustsError;
  busy: boolean;
  paused: boolean;
}

/**
 * Fetches with `load` at first and whenever `load` changes, so it must be memoised.
 *
 * The value of one `subject` (an entity reference, say) never shows under another; while `load` changes and the subject
 * stays, the value stays too until the next one comes. Answers that come too late for the present `load` are dropped.
 */
export function useResource<T>(
  subject: unknown,
  load: (options: RequestOptions) => Promise<Observed<T>>,
): Resource<T> {
  const [stored, setState] = useState<State<T>>({
    subject,
    busy: true,
    paused: false,
  });
  const state: State<T> =
    stored.subject === subject
      ? stored
      : { subject, busy: true, paused: false };
  const turn = useRef(0);
  const pause = useRef<ReturnType<typeof setTimeout>>();

  const abandon = useCallback(() => {
    turn.current += 1;
    clearTimeout(pause.current);
  }, []);

  const ask = useCallback(
    async (refresh: boolean) => {
      abandon();
      const mine = turn.current;
      const isMine = () => turn.current === mine;
      setState(before => ({
        ...(before.subject === subject ? before : { subject, paused: false }),
        busy: true,
      }));
      try {
        const { value, observedAt } = await load({ refresh });
        if (isMine())
          setState({
            subject,
            value,
            observedAt,
            busy: false,
            paused: refresh,
          });
      } catch (thrown) {
        const error = isKeeptrustsError(thrown)
          ? thrown
          : new ServiceError(String(thrown));
        if (isMine())
          setState(before => ({
            ...(isNews(error) ? { subject } : before),
            error,
            busy: false,
            paused: refresh,
          }));
      }
      if (isMine() && refresh) {
        pause.current = setTimeout(
          () => setState(before => ({ ...before, paused: false })),
          REFRESH_PAUSE_MS,
        );
      }
    },
    [subject, load, abandon],
  );

  useEffect(() => {
    void ask(false);
    return abandon;
  }, [ask, abandon]);

  const refreshable = !state.busy && !state.paused;
  return {
    value: state.value,
    observedAt: state.observedAt,
    error: state.error,
    busy: state.busy,
    refreshable,
    refresh: useCallback(() => {
      if (refreshable) void ask(true);
    }, [ask, refreshable]),
  };
}

/** A viewer who may not see something any more must not go on seeing it. */
function isNews(error: KeeptrustsError): boolean {
  return error.kind === 'not-permitted' || error.kind === 'not-found';
}
