import { gzipSync } from 'node:zlib';
import { z } from 'zod';
import { OUTCOME_CLASSES } from '../pipeline/outcome.ts';

export const WORK_HANDOVER = 'work';

/** What the work job says about itself; the landing job judges the files again. */
export const WorkReport = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('outcome'),
    class: z.enum(OUTCOME_CLASSES),
    cause: z.string().nullable(),
    text: z.string(),
    seconds: z.number(),
    usage: z
      .object({ input: z.number(), cacheRead: z.number(), cacheCreation: z.number(), output: z.number() })
      .nullable(),
    costUsd: z.number().nullable(),
    agent: z.string().nullable(),
  }),
  z.object({ kind: z.literal('preflight'), cause: z.enum(['config', 'auth', 'transient', 'infra']), text: z.string() }),
  /** An older run with the same token is at work: this one ends green and says nothing about the item. spec: PL-K-2 */
  z.object({ kind: z.literal('stood-down'), text: z.string() }),
]);
export type WorkReport = z.infer<typeof WorkReport>;

/** Report and transcript as files of the hand-over; the transcript is kept with the run on every ending. spec: AG-LOG-1 */
export function writeReport(report: WorkReport, transcript: Buffer | null): Map<string, Buffer> {
  const files = new Map([['outcome.json', Buffer.from(`${JSON.stringify(report)}\n`)]]);
  if (transcript !== null) files.set('transcript.ndjson.gz', gzipSync(transcript));
  return files;
}

/** null = nothing usable was handed over. */
export function readReport(files: ReadonlyMap<string, Buffer> | null): WorkReport | null {
  const text = files?.get('outcome.json')?.toString('utf8');
  if (text === undefined) return null;
  try {
    return WorkReport.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
