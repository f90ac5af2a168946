import type { GestureAction } from '../pipeline/events.ts';
import type { StatusKey } from '../pipeline/stages.ts';
import type { ItemState } from '../pipeline/state.ts';
import type { StateRow, TrackerPort } from '../ports/tracker.ts';
import type { Session } from './engine.ts';

const ACTIONS: Partial<Record<StatusKey, GestureAction>> = {
  to_analyse: 'start',
  in_progress: 'start',
  approved: 'approve',
  rejected: 'reject',
  confirm_deploy: 'confirm',
  stop: 'cancel',
};

/** What a board status asks for; In Progress starts only on a board without To Analyse. spec: pipeline §6 rows 3-4 */
export function actionOf(key: StatusKey | null, hasStart: boolean): GestureAction | null {
  if (key === null || (key === 'in_progress' && hasStart)) return null;
  return ACTIONS[key] ?? null;
}

/** Whether a member of the project with at least `trust.min_role` made the row. spec: RL-RLY-14 */
export async function isTrusted(
  session: Session,
  tracker: TrackerPort,
  row: StateRow,
  action: GestureAction,
): Promise<boolean> {
  try {
    const role = await tracker.memberRole(row.actor);
    return role !== null && role >= session.config.trust.min_role;
  } catch (thrown) {
    session.engine.log.warn(
      `roles of the board are unreadable (${String(thrown)}): the change counts, except Confirm Deploy`,
    );
    return action !== 'confirm';
  }
}

/**
 * The person's control row that counts: of the new rows made by trusted people the newest decides; a STOP counts unless
 * a start follows it. Rows of our own accounts are echoes. spec: PL-E-3, PL-E-4
 */
export async function newestGesture(
  session: Session,
  tracker: TrackerPort,
  rows: readonly StateRow[],
  seenAt: string | null,
): Promise<{ readonly action: GestureAction; readonly row: StateRow } | null> {
  const own = await tracker.ownActors();
  const hasStart = await tracker.hasStatus('to_analyse');
  const found: { action: GestureAction; row: StateRow }[] = [];
  for (const row of rows) {
    if (own.has(row.actor) || (seenAt !== null && row.at <= seenAt)) continue;
    const action = actionOf(row.to, hasStart);
    if (action !== null && (await isTrusted(session, tracker, row, action))) found.push({ action, row });
  }
  const newest = found.at(-1) ?? null;
  const stop = found.findLast(({ action }) => action === 'cancel');
  if (stop === undefined || newest === null || newest.action === 'start') return newest;
  return found.slice(found.indexOf(stop)).some(({ action }) => action === 'start') ? newest : stop;
}

/** Board status a person asked for since the item last consumed one; null = none. spec: PL-E-5 */
export async function actionRowAfter(session: Session, tracker: TrackerPort, item: ItemState): Promise<string | null> {
  const rows = await tracker.listStateRows(item.issue);
  const fresh = rows.filter((row) => item.seen === null || row.at > item.seen.at);
  return (await newestGesture(session, tracker, fresh, item.seen?.at ?? null))?.row.to ?? null;
}
