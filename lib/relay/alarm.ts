import type { Clock } from '../ports/clock.ts';

/** One wake-up at a time. */
export interface Alarm {
  /** ms since the epoch, infinity = none; replaces what was set before. */
  set(at: number): void;
}

/** Calls `ring` once when the time that was set last has come. */
export function createAlarm(clock: Clock, ring: () => void): Alarm {
  let pending: { readonly at: number; readonly cancel: AbortController } | null = null;
  return {
    set(at) {
      if (at === (pending?.at ?? Number.POSITIVE_INFINITY)) return;
      pending?.cancel.abort();
      pending = null;
      if (at === Number.POSITIVE_INFINITY) return;
      const cancel = new AbortController();
      pending = { at, cancel };
      void clock
        .sleep(Math.max(0, at - clock.now().getTime()), cancel.signal)
        .catch(() => {})
        .then(() => {
          if (cancel.signal.aborted) return;
          pending = null;
          ring();
        });
    },
  };
}
