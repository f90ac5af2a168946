import { type Draft, applied, continueLine, dispatch, edit, enter, open, queue } from './draft.ts';
import { expireRequest } from './gestures.ts';
import { isTerminal } from './stages.ts';
import { type ItemState, isCritical } from './state.ts';

/** Dates in the ledger that are due: timers have no daemon. spec: pipeline §3.3 */
export function dueTimers(draft: Draft): void {
  for (const [id, item] of draft.items) {
    const request = item.delivery?.request;
    if (item.waitingFor !== 'confirm-deploy' || request == null || draft.now.toISOString() <= request.expires_at) continue;
    const editable = open(draft, id, 'timer.due', 'D-B-1', 'the confirmation request expired');
    applied(draft, 'timer.due', id, 'D-B-1', 'expired');
    expireRequest(draft, editable);
  }
}

/** Held for a person outside deploy-staging and deploy: successors may pass. spec: PL-Q9-3 */
function isParked(draft: Draft, item: ItemState): boolean {
  if (item.activity !== 'held' || item.stage === 'deploy-staging' || item.stage === 'deploy') return false;
  return draft.config.intake.park_held || item.hold?.code === 'questions';
}

/**
 * Why an item that wants a run may not have one now; null = allowed. The rows of pipeline §9, first match.
 * Rows 2, 3, 5, 6 belong to freeze, dependencies and agent pauses, which are not built yet.
 */
export function blockedBy(draft: Draft, item: ItemState): string | null {
  if (isCritical(item)) return null;
  if (item.cancel !== null) return 'paused: STOP is pending';
  if (item.notBefore !== null && item.notBefore > draft.now.toISOString()) return `back-off until ${item.notBefore}`;
  if (item.stage === 'created' && draft.config.intake.serial) {
    const active = [...draft.items.values()].find((other) => other.order < item.order && !isTerminal(other.stage) && !isParked(draft, other));
    if (active !== undefined) return `active-item: ${active.id} is before it`;
  }
  const running = [...draft.items.values()].filter((other) => other.activity === 'dispatched').length;
  if (running >= draft.config.limits.runs) return `limit: ${running} of ${draft.config.limits.runs} runs are out`;
  return null;
}

/** The queue table over the whole repository: what one item frees the next one gets in the same commit. spec: pipeline §9 */
export function runQueue(draft: Draft): void {
  giveSlot(draft);
  const wanting = [...draft.items.values()].filter((item) => item.activity === 'queued').sort((a, b) => a.order - b.order);
  for (const { id } of wanting) {
    const current = draft.items.get(id);
    if (current === undefined || blockedBy(draft, current) !== null) continue;
    const item = continueLine(draft, id, 'queue', 'PL-9', current.stage === 'created' ? 'admitted' : 'dispatched');
    if (item.stage === 'created') {
      enter(draft, item, 'analysis');
      if (item.branch === null) draft.cuts.push({ item: id });
    }
    if (item.activity === 'queued') dispatch(draft, item);
  }
}

/** A free slot goes to the first that waits for it, in order. spec: PL-Q9-6 */
function giveSlot(draft: Draft): void {
  if (draft.repo.slot !== null) return;
  const next = [...draft.items.values()].filter((item) => item.waitingFor === 'slot').sort((a, b) => a.order - b.order)[0];
  if (next === undefined) return;
  draft.repo.slot = { item: next.id, gen: next.gen, since: draft.now.toISOString() };
  continueLine(draft, next.id, 'queue', 'PL-Q9-6', 'the merge slot is free');
  queue(draft, edit(draft, next.id), 'resume');
}
