import { type Draft, comment, continueLine, emit, settle } from './draft.ts';
import { isTerminal } from './stages.ts';
import { type ItemState, isCritical } from './state.ts';

/** STOP waits while production may change and while the run that holds the merge slot works. spec: PL-S-6, PL-H-6 */
export function stopMustWait(draft: Draft, item: ItemState): boolean {
  const { slot } = draft.repo;
  const runsWithSlot =
    item.stage === 'deploy-staging' &&
    item.activity === 'dispatched' &&
    slot?.item === item.id &&
    slot.gen === item.gen;
  return isCritical(item) || runsWithSlot;
}

/** The stop itself: no token, no slot, artifacts kept in the archive before the branch goes. spec: PL-H-6, AR-ST-1…2 */
export function applyCancel(draft: Draft, item: ItemState, reason: string): void {
  // Opened now it would outlive its branch.
  item.outbox = item.outbox.filter((entry) => entry.effect.kind !== 'pull-request');
  settle(draft, item, 'cancelled');
  item.cancel ??= { requestedAt: draft.now.toISOString(), by: '', reason };
  if (item.pull !== null) emit(draft, item, { kind: 'close-pull-request', number: item.pull });
  if (item.branch !== null && item.head !== null) {
    emit(draft, item, { kind: 'archive-artifacts', branch: item.branch, head: item.head });
    emit(draft, item, { kind: 'delete-branch', branch: item.branch, expect: item.head });
  }
  comment(draft, item, 'cancelled', 'stream', { reason });
}

/** STOPs that had to wait and need not wait any more, whatever event ended their reason. spec: PL-H-6, delivery §9 */
export function applyDueStops(draft: Draft): void {
  for (const { id, stage, cancel } of draft.items.values()) {
    if (cancel === null || isTerminal(stage)) continue;
    const item = draft.items.get(id);
    if (item !== undefined && !stopMustWait(draft, item))
      applyCancel(draft, continueLine(draft, id, 'timer.due', 'PL-H-6', 'STOP takes effect'), cancel.reason);
  }
}
