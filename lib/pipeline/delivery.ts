import { type Draft, applied, dispatch, emit, hold, ignored, open, queue, recordVerdict } from './draft.ts';
import type { DeliveryRecorded } from './events.ts';
import { currentItem, takeHead } from './landing.ts';
import { infraRetry } from './retries.ts';
import type { Delivery, ItemState } from './state.ts';
import { applyCancel } from './stopping.ts';

/** Where a run may take a delivery from each phase; the other moves belong to gestures, landings and timers. spec: delivery §6 */
const STEPS: Readonly<Record<Delivery['phase'], readonly Delivery['phase'][]>> = {
  building: ['building'],
  requested: [],
  approved: ['initiated'],
  initiated: ['initiated', 'approved', 'deployed'],
  deployed: ['landing'],
  landing: ['landing'],
  landed: [],
  failed: [],
};

/** A record inside a delivery run: compare-and-swap on token and phase. spec: PL-K-3, D-MOD-4 */
export function decideDelivery(draft: Draft, event: DeliveryRecorded): void {
  const found = currentItem(draft, event);
  if (found === null) return;
  if (found.delivery?.phase !== event.from || found.delivery.pass !== event.delivery.pass)
    return ignored(
      draft,
      event.type,
      found.id,
      'I-RUN',
      `the delivery of ${found.id} is in phase ${found.delivery?.phase ?? 'none'}, not ${event.from}`,
    );
  if (!STEPS[event.from].includes(event.delivery.phase))
    return ignored(
      draft,
      event.type,
      found.id,
      'I-RUN',
      `a run may not take a delivery from ${event.from} to ${event.delivery.phase}`,
    );
  if (event.delivery.phase === 'landing' && event.delivery.land === null)
    return ignored(
      draft,
      event.type,
      found.id,
      'I-RUN',
      'a landing must name its head, tree and base before the merge',
    );
  if (found.cancel !== null && event.from === 'approved')
    return ignored(draft, event.type, found.id, 'I-RUN', 'STOP came before the deployment started');
  const item = open(draft, event.item, 'delivery.recorded', 'D-MOD-4', `${event.from} → ${event.delivery.phase}`);
  applied(draft, event.type, item.id, 'D-MOD-4', event.delivery.phase);
  takeHead(draft, item, event, true);
  for (const verdict of event.verdicts) recordVerdict(draft, item, verdict);
  item.delivery = event.delivery;
  const last = event.delivery.attempts.at(-1);
  if (event.from === 'initiated' && event.delivery.phase === 'approved')
    hookChangedNothing(draft, item, last?.log ?? '');
  else if (event.handOver && event.delivery.phase === 'deployed') {
    queue(draft, item, 'finalize');
    dispatch(draft, item);
  } else if (last?.state === 'unknown' && event.delivery.phase === 'initiated')
    hold(
      draft,
      item,
      'deploy-unknown',
      'DEPLOY_UNKNOWN',
      'the hook ended without an answer and the target does not say what it runs: look at production, then recheck',
    );
  else if (event.delivery.phase === 'initiated') emit(draft, item, { kind: 'tracker-status' });
}

/** Exit 3: production is untouched, the critical window is closed. spec: delivery §3 exit 3 */
function hookChangedNothing(draft: Draft, item: ItemState, log: string): void {
  if (item.cancel !== null) return applyCancel(draft, item, item.cancel.reason);
  infraRetry(
    draft,
    item,
    'deploy-hook',
    'DEPLOY_NOT_STARTED',
    log === '' ? 'the hook refused and changed nothing' : log.slice(-1500),
  );
}
