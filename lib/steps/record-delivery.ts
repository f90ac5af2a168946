import type { DeliveryRecorded } from '../pipeline/events.ts';
import type { Delivery, ItemState } from '../pipeline/state.ts';
import type { Verdict } from '../pipeline/verdict.ts';
import { type Desk, feed } from './feed.ts';
import type { Candidate } from './scratch.ts';

export interface DeliveryChange {
  readonly from: Delivery['phase'];
  readonly delivery: Delivery;
  /** Commits that travel with the record. */
  readonly candidate?: Candidate;
  readonly verdicts?: readonly Verdict[];
  readonly handOver?: boolean;
  /** This run pushes again soon, and the receipts go with that push. */
  readonly more?: boolean;
}

/**
 * One record of a delivery run: compare-and-swap on token and phase, together with the log commit it speaks of.
 * Answers the item as it is now, or null when this run is not the owner any more. spec: PL-K-3, D-MOD-4
 */
export async function recordDelivery(
  desk: Desk,
  item: ItemState,
  token: string,
  change: DeliveryChange,
): Promise<ItemState | null> {
  const { candidate } = change;
  const moved = candidate !== undefined && candidate.commit !== candidate.recordedHead;
  const event: DeliveryRecorded = {
    type: 'delivery.recorded',
    item: item.id,
    token,
    run: desk.session.engine.run,
    from: change.from,
    delivery: change.delivery,
    head: moved ? candidate.commit : null,
    reports: candidate?.reports ?? {},
    verdicts: change.verdicts ?? [],
    handOver: change.handOver ?? false,
  };
  const result = await feed(desk, () => [event], {
    landing: (decision) =>
      moved && decision.answers[0]?.applied === true
        ? [{ ref: `refs/heads/${candidate.branch}`, to: candidate.commit, expect: candidate.recordedHead }]
        : [],
    more: change.more ?? false,
  });
  return result.decision.answers[0]?.applied === true ? (result.snapshot.items.get(item.id) ?? null) : null;
}
