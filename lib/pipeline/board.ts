import { type StatusKey, stageRow } from './stages.ts';
import type { ItemState } from './state.ts';

/**
 * The one writer of indication: what the board shows for a state; null = leave the board as it is.
 * Order: hold > wait > stage, so a finished item cannot flap. spec: PL-B-5, pipeline §6
 */
export function derivedStatus(item: ItemState): StatusKey | null {
  if (item.stage === 'done') return 'done';
  if (item.stage === 'cancelled') return 'cancelled';
  if (item.activity === 'held') return item.hold?.code === 'questions' ? 'needs_input' : 'blocked';
  if (item.stage === 'created') return null;
  if (item.waitingFor === 'approval') return 'in_review';
  if (item.waitingFor === 'confirm-deploy') return 'awaiting_deploy';
  return stageRow(item.stage).board;
}
