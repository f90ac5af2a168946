import { join } from 'node:path';
import { ConfigError, ExternalError, errorText } from '../base/errors.ts';
import { AppendLog } from './append-log.ts';
import type { SpoolFiles } from './spool-files.ts';
import { parseLines, renderLine, renderRecord, SpoolAck, type SpoolDraft, SpoolRecord } from './spool-record.ts';
import { type Replay, replaySpool, type Segment, segmentPath } from './spool-replay.ts';

export interface SpoolOptions {
  readonly directory: string;
  readonly environment: 'production' | 'staging';
  readonly maxBytes: number;
  readonly now: () => Date;
}

const DAY_MS = 86_400_000;
const KEEP_MS = 7 * DAY_MS;
/** Under pressure of the cap finished segments go earlier: a sender's last retry is under 50 minutes old (RL-RLY-5). */
const KEEP_AT_CAP_MS = 3_600_000;
const SEGMENT_BYTES = 8 * 1024 * 1024;
const REJECTED_KEPT = 100;

/**
 * The relay's only state: segments of accepted deliveries and their acks. `append` resolves when the record is on the
 * disk; it rejects with `ExternalError` RELAY_SPOOL and then nothing of it counts. spec: RL-RLY-5, RL-RLY-9
 */
export class Spool {
  readonly #files: SpoolFiles;
  readonly #options: SpoolOptions;
  readonly #segments: Segment[];
  #current: { readonly log: AppendLog; readonly segment: Segment; readonly since: number } | null = null;
  #opening: Promise<void> | null = null;
  #acks: AppendLog;
  #unwrittenAcks: Uint8Array[] = [];
  #seq: number;
  #reserved = 0;
  #rejected = 0;
  #compacting = false;

  private constructor(files: SpoolFiles, options: SpoolOptions, replay: Replay, acks: AppendLog) {
    this.#files = files;
    this.#options = options;
    this.#segments = replay.segments;
    this.#seq = replay.lastSeq;
    this.#acks = acks;
  }

  /** Opens or creates the directory. Throws `ConfigError` RELAY_SPOOL_FOREIGN when the other environment wrote it. spec: O-C-11 */
  static async open(files: SpoolFiles, options: SpoolOptions): Promise<{ spool: Spool; replay: Replay }> {
    const { directory, environment } = options;
    await files.makeDirectory(join(directory, 'rejected'));
    const mark = (await files.read(join(directory, 'environment')))?.toString().trim();
    if (mark !== undefined && mark !== environment)
      throw new ConfigError(
        'RELAY_SPOOL_FOREIGN',
        `the spool ${directory} was written by a ${mark} relay and this one is ${environment}: give each its own spool.dir`,
      );
    if (mark === undefined) await files.replace(join(directory, 'environment'), Buffer.from(`${environment}\n`));
    const replay = await replaySpool(files, directory);
    const acks = await AppendLog.open(files, join(directory, 'acks.ndjson'), replay.acksGoodBytes, false);
    return { spool: new Spool(files, options, replay, acks), replay };
  }

