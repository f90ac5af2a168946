import { errorText } from '../base/errors.ts';
import type { DispatchedRunState, RelayPorts } from './ports.ts';
import type { Batch } from './work.ts';

/** How a dispatch ended; `stopped`: the relay stops and asks again after its start. */
export type RunEnd = 'success' | 'failure' | 'cancelled' | 'gone' | 'unknown' | 'stopped';

const POLLS_MS = [1000, 2000, 3000, 5000, 10_000, 15_000];

/**
 * Waits for the end of a batch's run. Queued or running waits without limit; nothing known for `confirmMs` on end is
 * `unknown`. The id is looked up by correlation when the dispatch told none. Never throws. spec: RL-RLY-24
 */
export async function watchRun(
  ports: Pick<RelayPorts, 'forge' | 'clock' | 'log'>,
  batch: Batch,
  confirmMs: () => number,
  signal: AbortSignal,
): Promise<RunEnd> {
  let unknownSince: number | null = null;
  for (let poll = 0; ; poll += 1) {
    await ports.clock.sleep(POLLS_MS[Math.min(poll, POLLS_MS.length - 1)]!, signal).catch(() => {});
    if (signal.aborted) return 'stopped';
    const state = await ask(ports, batch);
    if (state === 'queued' || state === 'running') unknownSince = null;
    else if (state !== 'unknown') return state;
    else {
      const now = ports.clock.now().getTime();
      unknownSince ??= batch.runId === null ? batch.dispatchedAt : now;
      if (now - unknownSince >= confirmMs()) return 'unknown';
    }
  }
}

async function ask(ports: Pick<RelayPorts, 'forge' | 'log'>, batch: Batch): Promise<DispatchedRunState> {
  try {
    const correlation = batch.parts[0]?.task.entry.correlation;
    if (batch.runId === null && correlation !== undefined)
      batch.runId = await ports.forge.findRun(batch.repository, correlation);
    return batch.runId === null ? 'unknown' : await ports.forge.runState(batch.repository, batch.runId);
  } catch (thrown) {
    ports.log.debug(`run ${batch.runId ?? 'unknown'} of ${batch.repository} could not be read: ${errorText(thrown)}`);
    return 'unknown';
  }
}
