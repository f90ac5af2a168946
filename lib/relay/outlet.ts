import { type Envelope, fitDispatch, LIMITS } from '../pipeline/envelope.ts';
import type { Lane, Prepared, Task } from './work.ts';

/** What goes out to one repository: one dispatch at a time, so that what arrives meanwhile travels together. */
export interface Outlet {
  /** Items whose issue is being read. */
  preparing: number;
  sending: boolean;
  readonly ready: Prepared[];
}

export interface Parcel {
  readonly lane: Lane;
  readonly task: Task;
  readonly envelope: Envelope;
}

/**
 * Takes what fits one dispatch out of the ready list: an event that goes alone, else the others in turn. An item of
 * which only a part fits keeps the rest waiting behind that part. spec: RL-RLY-20, RL-RLY-24
 */
export function takeReady(ready: Prepared[]): readonly Parcel[] {
  const first = ready[0];
  const goesAlone = ({ items }: Prepared) => items.some(({ task }) => task.alone);
  const parts =
    first !== undefined && goesAlone(first)
      ? [first]
      : ready.filter((part) => !goesAlone(part)).slice(0, LIMITS.envelopes);
  const parcels = parts.flatMap(({ lane, items }) => items.map((item) => ({ lane, ...item })));
  const taken = fitDispatch(parcels, ({ envelope }) => envelope);
  const lanes = new Set(taken.map(({ lane }) => lane));
  ready.splice(0, ready.length, ...ready.filter(({ lane }) => !lanes.has(lane)));
  return taken;
}

export function removeTask(lane: Lane, task: Task): void {
  const index = lane.tasks.indexOf(task);
  if (index !== -1) lane.tasks.splice(index, 1);
}
