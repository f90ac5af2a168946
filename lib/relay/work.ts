import type { Entry } from './entry.ts';
import type { Envelope } from '../pipeline/envelope.ts';
import type { FailureClass } from './retry.ts';

/** Where and as what a project's events are delivered. */
export interface Route {
  readonly repository: string;
  readonly prefix: string;
}

/** An entry with what delivering it took so far. Lives in memory; a restart starts the counts anew. */
export interface Task {
  readonly entry: Entry;
  readonly failures: Record<FailureClass, number>;
  /** Times its run ended red, was lost or stayed unknown. spec: RL-RLY-24 */
  redispatches: number;
  /** Goes in a dispatch of its own: it may be what made the batch fail. */
  alone: boolean;
  /** ms since the epoch. */
  notBefore: number;
}

/** All waiting events of one work item. spec: RL-RLY-25 */
export interface Lane {
  readonly id: string;
  readonly project: string;
  readonly issue: string;
  readonly tasks: Task[];
  /** Being prepared, sent, or its run not ended: one in flight. */
  busy: boolean;
  notBefore: number;
}

/** Events of one item, read and rendered, that wait for the next dispatch of their repository. */
export interface Prepared {
  readonly lane: Lane;
  readonly items: readonly { readonly task: Task; readonly envelope: Envelope }[];
}

/** One dispatch whose run has not ended. */
export interface Batch {
  readonly repository: string;
  runId: number | null;
  readonly dispatchedAt: number;
  readonly parts: readonly { readonly lane: Lane; readonly task: Task }[];
}

export function newTask(entry: Entry, redispatches = 0): Task {
  return {
    entry,
    failures: { transient: 0, refused: 0, input: 0 },
    redispatches,
    alone: redispatches > 0,
    notBefore: 0,
  };
}

/** An entry that was sent before the relay stopped, and whose run nobody has seen end. */
export interface Dispatched {
  readonly entry: Entry;
  readonly dispatches: number;
  readonly run: number | null;
  readonly dispatchedAt: string;
}

/** The dispatches as they were sent: entries of one run belong together, one without a known run stands alone. */
export function regroup(
  dispatched: readonly Dispatched[],
  placeOf: (entry: Entry) => { readonly lane: Lane; readonly repository: string },
): readonly Batch[] {
  const batches = new Map<string, Batch & { parts: { lane: Lane; task: Task }[] }>();
  for (const { entry, dispatches, run, dispatchedAt } of dispatched) {
    const { lane, repository } = placeOf(entry);
    const id = `${repository} ${run ?? `entry ${entry.seq}`}`;
    const batch = batches.get(id) ?? { repository, runId: run, dispatchedAt: Date.parse(dispatchedAt), parts: [] };
    batch.parts.push({ lane, task: newTask(entry, Math.max(0, dispatches - 1)) });
    batches.set(id, batch);
  }
  return [...batches.values()];
}
