import { join } from 'node:path';
import type { SpoolFiles } from './spool-files.ts';
import { parseLines, SpoolAck, SpoolRecord } from './spool-record.ts';

/** A segment on the disk. `open` = sequence numbers that are not finished. */
export interface Segment {
  readonly number: number;
  readonly path: string;
  bytes: number;
  /** Newest `received_at` in ms; 0 = no record. */
  newest: number;
  readonly open: Set<number>;
}

/** Where an unfinished record stands after a start. */
export interface Unfinished {
  readonly record: SpoolRecord;
  /** Times it was dispatched; the last one's run and time. */
  readonly dispatches: number;
  readonly run: number | null;
  readonly dispatchedAt: string | null;
}

export interface Replay {
  readonly segments: Segment[];
  readonly unfinished: readonly Unfinished[];
  /** key → received_at in ms, oldest first. */
  readonly keys: ReadonlyMap<string, number>;
  readonly lastSeq: number;
  readonly acksGoodBytes: number;
  /** "file: line" of whole lines that could not be read. */
  readonly damaged: readonly string[];
}

const SEGMENT = /^seg-(\d{6,})\.ndjson$/;

export function segmentPath(directory: string, number: number): string {
  return join(directory, `seg-${String(number).padStart(6, '0')}.ndjson`);
}

/**
 * Reads segments minus acks. Of several records with one key the newest counts: an earlier one was written but never
 * answered (its fsync failed), or was put back by redrive. spec: RL-RLY-9, RL-RLY-27
 */
export async function replaySpool(files: SpoolFiles, directory: string): Promise<Replay> {
  const acks = parseLines((await files.read(join(directory, 'acks.ndjson'))) ?? Buffer.alloc(0), SpoolAck);
  const damaged = acks.damaged.map((line) => `acks.ndjson:${line}`);
  const progress = foldAcks(acks.lines);
  const segments: Segment[] = [];
  const keys = new Map<string, number>();
  const latest = new Map<string, { unfinished: Unfinished; segment: Segment }>();
  let lastSeq = acks.lines.reduce((max, ack) => Math.max(max, ack.seq), 0);
  for (const name of await files.list(directory)) {
    const number = Number(SEGMENT.exec(name)?.[1]);
    if (!Number.isInteger(number)) continue;
    const path = join(directory, name);
    const bytes = (await files.read(path)) ?? Buffer.alloc(0);
    const read = parseLines(bytes, SpoolRecord);
    damaged.push(...read.damaged.map((line) => `${name}:${line}`));
    const segment: Segment = { number, path, bytes: bytes.length, newest: 0, open: new Set() };
    segments.push(segment);
    for (const record of read.lines) {
      const at = Date.parse(record.received_at) || 0;
      segment.newest = Math.max(segment.newest, at);
      lastSeq = Math.max(lastSeq, record.seq);
      keys.set(record.key, at);
      const step = progress.get(record.seq);
      latest.delete(record.key);
      if (step?.finished === true) continue;
      latest.set(record.key, { unfinished: unfinishedOf(record, step), segment });
    }
  }
  for (const { unfinished, segment } of latest.values()) segment.open.add(unfinished.record.seq);
  const unfinished = [...latest.values()]
    .map((entry) => entry.unfinished)
    .toSorted((a, b) => a.record.seq - b.record.seq);
  return { segments, unfinished, keys, lastSeq, acksGoodBytes: acks.goodBytes, damaged };
}

interface Step {
  dispatches: number;
  run: number | null;
  at: string | null;
  finished: boolean;
}

function unfinishedOf(record: SpoolRecord, step: Step | undefined): Unfinished {
  return { record, dispatches: step?.dispatches ?? 0, run: step?.run ?? null, dispatchedAt: step?.at ?? null };
}

function foldAcks(acks: readonly SpoolAck[]): ReadonlyMap<number, Step> {
  const steps = new Map<number, Step>();
  for (const ack of acks) {
    const step = steps.get(ack.seq) ?? { dispatches: 0, run: null, at: null, finished: false };
    if (ack.status === 'dispatched') {
      step.dispatches += 1;
      step.run = ack.run;
      step.at = ack.at;
    } else step.finished = true;
    steps.set(ack.seq, step);
  }
  return steps;
}
