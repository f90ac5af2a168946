import { errorText } from '../base/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import { ambiguousNames, resolveStates } from '../adapters/tracker/states.ts';
import type { BoardRow, BoardState, RelayTracker, RepositorySettings } from './ports.ts';

export type StateMap = ReadonlyMap<string, BoardState>;

/** Between two reads of one board, whatever asks for them. */
const PAUSE_MS = 10_000;

/** How a project reads its board. */
export type BoardReading = Pick<RepositorySettings, 'statuses' | 'statesTtlS'>;

interface Held {
  list: readonly BoardRow[] | null;
  /** `list` resolved with `statuses`. */
  resolved: { readonly statuses: BoardReading['statuses']; readonly map: StateMap } | null;
  readAt: number;
  triedAt: number;
  refreshing: Promise<void> | null;
}

/**
 * Status maps per project: kept for their life, served stale when a refresh fails, never another project's ids.
 * No map at all is null: the caller waits. spec: RL-RLY-17, PL-B-1
 */
export class StateMaps {
  readonly #tracker: RelayTracker;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #reading: (project: string) => BoardReading;
  readonly #held = new Map<string, Held>();

  constructor(tracker: RelayTracker, clock: Clock, log: Log, reading: (project: string) => BoardReading) {
    this.#tracker = tracker;
    this.#clock = clock;
    this.#log = log;
    this.#reading = reading;
  }

  /** The map in memory while it is fresh; never asks the tracker (RL-RLY-2: no call before the answer). */
  fresh(project: string): StateMap | null {
    const held = this.#held.get(project);
    return held === undefined || this.#expired(project, held) ? null : this.#resolve(project, held);
  }

  /** Age in seconds of the map in memory; null = none. */
  ageS(project: string): number | null {
    const held = this.#held.get(project);
    return held === undefined || held.list === null
      ? null
      : Math.round((this.#clock.now().getTime() - held.readAt) / 1000);
  }

  /** The map, read when it is missing or old; a failed read serves the old one. */
  async get(project: string): Promise<StateMap | null> {
    const held = this.#hold(project);
    const now = this.#clock.now().getTime();
    const wanted = held.list === null || this.#expired(project, held);
    if (held.refreshing !== null || (wanted && now - held.triedAt >= PAUSE_MS)) await this.#refresh(project, held);
    return this.#resolve(project, held);
  }

  /**
   * For a status that the map does not know: one immediate read, at most once per 10 s. True when a read after the
   * question succeeded, so that "unknown" is certain.
   */
  async reread(project: string): Promise<boolean> {
    const held = this.#hold(project);
    const asked = this.#clock.now().getTime();
    if (asked - held.triedAt < PAUSE_MS) return false;
    await this.#refresh(project, held);
    return held.readAt >= asked;
  }

  #hold(project: string): Held {
    let held = this.#held.get(project);
    if (held === undefined) {
      held = { list: null, resolved: null, readAt: 0, triedAt: Number.NEGATIVE_INFINITY, refreshing: null };
      this.#held.set(project, held);
    }
    return held;
  }

  #expired(project: string, held: Held): boolean {
    const ttlMs = this.#reading(project).statesTtlS * 1000;
    return ttlMs > 0 && this.#clock.now().getTime() - held.readAt >= ttlMs;
  }

  async #refresh(project: string, held: Held): Promise<void> {
    await (held.refreshing ??= this.#read(project, held).finally(() => {
      held.refreshing = null;
    }));
  }

  async #read(project: string, held: Held): Promise<void> {
    held.triedAt = this.#clock.now().getTime();
    try {
      const list = await this.#tracker.states(project);
      held.list = list;
      held.resolved = null;
      held.readAt = this.#clock.now().getTime();
      for (const name of ambiguousNames(list))
        this.#log.error(
          `project ${project} has two statuses named "${name}": neither steers anything until one is renamed`,
        );
    } catch (thrown) {
      const meanwhile = held.list === null ? 'events of the project wait' : 'the older map serves';
      this.#log.warn(`statuses of project ${project} could not be read (${errorText(thrown)}): ${meanwhile}`);
    }
  }

  #resolve(project: string, held: Held): StateMap | null {
    if (held.list === null) return null;
    const { statuses } = this.#reading(project);
    if (held.resolved?.statuses !== statuses) held.resolved = { statuses, map: resolveStates(held.list, statuses) };
    return held.resolved.map;
  }
}
