import { derivedStatus } from './board.ts';
import type { Receipt } from './effects.ts';
import { type ItemState, type Snapshot } from './state.ts';

/** Text of a level as it stands in the state now; a level entry closes only if this is what was written. spec: PL-B-5 */
export const statusLevel = (item: ItemState) => derivedStatus(item) ?? '';

/** What performing the outbox of one item told. */
export interface Performed {
  readonly item: string;
  readonly receipts: readonly Receipt[];
  /** Entries that failed: key → error text; they stay, one try older. */
  readonly failed: Readonly<Record<string, string>>;
}

/**
 * Records receipts: closes outbox entries of the same key and decision, keeps run id, pull request number and message
 * id, and leaves a level open when the state moved meanwhile. Pure. spec: design §3, PL-S-5
 */
export function recordReceipts(
  snapshot: Snapshot,
  performed: readonly Performed[],
): { readonly next: Snapshot; readonly changed: readonly string[] } {
  const items = new Map(snapshot.items);
  const changed: string[] = [];
  for (const { item: id, receipts, failed } of performed) {
    const found = items.get(id);
    if (found === undefined) continue;
    const item = structuredClone(found);
    const closed = new Set<string>();
    for (const receipt of receipts) {
      const entry = item.outbox.find((candidate) => candidate.key === receipt.key && candidate.seq === receipt.seq);
      if (entry === undefined) continue;
      if (entry.effect.kind === 'tracker-status' && receipt.wrote !== statusLevel(item)) continue;
      closed.add(receipt.key);
      if (entry.effect.kind === 'dispatch' && item.token === entry.effect.token && item.dispatch !== null)
        item.dispatch = { ...item.dispatch, sends: item.dispatch.sends + 1, run: receipt.value };
      if (entry.effect.kind === 'pull-request' && /^\d+$/.test(receipt.value ?? '')) item.pull = Number(receipt.value);
      if (entry.effect.kind === 'chat-card' && receipt.value !== null) item.chat = { messageId: receipt.value };
    }
    item.outbox = item.outbox
      .filter((entry) => !closed.has(entry.key))
      .map((entry) =>
        failed[entry.key] === undefined
          ? entry
          : { ...entry, tries: entry.tries + 1, lastError: failed[entry.key]!.slice(0, 500) },
      );
    if (closed.size === 0 && Object.keys(failed).length === 0) continue;
    items.set(id, item);
    changed.push(id);
  }
  return { next: { repo: snapshot.repo, items }, changed };
}
