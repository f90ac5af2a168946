import type { AppendHandle, SpoolFiles } from './spool-files.ts';

interface Waiting {
  readonly bytes: Uint8Array;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * An append-only file with group commit: whatever arrives while one fsync runs shares the next one, so nothing waits
 * for a timer. A promise resolves when its bytes are on the disk. After a failure the file is cut back to its last
 * good byte and never written again (a failed fsync says nothing about earlier pages). spec: RL-RLY-5
 */
export class AppendLog {
  readonly path: string;
  readonly #handle: AppendHandle;
  readonly #durable: boolean;
  #size: number;
  #waiting: Waiting[] = [];
  #flushing: Promise<void> | null = null;
  #broken: Error | null = null;

  private constructor(path: string, handle: AppendHandle, durable: boolean) {
    this.path = path;
    this.#handle = handle;
    this.#durable = durable;
    this.#size = handle.size;
  }

  /**
   * @param good bytes of the file that are whole lines; a torn rest of an earlier life is cut off first.
   * @param durable false = written at once (a crash of the process loses nothing), on the disk only when it is closed.
   */
  static async open(files: SpoolFiles, path: string, good?: number, durable = true): Promise<AppendLog> {
    const handle = await files.openAppend(path);
    const log = new AppendLog(path, handle, durable);
    if (good !== undefined && good < handle.size) {
      await handle.truncate(good);
      log.#size = good;
    }
    return log;
  }

  /** Bytes that are on the disk for certain. */
  get size(): number {
    return this.#size;
  }

  /** A failure happened: open another file. */
  get broken(): boolean {
    return this.#broken !== null;
  }

  append(bytes: Uint8Array): Promise<void> {
    if (this.#broken !== null) return Promise.reject(this.#broken);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ bytes, resolve, reject });
      this.#flushing ??= this.#flush();
    });
  }

  async close(): Promise<void> {
    await this.#flushing;
    try {
      if (!this.#durable) await this.#handle.sync();
    } finally {
      await this.#handle.close();
    }
  }

  async #flush(): Promise<void> {
    // Leaves the current turn first, so that requests parsed in the same turn join the first group too.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      const bytes = group.length === 1 ? group[0]!.bytes : Buffer.concat(group.map((entry) => entry.bytes));
      try {
        await this.#handle.append(bytes);
        if (this.#durable) await this.#handle.sync();
        this.#size += bytes.byteLength;
        for (const entry of group) entry.resolve();
      } catch (thrown) {
        await this.#fail(thrown, group);
      }
    }
    this.#flushing = null;
  }

  async #fail(thrown: unknown, group: readonly Waiting[]): Promise<void> {
    this.#broken = thrown instanceof Error ? thrown : new Error(String(thrown));
    // When the cut fails too, the torn line stays the last one of the file and is skipped when it is read.
    await this.#handle.truncate(this.#size).catch(() => {});
    for (const entry of [...group, ...this.#waiting]) entry.reject(this.#broken);
    this.#waiting = [];
  }
}
