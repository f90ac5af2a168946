import type { Config } from './config.ts';
import { expireRequest, isExpired } from './confirmation.ts';
import { type Draft, applied, continueLine, dispatch, edit, enter, open, queue } from './draft.ts';
import { isTerminal } from './stages.ts';
import { type ItemState, isCritical } from './state.ts';

/** Dates in the ledger that are due: timers have no daemon. spec: pipeline §3.3 */
export function dueTimers(draft: Draft): void {
  for (const [id, item] of draft.items) {
    if (!isExpired(draft, item)) continue;
    const editable = open(draft, id, 'timer.due', 'D-B-1', 'the confirmation request expired');
    applied(draft, 'timer.due', id, 'D-B-1', 'expired');
    expireRequest(draft, editable);
  }
}

/** What the table reads. */
interface Queued {
  readonly items: ReadonlyMap<string, ItemState>;
  readonly config: Config;
}

/** Held for a person outside deploy-staging and deploy: successors may pass. spec: PL-Q9-3 */
function isParked(draft: Queued, item: ItemState): boolean {
  if (item.activity !== 'held' || item.stage === 'deploy-staging' || item.stage === 'deploy') return false;
  return draft.config.intake.park_held || item.hold?.code === 'questions';
}

/** What the rows say about the whole repository; read once, so that a long queue costs its length. */
interface Load {
  readonly running: number;
  /** First item in order that serial admission waits for. */
  readonly active: ItemState | null;
}

function measure(draft: Queued): Load {
  let running = 0;
  let active: ItemState | null = null;
  for (const item of draft.items.values()) {
    if (item.activity === 'dispatched') running += 1;
    if (isTerminal(item.stage) || isParked(draft, item) || (item.cancel !== null && !isCritical(item))) continue;
    if (active === null || item.order < active.order) active = item;
  }
  return { running, active };
}

/**
 * Why an item that wants a run may not have one now; null = allowed. The rows of pipeline §9, first match.
 * Rows 2, 3, 5, 6 belong to freeze, dependencies and agent pauses, which are not built yet.
 */
export function blockedBy(draft: Draft, item: ItemState, { running, active } = measure(draft)): string | null {
  if (item.notBefore !== null && item.notBefore > draft.now.toISOString()) return `back-off until ${item.notBefore}`;
  if (isCritical(item)) return null;
  if (item.cancel !== null) return 'paused: STOP is pending';
  if (item.stage === 'created' && draft.config.intake.serial && active !== null && active.order < item.order)
    return `active-item: ${active.id} is before it`;
  if (running >= draft.config.limits.runs) return `limit: ${running} of ${draft.config.limits.runs} runs are out`;
  return null;
}

/** The item that goes before a queued one; null = nothing but its own turn is missing. For people; the table itself is `blockedBy`. */
export function itemAhead(items: Queued['items'], config: Config, item: ItemState): ItemState | null {
  if (item.activity !== 'queued') return null;
  const { running, active } = measure({ items, config });
  if (item.stage === 'created' && config.intake.serial && active !== null && active.order < item.order) return active;
  if (running < config.limits.runs) return null;
  return (
    [...items.values()].filter((other) => other.activity === 'dispatched').sort((a, b) => a.order - b.order)[0] ?? null
  );
}

/** The queue table over the whole repository: what one item frees the next one gets in the same commit. spec: pipeline §9 */
export function runQueue(draft: Draft): void {
  giveSlot(draft);
  const wanting = [...draft.items.values()]
    .filter((item) => item.activity === 'queued')
    .sort((a, b) => a.order - b.order);
  let load = measure(draft);
  for (const { id } of wanting) {
    const current = draft.items.get(id);
    if (current === undefined || blockedBy(draft, current, load) !== null) continue;
    const item = continueLine(draft, id, 'queue', 'PL-9', current.stage === 'created' ? 'admitted' : 'dispatched');
    if (item.stage === 'created') {
      enter(draft, item, 'analysis');
      if (item.branch === null) draft.cuts.push({ item: id });
    }
    if (item.activity === 'queued') dispatch(draft, item);
    load = measure(draft);
  }
}

/** A free slot, also one whose holder is gone, goes to the first that waits for it, in order. spec: PL-Q9-6 */
function giveSlot(draft: Draft): void {
  const { slot } = draft.repo;
  const holder = slot === null ? undefined : draft.items.get(slot.item);
  if (slot !== null && holder?.gen === slot.gen && (holder.stage === 'deploy-staging' || holder.stage === 'deploy'))
    return;
  draft.repo.slot = null;
  const next = [...draft.items.values()]
    .filter((item) => item.waitingFor === 'slot')
    .sort((a, b) => a.order - b.order)[0];
  if (next === undefined) return;
  draft.repo.slot = { item: next.id, gen: next.gen, since: draft.now.toISOString() };
  continueLine(draft, next.id, 'queue', 'PL-Q9-6', 'the merge slot is free');
  queue(draft, edit(draft, next.id), 'resume');
}
