import { type Draft, hold, queue } from './draft.ts';
import type { StageLanded } from './events.ts';
import { backoffS, infraRetry, runRetry, workMode } from './retries.ts';
import type { ItemState } from './state.ts';

/** The worker did not finish: its class decides, and no class burns a developer retry. spec: agents §7, AG-OUT-1 */
export function unfinished(draft: Draft, item: ItemState, event: StageLanded): void {
  const { class: outcome, text, cause, seconds } = event.outcome;
  item.lastRun = { class: outcome, seconds, text: `${cause ?? outcome}: ${text}`.slice(0, 4000).toWellFormed() };
  switch (outcome) {
    case 'transient': {
      const failures = item.counters.transient;
      if (failures >= draft.config.retry.transient_max) return hold(draft, item, 'agent-unavailable', outcome, text);
      queue(draft, item, workMode(item), backoffS(60, failures, 900));
      item.counters.transient = failures + 1;
      return;
    }
    case 'auth':
    case 'usage-limit':
      return hold(draft, item, 'agent-unavailable', outcome, text);
    case 'config':
      return hold(draft, item, 'config-invalid', outcome, text);
    case 'budget':
      return hold(draft, item, 'budget', outcome, text);
    case 'infra':
      return infraRetry(draft, item, 'work', event.outcome.cause ?? 'WORK_INFRA', text);
    case 'no-change':
      if (item.stage === 'development') {
        const limit = draft.config.retry.same_fingerprint_max;
        // Switched off, the count of runs still ends it.
        if (limit === 0) return runRetry(draft, item, outcome, text, 'agent-failed');
        const rounds = item.counters.noProgress + 1;
        if (rounds >= limit) return hold(draft, item, 'no-progress', outcome, text);
        queue(draft, item);
        item.counters.noProgress = rounds;
        return;
      }
      return runRetry(
        draft,
        item,
        item.stage === 'analysis' ? 'ANALYSIS_EMPTY' : outcome,
        text,
        item.stage === 'analysis' ? 'analysis-empty' : 'agent-failed',
      );
    default:
      return runRetry(draft, item, event.outcome.cause ?? outcome, text, 'agent-failed');
  }
}
