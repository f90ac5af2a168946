import { errorText } from '../base/errors.ts';
import type { Log } from '../ports/log.ts';
import type { RelayTracker } from './ports.ts';

/**
 * The accounts whose writes are ours. Until the tracker told them once the relay runs without this guard and is
 * degraded; the guard in `decide` still holds. A failed refresh keeps the known set. spec: RL-RLY-13
 */
export class OwnActors {
  readonly #tracker: RelayTracker;
  readonly #log: Log;
  readonly #configured: () => readonly string[];
  #told: ReadonlySet<string> | null = null;
  #union: {
    readonly configured: readonly string[];
    readonly told: ReadonlySet<string> | null;
    readonly ids: ReadonlySet<string>;
  } | null = null;

  constructor(tracker: RelayTracker, log: Log, configured: () => readonly string[]) {
    this.#tracker = tracker;
    this.#log = log;
    this.#configured = configured;
  }

  get known(): boolean {
    return this.#told !== null;
  }

  get ids(): ReadonlySet<string> {
    const configured = this.#configured();
    if (this.#union?.configured !== configured || this.#union.told !== this.#told)
      this.#union = { configured, told: this.#told, ids: new Set([...configured, ...(this.#told ?? [])]) };
    return this.#union.ids;
  }

  async refresh(): Promise<void> {
    try {
      this.#told = await this.#tracker.ownActors();
    } catch (thrown) {
      const meanwhile =
        this.#told === null ? 'own writes are not filtered here until it answers' : 'the known accounts stay';
      this.#log.warn(`own accounts could not be read from the tracker (${errorText(thrown)}): ${meanwhile}`);
    }
  }
}
