import type { Draft } from './draft.ts';
import type { HoldReason, ItemState } from './state.ts';

/** Nothing was judged before these holds, so that judging again means the run again. */
const UNJUDGED: readonly HoldReason[] = ['infra', 'agent-unavailable', 'merged-outside', 'loop'];
/** Holds of development after CI judged the head that is still there. */
const CI_AGAIN: readonly HoldReason[] = ['ci-silent', 'retries-exhausted', 'no-progress', 'deploy-failed'];

/** How the exit gates of a state are judged again; null = there is nothing that could be. */
export function wayToJudge(draft: Draft, item: ItemState): 'ci' | 'recheck' | 'finalize' | null {
  const readsCi = item.stage === 'development' && draft.config.ci.mode !== 'local';
  if (readsCi && item.waitingFor === 'ci') return 'ci';
  if (item.hold === null) return null;
  if (item.stage === 'deploy') return 'finalize';
  // No agent works there: the tests, or staging, run again.
  if (item.stage === 'testing' || item.stage === 'deploy-staging' || UNJUDGED.includes(item.hold.code))
    return 'recheck';
  return readsCi && CI_AGAIN.includes(item.hold.code) ? 'ci' : null;
}
