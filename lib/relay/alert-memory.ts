import type { Alert, AlertKind } from './ports.ts';

const REPEAT_MS: Readonly<Record<AlertKind, number>> = {
  'relay.spool': 6 * 3_600_000,
  'relay.dead': 3_600_000,
  'relay.signature': 6 * 3_600_000,
  'relay-config-rejected': 6 * 3_600_000,
  'registry-mismatch': 6 * 3_600_000,
  credentials: 6 * 3_600_000,
};

/** Raises on the rising edge, again after the cool-down, and tells a recovery once. In memory. spec: O-V-11 */
export class AlertMemory {
  readonly #send: Alert;
  readonly #now: () => Date;
  readonly #raised = new Map<string, number>();

  constructor(send: Alert, now: () => Date) {
    this.#send = send;
    this.#now = now;
  }

  /** True when a message was sent; within the cool-down of the same kind and scope nothing is. */
  async raise(kind: AlertKind, scope: string, text: string): Promise<boolean> {
    const id = `${kind} ${scope}`;
    const now = this.#now().getTime();
    const last = this.#raised.get(id);
    if (last !== undefined && now - last < REPEAT_MS[kind]) return false;
    this.#raised.set(id, now);
    await this.#send(kind, text);
    return true;
  }

  /** Tells the recovery of a raised alert; silent when none was raised. */
  async clear(kind: AlertKind, scope: string, text: string): Promise<void> {
    if (this.#raised.delete(`${kind} ${scope}`)) await this.#send(kind, text);
  }

  raised(kind: AlertKind, scope: string): boolean {
    return this.#raised.has(`${kind} ${scope}`);
  }
}
