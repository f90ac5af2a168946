import type { Entry } from './entry.ts';
import { inOrder } from './lane.ts';
import type { Lane, Task } from './work.ts';

/**
 * Which items may go on now, per repository and in turn; each step costs the same however many others wait. A lane is
 * in one place: busy, queued, delayed until its time, or parked because its project has no route.
 */
export class Schedule {
  readonly #lanes = new Map<string, Lane>();
  readonly #queued = new Map<string, Set<Lane>>();
  readonly #queueOf = new Map<Lane, string>();
  readonly #delayed = new Set<Lane>();
  readonly #parked = new Set<Lane>();
  readonly #repositoryOf: (project: string) => string | null;
  #due = Number.POSITIVE_INFINITY;

  /** @param repositoryOf null = events of the project wait. */
  constructor(repositoryOf: (project: string) => string | null) {
    this.#repositoryOf = repositoryOf;
  }

  /** When the first delayed lane becomes due, ms since the epoch; infinity = none is delayed. */
  get due(): number {
    return this.#due;
  }

  /** Repositories with queued lanes. */
  get repositories(): readonly string[] {
    return [...this.#queued.keys()];
  }

  laneOf(entry: Entry): Lane {
    const id = `${entry.project}/${entry.issue}`;
    const known = this.#lanes.get(id);
    if (known !== undefined) return known;
    const lane: Lane = { id, project: entry.project, issue: entry.issue, tasks: [], busy: false, notBefore: 0 };
    this.#lanes.set(id, lane);
    return lane;
  }

  /** Adds in order; a newer change may supersede what waits for its back-off, so the lane is looked at at once. */
  add(task: Task): void {
    const lane = this.laneOf(task.entry);
    const at = lane.tasks.findLastIndex((other) => inOrder(other.entry, task.entry) < 0);
    lane.tasks.splice(at + 1, 0, task);
    lane.notBefore = 0;
    if (!lane.busy) this.#place(lane);
  }

  /** Takes the next lane of a repository out and makes it busy. */
  take(repository: string): Lane | null {
    const lane = this.#queued.get(repository)?.values().next().value;
    if (lane === undefined) return null;
    this.#unqueue(lane);
    lane.busy = true;
    return lane;
  }

  /** Ends a lane's turn; it comes again at `notBefore`, or never when nothing of it waits. */
  rest(lane: Lane, notBefore: number): void {
    lane.busy = false;
    lane.notBefore = notBefore;
    this.#place(lane);
  }

  /** Queues what has become due. */
  advance(nowMs: number): void {
    if (nowMs < this.#due) return;
    this.#due = Number.POSITIVE_INFINITY;
    for (const lane of this.#delayed)
      if (lane.notBefore > nowMs) this.#due = Math.min(this.#due, lane.notBefore);
      else {
        lane.notBefore = 0;
        this.#place(lane);
      }
  }

  /** After a change of routes: every lane that is not busy is placed anew. */
  reroute(): void {
    const waiting = [...this.#parked, ...this.#delayed, ...[...this.#queued.values()].flatMap((queue) => [...queue])];
    for (const lane of waiting) this.#place(lane);
  }

  /** Takes out everything of a project that is not busy. */
  clear(project: string): readonly Task[] {
    const lanes = [...this.#lanes.values()].filter((lane) => lane.project === project && !lane.busy);
    return lanes.flatMap((lane) => {
      const tasks = lane.tasks.splice(0);
      this.#place(lane);
      return tasks;
    });
  }

  #place(lane: Lane): void {
    this.#delayed.delete(lane);
    this.#parked.delete(lane);
    this.#unqueue(lane);
    if (lane.tasks.length === 0) {
      this.#lanes.delete(lane.id);
      return;
    }
    const repository = this.#repositoryOf(lane.project);
    if (repository === null) this.#parked.add(lane);
    else if (lane.notBefore > 0) {
      this.#delayed.add(lane);
      this.#due = Math.min(this.#due, lane.notBefore);
    } else {
      const queue = this.#queued.get(repository) ?? new Set();
      this.#queued.set(repository, queue.add(lane));
      this.#queueOf.set(lane, repository);
    }
  }

  #unqueue(lane: Lane): void {
    const repository = this.#queueOf.get(lane);
    if (repository === undefined) return;
    this.#queueOf.delete(lane);
    const queue = this.#queued.get(repository);
    queue?.delete(lane);
    if (queue?.size === 0) this.#queued.delete(repository);
  }
}
