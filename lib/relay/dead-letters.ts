import { join } from 'node:path';
import { AppendLog } from './append-log.ts';
import type { SpoolFiles } from './spool-files.ts';
import { DeadLetter, parseLines, renderLine } from './spool-record.ts';

/** What redrive takes: one key (or its first characters), or one project; nothing given = all. */
export interface DeadFilter {
  readonly key?: string;
  readonly project?: string;
}

/** `spool/dead.ndjson`: records that were given up, whole. spec: RL-RLY-23 */
export class DeadLetters {
  readonly #files: SpoolFiles;
  readonly #path: string;
  #log: AppendLog;
  #letters: { readonly key: string; readonly project: string }[];

  private constructor(files: SpoolFiles, path: string, log: AppendLog, letters: readonly DeadLetter[]) {
    this.#files = files;
    this.#path = path;
    this.#log = log;
    this.#letters = letters.map(({ record }) => ({ key: record.key, project: record.project }));
  }

  static async open(files: SpoolFiles, directory: string): Promise<DeadLetters> {
    const path = join(directory, 'dead.ndjson');
    const read = parseLines((await files.read(path)) ?? Buffer.alloc(0), DeadLetter);
    return new DeadLetters(files, path, await AppendLog.open(files, path, read.goodBytes), read.lines);
  }

  /** Letters of one project, or of all. */
  count(project?: string): number {
    return project === undefined
      ? this.#letters.length
      : this.#letters.filter((letter) => letter.project === project).length;
  }

  /** Durable when it resolves; rejects when the disk refuses. */
  async add(letter: DeadLetter): Promise<void> {
    if (this.#log.broken) await this.#reopen(this.#log.size);
    await this.#log.append(renderLine(letter));
    this.#letters.push({ key: letter.record.key, project: letter.record.project });
  }

  /**
   * Hands matching letters to `put` one after another and then takes them out of the file. A crash in between leaves
   * them in both places: delivered once more, never lost.
   */
  async redrive(filter: DeadFilter, put: (letter: DeadLetter) => Promise<void>): Promise<number> {
    const read = parseLines((await this.#files.read(this.#path)) ?? Buffer.alloc(0), DeadLetter);
    const chosen = read.lines.filter((letter) => matches(letter, filter));
    if (chosen.length === 0) return 0;
    for (const letter of chosen) await put(letter);
    const rest = read.lines.filter((letter) => !matches(letter, filter));
    const bytes = Buffer.concat(rest.map(renderLine));
    await this.#files.replace(this.#path, bytes);
    await this.#reopen(bytes.length);
    this.#letters = rest.map(({ record }) => ({ key: record.key, project: record.project }));
    return chosen.length;
  }

  async close(): Promise<void> {
    await this.#log.close();
  }

  async #reopen(good: number): Promise<void> {
    await this.#log.close().catch(() => {});
    this.#log = await AppendLog.open(this.#files, this.#path, good);
  }
}

function matches(letter: DeadLetter, filter: DeadFilter): boolean {
  return (
    (filter.key === undefined || letter.record.key.startsWith(filter.key)) &&
    (filter.project === undefined || letter.record.project === filter.project)
  );
}