  /** Bytes of segments and acks, with appends under way. */
  get bytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.bytes, this.#acks.size + this.#reserved);
  }

  /** The record's number, once it is on the disk. */
  async append(draft: SpoolDraft): Promise<number> {
    const size = Buffer.byteLength(draft.body) + 1024;
    this.#reserved += size;
    try {
      if (this.bytes > this.#options.maxBytes) await this.#makeRoom();
      while (this.#current === null || this.#full(this.#current)) await (this.#opening ??= this.#openSegment());
      const { log, segment } = this.#current;
      this.#seq += 1;
      const seq = this.#seq;
      const line = renderRecord(seq, draft);
      await log.append(line);
      segment.bytes += line.byteLength;
      segment.newest = Math.max(segment.newest, Date.parse(draft.received_at));
      segment.open.add(seq);
      return seq;
    } catch (thrown) {
      if (thrown instanceof ExternalError) throw thrown;
      throw new ExternalError(
        'RELAY_SPOOL',
        `the spool ${this.#options.directory} is not writable: ${errorText(thrown)}`,
      );
    } finally {
      this.#reserved -= size;
    }
  }

  /**
   * Notes a step, without an fsync of its own. A step that cannot be written is kept and written later: after a crash
   * in between the entry is dispatched again, which `decide` makes harmless. Never throws. spec: RL-RLY-9, RL-RLY-24
   */
  async ack(
    seqs: readonly number[],
    status: SpoolAck['status'],
    detail: { run?: number | null; reason?: string } = {},
  ): Promise<void> {
    const at = this.#options.now().toISOString();
    const lines = seqs.map((seq) =>
      renderLine({ v: 1, seq, status, at, run: detail.run ?? null, reason: detail.reason ?? null }),
    );
    if (status !== 'dispatched') for (const segment of this.#segments) for (const seq of seqs) segment.open.delete(seq);
    this.#unwrittenAcks.push(...lines);
    await this.flushAcks();
  }

  /** Writes acks that a full disk held back. Resolves to false while they still wait. */
  async flushAcks(): Promise<boolean> {
    if (this.#unwrittenAcks.length === 0) return true;
    if (this.#compacting) return false;
    const lines = this.#unwrittenAcks;
    this.#unwrittenAcks = [];
    try {
      if (this.#acks.broken) await this.#reopenAcks();
      await this.#acks.append(Buffer.concat(lines));
      return true;
    } catch {
      this.#unwrittenAcks = [...lines, ...this.#unwrittenAcks];
      return false;
    }
  }

  /** The whole record of an unfinished entry; null when its segment is gone. */
  async readRecord(seq: number): Promise<SpoolRecord | null> {
    const segment = this.#segments.find((candidate) => candidate.open.has(seq));
    if (segment === undefined) return null;
    const read = parseLines((await this.#files.read(segment.path)) ?? Buffer.alloc(0), SpoolRecord);
    return read.lines.find((record) => record.seq === seq) ?? null;
  }

  /** Keeps a copy of a signed body that is not a delivery; the newest 100. Best effort. spec: relay §1.2 */
  async keepRejected(key: string, body: Uint8Array): Promise<void> {
    const directory = join(this.#options.directory, 'rejected');
    this.#rejected += 1;
    const stamp = `${this.#options.now().getTime()}-${String(this.#rejected).padStart(6, '0')}`;
    await this.#files.write(join(directory, `${stamp}-${key.slice(0, 12)}.body`), body);
    const names = await this.#files.list(directory);
    for (const name of names.slice(0, Math.max(0, names.length - REJECTED_KEPT)))
      await this.#files.remove(join(directory, name));
  }

  /** Throws while the disk refuses a small durable write. */
  async probe(): Promise<void> {
    if (this.bytes > this.#options.maxBytes) await this.#makeRoom();
    await this.#files.replace(
      join(this.#options.directory, 'probe'),
      Buffer.from(`${this.#options.now().toISOString()}\n`),
    );
  }

  /** Deletes finished segments older than 7 days and the acks that belong to no segment any more. spec: RL-RLY-9 */
  async prune(keepMs = KEEP_MS): Promise<void> {
    const limit = this.#options.now().getTime() - keepMs;
    const done = this.#segments.filter(
      (segment) => segment !== this.#current?.segment && segment.open.size === 0 && segment.newest < limit,
    );
    if (done.length === 0) return;
    for (const segment of done) await this.#forget(segment);
    await this.#files.syncDirectory(this.#options.directory);
    await this.#compactAcks();
  }

  async close(): Promise<void> {
    await this.#opening?.catch(() => {});
    await this.flushAcks();
    await this.#current?.log.close();
    await this.#acks.close();
  }

  #full(current: { readonly log: AppendLog; readonly since: number }): boolean {
    return (
      current.log.broken || current.log.size >= SEGMENT_BYTES || this.#options.now().getTime() - current.since >= DAY_MS
    );
  }

  async #openSegment(): Promise<void> {
    try {
      const old = this.#current;
      this.#current = null;
      await old?.log.close().catch(() => {});
      if (old?.log.broken === true && old.segment.bytes === 0) await this.#forget(old.segment);
      const number = this.#segments.reduce((max, segment) => Math.max(max, segment.number), 0) + 1;
      const path = segmentPath(this.#options.directory, number);
      const log = await AppendLog.open(this.#files, path, 0);
      await this.#files.syncDirectory(this.#options.directory);
      const since = this.#options.now().getTime();
      const segment: Segment = { number, path, bytes: 0, newest: since, open: new Set() };
      this.#segments.push(segment);
      this.#current = { log, segment, since };
    } finally {
      this.#opening = null;
    }
  }

  async #forget(segment: Segment): Promise<void> {
    await this.#files.remove(segment.path);
    this.#segments.splice(this.#segments.indexOf(segment), 1);
  }

  async #makeRoom(): Promise<void> {
    await this.prune(KEEP_AT_CAP_MS);
    if (this.bytes > this.#options.maxBytes)
      throw new ExternalError(
        'RELAY_SPOOL_FULL',
        `the spool ${this.#options.directory} holds ${this.bytes} bytes, more than spool.max_bytes ${this.#options.maxBytes}: undelivered events pile up, look at /status`,
      );
  }

  async #compactAcks(): Promise<void> {
    if (this.#compacting || !(await this.flushAcks())) return;
    this.#compacting = true;
    try {
      const read = parseLines((await this.#files.read(this.#acks.path)) ?? Buffer.alloc(0), SpoolAck);
      const kept = new Set<number>();
      for (const segment of this.#segments) {
        const records = parseLines((await this.#files.read(segment.path)) ?? Buffer.alloc(0), SpoolRecord);
        for (const record of records.lines) kept.add(record.seq);
      }
      // The highest number stays, so that a restart never gives it out again.
      const highest = read.lines.reduce((max, ack) => Math.max(max, ack.seq), 0);
      const lines = read.lines.filter((ack) => kept.has(ack.seq) || ack.seq === highest);
      const bytes = Buffer.concat(lines.map(renderLine));
      await this.#files.replace(this.#acks.path, bytes);
      await this.#reopenAcks(bytes.length);
    } finally {
      this.#compacting = false;
    }
    await this.flushAcks();
  }

  async #reopenAcks(good = this.#acks.size): Promise<void> {
    const { path } = this.#acks;
    await this.#acks.close().catch(() => {});
    this.#acks = await AppendLog.open(this.#files, path, good, false);
  }
}
