import { useCallback, useEffect, useRef, useState } from 'react';
import {
  isKeeptrustsError,
  KeeptrustsError,
  Observed,
  RequestOptions,
  ServiceError,
  UnreachableError,
} from '../api';
import { isVisible } from './useNow';

/** How long after an answer the next refresh has to wait, in milliseconds: the service reads at a bounded rate too. */
export const REFRESH_PAUSE_MS = 5_000;

/** An answer younger than this is not asked for again on its own, in milliseconds; the service reads as often. */
export const FRESH_MS = 30_000;

/** How often a visible page asks again on its own, in milliseconds. */
export const REFETCH_MS = 5 * 60_000;

/** After the moment at which an answer changes, browsers ask within this time and not all at once, in milliseconds. */
export const SPREAD_MS = 15_000;

/** An answer older than this is not shown while the next one is on its way, in milliseconds. */
const KEEP_MS = 15 * 60_000;

/** How many answers are kept; the ones used least recently go first. */
const MOST_KEPT = 20;

/** What is known of a thing that is fetched, at any moment. */
export interface Resource<T> {
  /** The last good answer. It stays while a refresh runs and when one fails. */
  value?: T;
  /** When the facts in `value` were read, in milliseconds of this browser's clock. */
  observedAt?: number;
  /** How far this browser's clock is ahead of the service's, in milliseconds; 0 where it is not known. */
  clockAheadMs: number;
  /** Why the last request failed; beside a `value`, the value is the one from before. */
  error?: KeeptrustsError;
  /** A request is under way. */
  busy: boolean;
  /** Whether `refresh` would do something: no request is under way, and the last one was not just now. */
  refreshable: boolean;
  /** Asks again, past every cache. */
  refresh(): void;
}

/** What is fetched. */
export interface Question<T> {
  /** Whose answers these are: the API that is asked. Answers are kept as long as it lives. */
  owner: object;
  /** What the answer is about. The value of one subject never shows under another. */
  subject: string;
  /** The whole question; while it changes and the subject stays, the value stays until the next one comes. */
  key: string;
  load: (options: RequestOptions) => Promise<Observed<T>>;
  /** When the answer will change by itself, as RFC 3339 on the service's clock. */
  changesAt?: (value: T) => string | null | undefined;
}

interface Kept<T> {
  observed: Observed<T>;
  /** When the answer came, in milliseconds of this browser's clock. */
  answeredAt: number;
}

interface State<T> extends Partial<Kept<T>> {
  subject: string;
  key: string;
  /** When the last request ended, well or not, in milliseconds. */
  settledAt?: number;
  error?: KeeptrustsError;
  busy: boolean;
  paused: boolean;
}

const cache = new WeakMap<object, Map<string, Kept<unknown>>>();

/**
 * Fetches what `question` asks, unless a fresh answer is kept: at first, when its key changes, when the page is looked at
 * again, every few minutes while it is visible, and when the answer says that it has changed. A page that is hidden asks
 * nothing. A request that is not waited for any more is aborted, and its answer dropped.
 */
