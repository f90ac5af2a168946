import type { BoardState } from './ports.ts';
import type { Delivery } from './delivery.ts';

/** State uuids of one change; `new` null = cleared. */
export interface StateChange {
  readonly kind: 'tracker.state';
  readonly old: string | null;
  readonly new: string | null;
}
export interface LabelChange {
  readonly kind: 'tracker.labels';
  readonly gained: readonly string[];
  readonly lost: readonly string[];
}
export type Change = StateChange | LabelChange;

/** `unsure`: the board's statuses are not known well enough to say; judged again after enrichment. */
export type Interest = 'yes' | 'no' | 'unsure';

/** Statuses of a board that a person steers with, besides the terminal groups. spec: RL-RLY-12 */
const CONTROL_KEYS: ReadonlySet<string> = new Set(['approved', 'rejected', 'confirm_deploy', 'stop', 'estimate']);
const TERMINAL_GROUPS: ReadonlySet<string> = new Set(['completed', 'cancelled']);

/** The change that a delivery may announce, or null when nobody needs it whatever the board looks like. spec: RL-RLY-12 */
export function changeOf(delivery: Delivery): Change | null {
  if (delivery.event !== 'issue' || delivery.issue === null) return null;
  if (delivery.action === 'created')
    return delivery.late.state === null ? null : { kind: 'tracker.state', old: null, new: delivery.late.state.id };
  if (delivery.action !== 'updated') return null;
  if (delivery.field === 'state') return { kind: 'tracker.state', old: uuid(delivery.old), new: uuid(delivery.new) };
  if (delivery.field !== 'labels') return null;
  const before = new Set(uuids(delivery.old));
  const after = new Set(uuids(delivery.new));
  const gained = [...after].filter((id) => !before.has(id));
  const lost = [...before].filter((id) => !after.has(id));
  return gained.length + lost.length === 0 ? null : { kind: 'tracker.labels', gained, lost };
}

/** To Analyse starts; In Progress takes its role only on a board without To Analyse. spec: PL-B-2, pipeline §6 row 3 */
export function startKey(states: ReadonlyMap<string, BoardState>): 'to_analyse' | 'in_progress' {
  return [...states.values()].some((state) => state.key === 'to_analyse') ? 'to_analyse' : 'in_progress';
}

/**
 * Whether a state change means something on this board: into a control status, into or out of a terminal group; a
 * creation only directly in the start status. Action keys come before the group (STOP is in group cancelled).
 * spec: RL-RLY-12, PL-B-4
 */
export function stateInterest(
  change: StateChange,
  created: boolean,
  states: ReadonlyMap<string, BoardState> | null,
): Interest {
  if (states === null) return 'unsure';
  const after = change.new === null ? undefined : states.get(change.new);
  if (change.new !== null && after === undefined) return 'unsure';
  const start = startKey(states);
  if (after?.key === start) return 'yes';
  if (created) return 'no';
  if (after?.key !== undefined && after.key !== null && CONTROL_KEYS.has(after.key)) return 'yes';
  const before = change.old === null ? undefined : states.get(change.old);
  return terminal(after) || terminal(before) ? 'yes' : 'no';
}

/**
 * Whether a label change means something. Names come from the delivery itself; a lost label has no name there, so an
 * unknown id counts: the run reads the labels anyway. Names compare without case and outer space. spec: RL-RLY-12, PL-L-1
 */
export function labelInterest(
  change: LabelChange,
  names: ReadonlyMap<string, string>,
  wanted: readonly string[],
): Interest {
  if (wanted.length === 0) return 'no';
  const meant = new Set(wanted.map(normalLabel));
  const hit = [...change.gained, ...change.lost].some((id) => {
    const name = names.get(id);
    return name === undefined || meant.has(normalLabel(name));
  });
  return hit ? 'yes' : 'no';
}

function terminal(state: BoardState | undefined): boolean {
  return state !== undefined && TERMINAL_GROUPS.has(state.group);
}

function normalLabel(name: string): string {
  return name.trim().normalize('NFC').toLowerCase();
}

function uuid(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function uuids(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((id): id is string => typeof id === 'string') : [];
}
