import { ExternalError, errorText } from '../base/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { RelayIssue, RelayTracker } from './ports.ts';

const WAITS_MS = [1000, 2000, 4000];
const TOTAL_MS = 10_000;

/**
 * Reads the issue: 3 attempts within 10 s in all, fewer when `stop` aborts; null = not readable now or gone, and the
 * run reads it itself. Never throws and never turns an outage into a verdict on the person's issue. spec: RL-RLY-16
 */
export async function readIssue(
  tracker: RelayTracker,
  clock: Clock,
  log: Log,
  where: { readonly project: string; readonly issue: string },
  stop: AbortSignal,
): Promise<RelayIssue | null> {
  const overall = new AbortController();
  const abort = () => overall.abort();
  stop.addEventListener('abort', abort, { once: true });
  const limit = clock.sleep(TOTAL_MS, overall.signal).then(abort, abort);
  try {
    for (const [index, waitMs] of WAITS_MS.entries()) {
      try {
        return await orAborted(tracker.issue(where.project, where.issue, overall.signal), overall.signal);
      } catch (thrown) {
        const pause = Math.max(waitMs, retryAfterMs(thrown));
        log.warn(
          `issue ${where.issue} could not be read (${errorText(thrown)}), attempt ${index + 1} of ${WAITS_MS.length}`,
        );
        if (index === WAITS_MS.length - 1 || overall.signal.aborted || pause >= TOTAL_MS) return null;
        await clock.sleep(pause, overall.signal).catch(() => {});
        if (overall.signal.aborted) return null;
      }
    }
    return null;
  } finally {
    abort();
    stop.removeEventListener('abort', abort);
    await limit;
  }
}

function retryAfterMs(thrown: unknown): number {
  return thrown instanceof ExternalError ? (thrown.detail.retryAfterS ?? 0) * 1000 : 0;
}

function orAborted<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(new ExternalError('RELAY_ENRICH_TIMEOUT', 'no answer within 10 s'));
    signal.addEventListener('abort', abort, { once: true });
    const done = () => signal.removeEventListener('abort', abort);
    work.finally(done).then(resolve, reject);
  });
}
