import { errorText } from '../base/errors.ts';
import type { AlertMemory } from './alert-memory.ts';

/** How long the spool has refused writes, and what that means for answers. spec: RL-RLY-6 */
export class SpoolHealth {
  readonly #alerts: AlertMemory;
  readonly #now: () => Date;
  readonly #dropMaxMs: number;
  #failingSince: number | null = null;

  constructor(alerts: AlertMemory, now: () => Date, dropMaxS: number) {
    this.#alerts = alerts;
    this.#now = now;
    this.#dropMaxMs = dropMaxS * 1000;
  }

  get failing(): boolean {
    return this.#failingSince !== null;
  }

  failed(thrown: unknown): void {
    this.#failingSince ??= this.#now().getTime();
    void this.#alerts.raise(
      'relay.spool',
      'write',
      `${errorText(thrown)}. Deliveries are not answered so that the tracker sends them again; after ${this.#dropMaxMs / 1000} s they are refused and left to the reconciler`,
    );
  }

  worked(): void {
    if (this.#failingSince === null) return;
    this.#failingSince = null;
    void this.#alerts.clear('relay.spool', 'write', 'the spool is writable again');
  }

  /** True while a closed connection is right; false after `drop_max_s` of failure on end. */
  mayDrop(): boolean {
    return this.#failingSince === null || this.#now().getTime() - this.#failingSince < this.#dropMaxMs;
  }
}