export function useResource<T>(question: Question<T>): Resource<T> {
  const { owner, subject, key } = question;
  const [stored, setState] = useState<State<T>>(() => startOf(question));
  const state = stored.key === key ? stored : startOf(question, stored);
  const latest = useRef(question);
  latest.current = question;
  const underWay = useRef<AbortController>();
  const pause = useRef<ReturnType<typeof setTimeout>>();

  const abandon = useCallback(() => {
    underWay.current?.abort();
    underWay.current = undefined;
    clearTimeout(pause.current);
  }, []);

  const ask = useCallback(
    async (refresh: boolean) => {
      abandon();
      const mine = new AbortController();
      underWay.current = mine;
      const settle = (change: (before: State<T>) => State<T>) => {
        if (underWay.current !== mine) return;
        underWay.current = undefined;
        setState(before =>
          change(before.key === key ? before : startOf(latest.current, before)),
        );
        if (refresh)
          pause.current = setTimeout(
            () => setState(before => ({ ...before, paused: false })),
            REFRESH_PAUSE_MS,
          );
      };
      setState(before => ({
        ...(before.key === key ? before : startOf(latest.current, before)),
        busy: true,
      }));
      try {
        const observed = await latest.current.load({
          refresh,
          signal: mine.signal,
        });
        const answeredAt = Date.now();
        if (!mine.signal.aborted) keep(owner, key, { observed, answeredAt });
        settle(() => ({
          subject,
          key,
          observed,
          answeredAt,
          settledAt: answeredAt,
          busy: false,
          paused: refresh,
        }));
      } catch (thrown) {
        const error = errorOf(thrown);
        if (isNews(error) && !mine.signal.aborted) forget(owner, key);
        settle(before => ({
          ...before,
          ...(isNews(error)
            ? { observed: undefined, answeredAt: undefined }
            : {}),
          settledAt: Date.now(),
          error,
          busy: false,
          paused: refresh,
        }));
      }
    },
    [owner, subject, key, abandon],
  );

  useEffect(() => {
    const kept = keptFor<T>(owner, key);
    if (kept && Date.now() - kept.answeredAt < FRESH_MS)
      setState(startOf(latest.current));
    else void ask(false);
    return abandon;
  }, [owner, key, ask, abandon]);

  const { busy, settledAt, observed } = state;
  useEffect(() => {
    if (busy || settledAt === undefined) return undefined;
    const due = dueAt(latest.current, settledAt, observed);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = () => {
      clearTimeout(timer);
      if (!isVisible()) return;
      const now = Date.now();
      if (now >= due) void ask(false);
      else timer = setTimeout(look, due - now);
    };
    const lookAgain = () => {
      if (isVisible() && Date.now() - settledAt >= FRESH_MS) void ask(false);
      else look();
    };
    look();
    document.addEventListener('visibilitychange', lookAgain);
    window.addEventListener('focus', lookAgain);
    return () => {
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', lookAgain);
      window.removeEventListener('focus', lookAgain);
    };
  }, [busy, settledAt, observed, ask]);

  const refreshable = !state.busy && !state.paused;
  return {
    value: observed?.value,
    observedAt: observed?.observedAt,
    clockAheadMs: observed?.clockAheadMs ?? 0,
    error: state.error,
    busy: state.busy,
    refreshable,
    refresh: useCallback(() => {
      if (refreshable) void ask(true);
    }, [ask, refreshable]),
  };
}

/** What is shown at first: a kept answer, else the one before where that is of the same subject, else nothing. */
function startOf<T>(
  { owner, subject, key }: Question<T>,
  before?: State<T>,
): State<T> {
  const kept = keptFor<T>(owner, key);
  const fresh = kept && Date.now() - kept.answeredAt < FRESH_MS;
  const shown = kept ?? (before?.subject === subject ? before : undefined);
  return {
    subject,
    key,
    observed: shown?.observed,
    answeredAt: shown?.answeredAt,
    settledAt: kept?.answeredAt,
    busy: !fresh,
    paused: false,
  };
}

/** When to ask again: after a while, or soon after the answer has changed by itself. */
function dueAt<T>(
  { changesAt }: Question<T>,
  settledAt: number,
  observed: Observed<T> | undefined,
): number {
  const later = settledAt + REFETCH_MS;
  const change = observed && Date.parse(changesAt?.(observed.value) ?? '');
  if (!change) return later;
  const here = change + (observed.clockAheadMs ?? 0);
  // One that had passed before this answer came says nothing of the next.
  return here > settledAt
    ? Math.min(later, here + Math.random() * SPREAD_MS)
    : later;
}

function keptFor<T>(owner: object, key: string): Kept<T> | undefined {
  const kept = cache.get(owner)?.get(key) as Kept<T> | undefined;
  return kept && Date.now() - kept.answeredAt < KEEP_MS ? kept : undefined;
}

function keep(owner: object, key: string, kept: Kept<unknown>): void {
  const answers = cache.get(owner) ?? new Map<string, Kept<unknown>>();
  cache.set(owner, answers);
  answers.delete(key);
  answers.set(key, kept);
  for (const [oldest] of answers)
    if (answers.size > MOST_KEPT) answers.delete(oldest);
}

function forget(owner: object, key: string): void {
  cache.get(owner)?.delete(key);
}

/** The bundler's error where a part of the plugin cannot be loaded; any other one that is not ours is a fault of ours. */
function errorOf(thrown: unknown): KeeptrustsError {
  if (isKeeptrustsError(thrown)) return thrown;
  return (thrown as Error | undefined)?.name === 'ChunkLoadError'
    ? new UnreachableError('a part of the plugin could not be loaded', {
        part: 'backstage',
      })
    : new ServiceError(String(thrown));
}

/** A viewer who may not see something any more must not go on seeing it. */
function isNews({ kind }: KeeptrustsError): boolean {
  return (
    kind === 'not-permitted' || kind === 'not-found' || kind === 'signed-out'
  );
}
