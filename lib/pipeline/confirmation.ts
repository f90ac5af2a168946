import { type Draft, comment, loseSlot, queue } from './draft.ts';
import type { Gesture, IgnoreCode } from './events.ts';
import { type ItemState, isCritical } from './state.ts';

const bare = (digest: string) => digest.replace(/^sha256:/i, '').toLowerCase();

/**
 * Why a Confirm Deploy does not count; null = it confirms the request that waits now. Expiry is not judged here.
 * spec: delivery §6 B
 */
export function refuseConfirmation(
  draft: Draft,
  item: ItemState,
  event: Gesture,
): { readonly code: IgnoreCode; readonly text: string } | null {
  const request = item.delivery?.request ?? null;
  if (item.waitingFor !== 'confirm-deploy' || request === null)
    return isCritical(item) || (item.stage === 'deploy' && item.delivery?.phase === 'approved')
      ? { code: 'I-DUP', text: 'the deployment is confirmed and running already' }
      : { code: 'I-STAGE', text: `nothing of ${item.id} waits for Confirm Deploy` };
  const wanted = event.digest === null ? null : bare(event.digest);
  const current = bare(request.digest);
  if (wanted !== null && (wanted.length < 12 || !current.startsWith(wanted)))
    return {
      code: 'I-SHA',
      text: `digest ${wanted.slice(0, 64)} is not what waits for confirmation; that is ${current}`,
    };
  if (event.row !== null && event.row.at < request.at)
    return { code: 'I-STALE', text: 'this confirmation is older than the request that waits now' };
  const { approvers } = draft.config.deploy.approval;
  if (approvers.length > 0 && !approvers.includes(event.by))
    return { code: 'I-OFF', text: `${event.by} is not among deploy.approval.approvers` };
  return null;
}

export function startDeploy(
  draft: Draft,
  item: ItemState,
  by: string,
  via: 'tracker' | 'dispatch' | 'label' | 'config',
): void {
  if (item.delivery === null) return;
  item.delivery.approved = { by, via, at: draft.now.toISOString() };
  item.delivery.phase = 'approved';
  queue(draft, item);
}

export const isExpired = (draft: Draft, item: ItemState) =>
  item.waitingFor === 'confirm-deploy' && draft.now.toISOString() > (item.delivery?.request?.expires_at ?? '');

/** Back to the edge: everything of an equal subject is reused, the confirmation is void. spec: D-B-1 */
export function expireRequest(draft: Draft, item: ItemState): void {
  loseSlot(draft, item);
  queue(draft, item, 'resume');
  comment(draft, item, 'confirm_expired', 'deployer', {}, item.seq);
}
