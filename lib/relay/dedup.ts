import { hash } from 'node:crypto';

const KEEP_MS = 7 * 86_400_000;
const MAX_KEYS = 100_000;

/** sha256 of source and raw body: a sender's retry is byte-identical, two changes never are. spec: RL-RLY-10 */
export function dedupKey(source: 'plane', body: Uint8Array): string {
  return hash('sha256', Buffer.concat([Buffer.from(`${source}\n`), body]));
}

/** Keys of spooled deliveries: 7 days or the newest 100 000, oldest forgotten first. spec: RL-RLY-10 */
export class KeyMemory {
  readonly #seen = new Map<string, number>();

  /** @param keys key → time of receipt in ms, oldest first. */
  constructor(keys: ReadonlyMap<string, number>, nowMs: number) {
    for (const [key, at] of keys) this.add(key, at);
    this.#forget(nowMs);
  }

  get size(): number {
    return this.#seen.size;
  }

  has(key: string, nowMs: number): boolean {
    const at = this.#seen.get(key);
    return at !== undefined && nowMs - at < KEEP_MS;
  }

  add(key: string, atMs: number): void {
    this.#seen.delete(key);
    this.#seen.set(key, atMs);
    this.#forget(atMs);
  }

  #forget(nowMs: number): void {
    for (const [key, at] of this.#seen) {
      if (this.#seen.size <= MAX_KEYS && nowMs - at < KEEP_MS) break;
      this.#seen.delete(key);
    }
  }
}
