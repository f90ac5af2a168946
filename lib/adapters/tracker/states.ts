import type { StateGroup } from '../../ports/tracker.ts';
import type { StatusKey } from '../../pipeline/stages.ts';
import { STATUS_NAMES } from '../../pipeline/status-names.ts';

/** Keys whose gesture exists only under its own name: a configured alias for them is not read. spec: PL-B-3 */
export const FAIL_CLOSED_KEYS: readonly StatusKey[] = ['confirm_deploy', 'stop', 'estimate'];

/** Gestures of people: the pipeline never writes them, whatever the board has. spec: pipeline §6 "set by" */
const WRITTEN_BY_PEOPLE_ONLY: readonly StatusKey[] = ['todo', 'rejected', ...FAIL_CLOSED_KEYS];

/** What is written when the board lacks the status; a key without a row is skipped. Outbound only. spec: PL-B-2 */
const OUTBOUND_ALIAS: Readonly<Partial<Record<StatusKey, StatusKey>>> = {
  analysis: 'in_progress',
  needs_input: 'blocked',
  in_review: 'in_progress',
  architecture: 'in_progress',
  development: 'in_progress',
  review: 'in_progress',
  code_review: 'review',
  testing: 'in_progress',
  awaiting_deploy: 'in_progress',
  deploying: 'in_progress',
  monitoring: 'done',
};

/** Board names of `tracker.statuses` by key. */
export type StatusAliases = Readonly<Partial<Record<StatusKey, string>>>;
export interface BoardState {
  readonly id: string;
  readonly name: string;
  readonly group: StateGroup;
}
/** `key` null = a status that means nothing to the pipeline, or one whose name or key is ambiguous. */
export interface ResolvedState {
  readonly name: string;
  readonly group: StateGroup;
  readonly key: StatusKey | null;
}

const normal = (name: string): string => name.trim().normalize('NFC');

/**
 * Which key each status of a board stands for: its exact name after trim and NFC, then the configured name. Two
 * statuses with one name, or two that stand for one key, are unresolved. Pure. spec: RL-RLY-18, PL-B-1, PL-B-3
 */
export function resolveStates(
  list: readonly BoardState[],
  aliases: StatusAliases = {},
): ReadonlyMap<string, ResolvedState> {
  const exact = new Map<string, StatusKey>();
  const configured = new Map<string, StatusKey>();
  for (const [key, names] of Object.entries(STATUS_NAMES) as [StatusKey, readonly string[]][]) {
    for (const name of names) exact.set(normal(name), key);
    const alias = aliases[key];
    if (alias !== undefined && !FAIL_CLOSED_KEYS.includes(key)) configured.set(normal(alias), key);
  }
  const named = tally(list.map((state) => normal(state.name)));
  const onBoard = new Set(list.map((state) => exact.get(normal(state.name))));
  const keyOf = (name: string): StatusKey | null => {
    if (named.get(name) !== 1) return null;
    const own = exact.get(name);
    if (own !== undefined) return own;
    const alias = configured.get(name);
    return alias === undefined || onBoard.has(alias) ? null : alias;
  };
  const keys = list.map((state) => keyOf(normal(state.name)));
  const claimed = tally(keys);
  return new Map(
    list.map((state, index) => {
      const key = keys[index] ?? null;
      return [state.id, { name: state.name, group: state.group, key: claimed.get(key) === 1 ? key : null }];
    }),
  );
}

/** Names that two statuses of the board share: their gesture is inert until one is renamed. spec: RL-RLY-18 */
export function ambiguousNames(list: readonly BoardState[]): readonly string[] {
  return [...tally(list.map((state) => normal(state.name)))].filter(([, count]) => count > 1).map(([name]) => name);
}

export type OutboundState =
  | { readonly write: true; readonly id: string; readonly name: string; readonly key: StatusKey }
  | { readonly write: false; readonly why: 'people-only' | 'not-on-board' };

/**
 * The status to write for a key: itself, else down the chain of outbound aliases, else nothing. Gestures of people
 * are never written. Pure. spec: pipeline §6 last column, PL-B-2
 */
export function outboundState(states: ReadonlyMap<string, ResolvedState>, key: StatusKey): OutboundState {
  if (WRITTEN_BY_PEOPLE_ONLY.includes(key)) return { write: false, why: 'people-only' };
  for (let wanted: StatusKey | undefined = key; wanted !== undefined; wanted = OUTBOUND_ALIAS[wanted])
    for (const [id, state] of states)
      if (state.key === wanted) return { write: true, id, name: state.name, key: wanted };
  return { write: false, why: 'not-on-board' };
}

function tally<Value>(values: readonly Value[]): Map<Value, number> {
  const counts = new Map<Value, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}
