import type { StatusKey } from '../pipeline/stages.ts';
import type { Entry } from './entry.ts';

/** Strictly by time of change, then by number. spec: RL-RLY-25 */
export function inOrder(a: Pick<Entry, 'order' | 'seq'>, b: Pick<Entry, 'order' | 'seq'>): number {
  if (a.order !== b.order) return a.order < b.order ? -1 : 1;
  return a.seq - b.seq;
}

/** A state edge of one item that still waits. */
export interface Edge {
  readonly seq: number;
  readonly to: StatusKey | null;
}

/**
 * Which of the waiting state edges of one item need no run of their own, oldest first: all but the newest, except a
 * STOP that no later start follows. This only saves runs; `decide` comes to the same answer. spec: RL-RLY-26
 */
export function superseded(edges: readonly Edge[], start: StatusKey): ReadonlySet<number> {
  const lastStart = edges.findLastIndex((edge) => edge.to === start);
  return new Set(
    edges
      .filter((edge, index) => index < edges.length - 1 && !(edge.to === 'stop' && index > lastStart))
      .map((edge) => edge.seq),
  );
}
