import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../ports/clock.ts';

/** The real clock. `sleep` ends early, without an error, when the signal aborts. */
export function createSystemClock(): Clock {
  return {
    now: () => new Date(),
    async sleep(ms, signal) {
      try {
        await delay(ms, undefined, signal === undefined ? {} : { signal });
      } catch (thrown) {
        if (!signal?.aborted) throw thrown;
      }
    },
  };
}
