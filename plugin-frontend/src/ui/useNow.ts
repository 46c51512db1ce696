import { useEffect, useState } from 'react';

/** Whether a person can see the page now. */
export const isVisible = (): boolean => document.visibilityState !== 'hidden';

/** Those who follow one clock, which stands still while the page is hidden. */
interface Clock {
  listeners: Set<() => void>;
  timer?: ReturnType<typeof setInterval>;
}

/** One timer for all that go by the same step. */
const clocks = new Map<number, Clock>();

/** The time in milliseconds, every `everyMs` while the page is visible; for ages that grow while one looks at them. */
export function useNow(everyMs = 5_000): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => follow(everyMs, () => setNow(Date.now())), [everyMs]);
  return now;
}

function follow(everyMs: number, listener: () => void): () => void {
  const clock = clocks.get(everyMs) ?? startClock(everyMs);
  clock.listeners.add(listener);
  return () => {
    clock.listeners.delete(listener);
    if (clock.listeners.size) return;
    clearInterval(clock.timer);
    clocks.delete(everyMs);
  };
}

function startClock(everyMs: number): Clock {
  const clock: Clock = { listeners: new Set() };
  const tick = () => clock.listeners.forEach(listener => listener());
  const turn = () => {
    clearInterval(clock.timer);
    clock.timer = undefined;
    if (clocks.get(everyMs) !== clock) {
      document.removeEventListener('visibilitychange', turn);
      return;
    }
    if (!isVisible()) return;
    clock.timer = setInterval(tick, everyMs);
    tick();
  };
  clocks.set(everyMs, clock);
  document.addEventListener('visibilitychange', turn);
  if (isVisible()) clock.timer = setInterval(tick, everyMs);
  return clock;
}
