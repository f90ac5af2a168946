import { z } from 'zod';

/** One accepted delivery, one line of a segment. `body` never leaves the spool. spec: RL-RLY-9 */
export const SpoolRecord = z.strictObject({
  v: z.literal(1),
  seq: z.int().min(1),
  /** sha256 of source and raw body, hex. */
  key: z.string().regex(/^[0-9a-f]{64}$/),
  source: z.literal('plane'),
  received_at: z.string(),
  delivery: z.string(),
  project: z.string(),
  issue: z.string(),
  field: z.enum(['state', 'labels']),
  old: z.unknown(),
  new: z.unknown(),
  updated_at: z.string(),
  actor: z.string().nullable(),
  body: z.record(z.string(), z.unknown()),
});
export type SpoolRecord = z.infer<typeof SpoolRecord>;

/** A record before it has its number; `body` is the JSON text as it came. */
export type SpoolDraft = Omit<SpoolRecord, 'v' | 'seq' | 'body'> & { readonly body: string };

/** One step of a record; `dispatched` may stand several times. spec: RL-RLY-9 */
export const SpoolAck = z.strictObject({
  v: z.literal(1),
  seq: z.int().min(1),
  status: z.enum(['dispatched', 'confirmed', 'superseded', 'dead']),
  at: z.string(),
  /** Run of a dispatch, when the forge told it. */
  run: z.int().nullable(),
  /** Why it ended without a run: `no interest`, `own write`, … */
  reason: z.string().nullable(),
});
export type SpoolAck = z.infer<typeof SpoolAck>;

/** A record that was given up, whole, so that redrive needs no segment. spec: RL-RLY-23 */
export const DeadLetter = z.strictObject({
  v: z.literal(1),
  at: z.string(),
  repository: z.string(),
  correlation: z.string(),
  attempts: z.int(),
  reason: z.string(),
  record: SpoolRecord,
});
export type DeadLetter = z.infer<typeof DeadLetter>;

/** Lines of a file as far as they can be read: a last line without its line feed was never answered and is left out. */
export interface ReadLines<Line> {
  readonly lines: readonly Line[];
  /** Whole lines that are not of the schema, by number from 1: damage, or another version wrote them. */
  readonly damaged: readonly number[];
  readonly torn: boolean;
  /** Bytes up to the last line feed. */
  readonly goodBytes: number;
}

/** Parses NDJSON of one schema. Never throws. spec: RL-RLY-9 */
export function parseLines<Schema extends z.ZodType>(bytes: Buffer, schema: Schema): ReadLines<z.infer<Schema>> {
  const rows = bytes.toString('utf8').split('\n');
  const torn = rows.pop() !== '';
  const lines: z.infer<Schema>[] = [];
  const damaged: number[] = [];
  rows.forEach((row, index) => {
    const parsed = schema.safeParse(json(row));
    if (parsed.success) lines.push(parsed.data);
    else damaged.push(index + 1);
  });
  return { lines, damaged, torn, goodBytes: bytes.lastIndexOf(0x0a) + 1 };
}

/** A record's line. The body goes in as it came, which is much cheaper than writing it anew as a string. */
export function renderRecord(seq: number, { body, ...draft }: SpoolDraft): Buffer {
  const head = JSON.stringify({ v: 1, seq, ...draft });
  const line = /[\n\r]/.test(body) ? JSON.stringify(JSON.parse(body)) : body;
  return Buffer.from(`${head.slice(0, -1)},"body":${line}}\n`);
}

export function renderLine(value: SpoolAck | DeadLetter): Buffer {
  return Buffer.from(`${JSON.stringify(value)}\n`);
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
