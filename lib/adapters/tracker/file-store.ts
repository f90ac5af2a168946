import { link, mkdir, open, readFile, readdir, rm } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { dump, load } from 'js-yaml';
import { z } from 'zod';
import { ExternalError, errorText } from '../../base/errors.ts';
import { STATUS_KEYS } from '../../pipeline/stages.ts';

const status = z.enum(STATUS_KEYS);

/** `<n>.yml`: what people write and may edit. The status at creation is the first row of the history. */
const IssueFile = z.strictObject({
  title: z.string(),
  labels: z.array(z.string()).default([]),
  created: z.strictObject({ at: z.iso.datetime(), by: z.string(), status }),
  description: z.string().default(''),
});
export type IssueFile = z.infer<typeof IssueFile>;

/** One line of `<n>.history.ndjson`. */
export const MoveLine = z.object({ id: z.string(), at: z.iso.datetime(), actor: z.string(), from: status, to: status });
export type MoveLine = z.infer<typeof MoveLine>;

/** One line of `<n>.comments.ndjson`; of several lines with one id the last is the comment. `text` by people, `html` by us. */
export const CommentLine = z.object({
  id: z.string(),
  at: z.iso.datetime(),
  actor: z.string(),
  externalId: z.string().nullable(),
  text: z.string().optional(),
  html: z.string().optional(),
});
export type CommentLine = z.infer<typeof CommentLine>;

export interface StoredIssue {
  readonly id: string;
  readonly file: IssueFile;
  /** Oldest first. */
  readonly moves: readonly MoveLine[];
  /** Oldest first, each comment once, in its last form. */
  readonly comments: readonly CommentLine[];
}

const unreadable = (path: string, why: string): ExternalError =>
  new ExternalError('TRACKER_FILE', `${path} cannot be read as an issue: ${why}. Correct the file or remove it.`, {
    retryable: false,
  });

/** The issue of a number, null when there is none. Throws TRACKER_FILE for a file that is not sound; a torn line was never acknowledged and is skipped. */
export async function readIssue(folder: string, id: string): Promise<StoredIssue | null> {
  const path = join(folder, `${id}.yml`);
  const source = /^[1-9]\d*$/.test(id) ? await readText(path) : null;
  if (source === null) return null;
  let data: unknown;
  try {
    data = load(source);
  } catch (thrown) {
    throw unreadable(path, errorText(thrown).split('\n')[0] ?? '');
  }
  const file = IssueFile.safeParse(data);
  if (!file.success)
    throw unreadable(path, `${file.error.issues[0]?.path.join('.')}: ${file.error.issues[0]?.message}`);
  const moves = await readLines(join(folder, `${id}.history.ndjson`), MoveLine);
  const lines = await readLines(join(folder, `${id}.comments.ndjson`), CommentLine);
  const comments = new Map<string, CommentLine>();
  for (const line of lines) comments.set(line.id, { ...line, at: comments.get(line.id)?.at ?? line.at });
  return { id, file: file.data, moves, comments: [...comments.values()] };
}

/** Numbers of all issues, ascending. Throws TRACKER_FILE when the folder cannot be listed. */
export async function listIssueIds(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch((thrown: unknown) => {
    throw new ExternalError('TRACKER_FILE', `The tracker folder ${folder} cannot be listed: ${errorText(thrown)}`, {
      retryable: false,
    });
  });
  const numbers = names.flatMap((name) => /^([1-9]\d*)\.yml$/.exec(name)?.[1] ?? []);
  return numbers.sort((a, b) => Number(a) - Number(b));
}

/** Writes a new issue under the next free number: whole or not at all, never over another one. */
export async function writeNewIssue(folder: string, file: IssueFile): Promise<string> {
  await mkdir(folder, { recursive: true });
  const draft = join(folder, `.${randomUUID()}.tmp`);
  try {
    await writeSynced(draft, 'wx', dump(file, { lineWidth: -1 }));
    let number = Number((await listIssueIds(folder)).at(-1) ?? '0') + 1;
    while (!(await claim(draft, join(folder, `${number}.yml`)))) number += 1;
    return String(number);
  } finally {
    await rm(draft, { force: true });
  }
}

/** Appends one line. The newline in front keeps a torn line of an earlier crash apart. */
export async function appendLine(folder: string, name: string, line: MoveLine | CommentLine): Promise<void> {
  await writeSynced(join(folder, name), 'a', `\n${JSON.stringify(line)}\n`);
}

async function claim(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path);
    return true;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw thrown;
  }
}

async function writeSynced(path: string, flags: 'wx' | 'a', text: string): Promise<void> {
  await using handle = await open(path, flags);
  await handle.writeFile(text);
  await handle.datasync();
}

async function readText(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw unreadable(path, errorText(thrown));
  }
}

async function readLines<Shape extends z.ZodType>(path: string, shape: Shape): Promise<z.infer<Shape>[]> {
  const lines = ((await readText(path)) ?? '').split('\n').filter((line) => line !== '');
  return lines.flatMap((line, index) => {
    const parsed = shape.safeParse(parseJson(line));
    if (parsed.success) return [parsed.data];
    if (parseJson(line) === undefined) return [];
    throw unreadable(path, `line ${index + 1}: ${parsed.error.issues[0]?.message}`);
  });
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
