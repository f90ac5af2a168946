import { shortTitle, type Envelope } from '../pipeline/envelope.ts';
import type { Entry } from './entry.ts';
import { startKey, stateInterest } from './interest.ts';
import { inOrder, superseded } from './lane.ts';
import type { RelayIssue } from './ports.ts';
import type { StateMap } from './state-maps.ts';
import type { Route, Task } from './work.ts';

/** How the waiting events of one item go on. */
export interface Sorted {
  /** Finished without a run. */
  readonly drop: readonly {
    readonly task: Task;
    readonly status: 'confirmed' | 'superseded';
    readonly reason: string;
  }[];
  /** To deliver, in order. */
  readonly keep: readonly Task[];
  /** A status that the map does not know: read the map again first. */
  readonly unknown: boolean;
}

/**
 * Sorts the waiting events of one item with the board's statuses at hand. `certain` = the map was read after the
 * question, so an unknown status is one that was deleted and means nothing. spec: RL-RLY-12, 13, 25, 26
 */
export function sortLane(tasks: readonly Task[], map: StateMap, own: ReadonlySet<string>, certain: boolean): Sorted {
  const drop: { task: Task; status: 'confirmed' | 'superseded'; reason: string }[] = [];
  const keep: Task[] = [];
  for (const task of tasks.toSorted((a, b) => inOrder(a.entry, b.entry))) {
    const { change, created, actor } = task.entry;
    if (actor !== null && own.has(actor)) {
      drop.push({ task, status: 'confirmed', reason: 'own write' });
      continue;
    }
    const interest = change.kind === 'tracker.labels' ? 'yes' : stateInterest(change, created, map);
    if (interest === 'unsure' && !certain) return { drop: [], keep: [], unknown: true };
    if (interest === 'yes') keep.push(task);
    else drop.push({ task, status: 'confirmed', reason: 'no interest' });
  }
  const edges = keep.flatMap((task) =>
    task.entry.change.kind === 'tracker.state' ? [{ seq: task.entry.seq, to: keyOf(map, task.entry.change.new) }] : [],
  );
  const older = superseded(edges, startKey(map));
  for (const task of keep)
    if (older.has(task.entry.seq)) drop.push({ task, status: 'superseded', reason: 'a newer change of the item' });
  return { drop, keep: keep.filter((task) => !older.has(task.entry.seq)), unknown: false };
}

/** Events of one item that travel together: up to 20 in order; one that must go alone goes alone. spec: RL-RLY-24, 25 */
export function nextGroup(keep: readonly Task[]): readonly Task[] {
  if (keep[0]?.alone === true) return keep.slice(0, 1);
  const firstAlone = keep.findIndex((task) => task.alone);
  return keep.slice(0, firstAlone === -1 ? 20 : Math.min(20, firstAlone));
}

/** spec: RL-RLY-19. Values that were fetched replace those of the payload. */
export function renderEnvelope(entry: Entry, route: Route, map: StateMap, issue: RelayIssue | null): Envelope {
  const sequence = issue?.sequence ?? entry.sequence;
  const state = entry.change.kind === 'tracker.state' ? entry.change : null;
  return {
    v: 1,
    correlation: entry.correlation,
    kind: entry.change.kind,
    source: 'plane',
    via: 'webhook',
    repo: route.repository,
    project: entry.project,
    item: {
      id: sequence === null ? null : `${route.prefix}-${sequence}`,
      tracker_id: entry.issue,
      seq: sequence,
      title: shortTitle(issue?.title ?? entry.title),
    },
    field: state === null ? 'labels' : 'state',
    old_key: keyOf(map, state?.old ?? null),
    new_key: keyOf(map, state?.new ?? null),
    current_key: keyOf(map, issue?.stateId ?? null),
    updated_at: issue?.updatedAt ?? entry.updatedAt,
    actor: { id: entry.actor, role: null },
    delivery: entry.delivery,
    received_at: entry.receivedAt,
    enriched: issue !== null,
  };
}

function keyOf(map: StateMap, id: string | null): Envelope['new_key'] {
  return id === null ? null : (map.get(id)?.key ?? null);
}
