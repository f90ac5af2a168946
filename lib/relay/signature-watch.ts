import type { AlertMemory } from './alert-memory.ts';

const WINDOW_MS = 600_000;
const BAD_LIMIT = 5;
const PREVIOUS_MS = 86_400_000;

/** Raises `relay.signature` at 5 bad signatures in 10 min, or while the old secret is in use after 24 h. spec: RL-RLY-4 */
export class SignatureWatch {
  readonly #alerts: AlertMemory;
  readonly #now: () => Date;
  #bad: number[] = [];
  #previousSince: number | null = null;

  constructor(alerts: AlertMemory, now: () => Date) {
    this.#alerts = alerts;
    this.#now = now;
  }

  bad(): void {
    const now = this.#now().getTime();
    this.#bad = [...this.#bad.filter((at) => now - at < WINDOW_MS), now].slice(-BAD_LIMIT);
    if (this.#bad.length >= BAD_LIMIT)
      void this.#alerts.raise(
        'relay.signature',
        'bad',
        `${BAD_LIMIT} deliveries with a wrong signature within 10 minutes: somebody else calls the webhook, or its secret was regenerated; compare it with CONVEYOR_RELAY_WEBHOOK_SECRET`,
      );
  }

  good(age: 'current' | 'previous'): void {
    if (age === 'current') return;
    const now = this.#now().getTime();
    this.#previousSince ??= now;
    if (now - this.#previousSince >= PREVIOUS_MS)
      void this.#alerts.raise(
        'relay.signature',
        'previous',
        'deliveries are still signed with the previous webhook secret after 24 h: give the tracker the current one',
      );
  }
}
