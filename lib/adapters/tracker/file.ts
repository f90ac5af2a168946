import { createHash, randomUUID } from 'node:crypto';
import { ExternalError } from '../../base/errors.ts';
import { STATUS_KEYS, type StatusKey } from '../../pipeline/stages.ts';
import { STATUS_NAMES } from '../../pipeline/status-names.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Issue, StateGroup, StatusWrite, TrackerPort } from '../../ports/tracker.ts';
import {
  type CommentLine,
  type StoredIssue,
  appendLine,
  listIssueIds,
  readIssue,
  writeNewIssue,
} from './file-store.ts';
import { htmlText } from './html-text.ts';
import { instantMicros, renderMicros } from './instant.ts';
import { outboundState } from './states.ts';

/** The account that writes for the pipeline. */
export const FILE_BOT = 'conveyor';
const ADMIN = 20;
const GROUPS: Readonly<Partial<Record<StatusKey, StateGroup>>> = {
  backlog: 'backlog',
  todo: 'unstarted',
  to_analyse: 'unstarted',
  estimate: 'unstarted',
  done: 'completed',
  stop: 'cancelled',
  cancelled: 'cancelled',
};
/** A folder has every status; its id is the key. */
const BOARD = new Map(
  STATUS_KEYS.map(
    (key) => [key as string, { name: STATUS_NAMES[key][0], group: GROUPS[key] ?? 'started', key }] as const,
  ),
);

/**
 * A folder of issues as a tracker, for the local engine: `<n>.yml` (title, labels, description: people may edit it),
 * `<n>.history.ndjson`, `<n>.comments.ndjson`. Appended to or written whole, so readers and writers need no lock.
 * Whoever can write the folder is an admin. Throws `ExternalError` TRACKER_FILE, TRACKER_GONE. spec: design §6
 */
export function createFileTracker(options: { readonly folder: string; readonly clock: Clock }): TrackerPort {
  const { folder, clock } = options;
  return {
    kind: 'file',
    ownActors: async () => new Set([FILE_BOT]),
    memberRole: async (actor) => (actor === '' ? null : ADMIN),
    hasStatus: async (key) => BOARD.has(key),
    async getIssue(id) {
      const stored = await readIssue(folder, id);
      return stored === null ? null : toIssue(folder, stored);
    },
    async listStateRows(id) {
      const stored = await readIssue(folder, id);
      if (stored === null) return [];
      const { at, by, status } = stored.file.created;
      return [{ id: `${id}-created`, at, actor: by, from: null, to: status }, ...stored.moves];
    },
    async listComments(id) {
      const comments = (await readIssue(folder, id))?.comments ?? [];
      return comments.map((line) => ({
        id: line.id,
        at: line.at,
        actor: line.actor,
        text: line.text ?? htmlText(line.html ?? ''),
        externalId: line.externalId,
      }));
    },
    async listUpdated(since) {
      const stored = await Promise.all((await listIssueIds(folder)).map(async (id) => await readIssue(folder, id)));
      const issues = stored.filter((issue) => issue !== null).map((issue) => toIssue(folder, issue));
      const newer = issues.filter((issue) => since === null || instantMicros(issue.updatedAt) > instantMicros(since));
      return newer.sort((a, b) => instantMicros(b.updatedAt) - instantMicros(a.updatedAt));
    },
    async setStatus(id, key) {
      const stored = await readIssue(folder, id);
      if (stored === null) return 'gone';
      if (!outboundState(BOARD, key).write) return 'skipped';
      return await move(folder, stored, key, FILE_BOT, clock.now());
    },
    async upsertComment(id, comment) {
      const stored = await existing(folder, id);
      const have = stored.comments.find((line) => line.externalId === comment.externalId);
      // The id follows from the external id: two writers at once still make one comment.
      const line = have?.id ?? `c-${createHash('sha256').update(comment.externalId).digest('hex').slice(0, 12)}`;
      if (have?.html !== comment.html) {
        const at = nextTime(stored, clock.now());
        await append(folder, id, { id: line, at, actor: FILE_BOT, externalId: comment.externalId, html: comment.html });
      }
      return { id: line };
    },
    issueUrl: () => null,
  };
}

/** A person makes an issue; the answer is its number. A crash leaves the whole issue or none. */
export async function createIssue(
  folder: string,
  issue: {
    readonly title: string;
    readonly description: string;
    readonly labels?: readonly string[];
    readonly status?: StatusKey;
  },
  actor: string,
  now = new Date(),
): Promise<string> {
  const created = { at: renderMicros(laterThan(0, now)), by: actor, status: issue.status ?? 'backlog' };
  return await writeNewIssue(folder, {
    title: issue.title,
    labels: [...(issue.labels ?? [])],
    created,
    description: issue.description,
  });
}

/** A person moves an issue to a status. Throws TRACKER_GONE when there is no such issue. */
export async function moveIssue(
  folder: string,
  id: string,
  key: StatusKey,
  actor: string,
  now = new Date(),
): Promise<StatusWrite> {
  return await move(folder, await existing(folder, id), key, actor, now);
}

/** A person comments an issue; the answer is the comment's id. Throws TRACKER_GONE when there is no such issue. */
export async function addComment(
  folder: string,
  id: string,
  text: string,
  actor: string,
  now = new Date(),
): Promise<string> {
  const at = nextTime(await existing(folder, id), now);
  const line = { id: randomUUID(), at, actor, externalId: null, text };
  await append(folder, id, line);
  return line.id;
}

async function existing(folder: string, id: string): Promise<StoredIssue> {
  const stored = await readIssue(folder, id);
  if (stored === null)
    throw new ExternalError('TRACKER_GONE', `The tracker folder ${folder} has no issue ${id}`, {
      retryable: false,
      status: 404,
    });
  return stored;
}

async function move(
  folder: string,
  stored: StoredIssue,
  to: StatusKey,
  actor: string,
  now: Date,
): Promise<'ok' | 'unchanged'> {
  const from = statusOf(stored);
  if (from === to) return 'unchanged';
  await appendLine(folder, `${stored.id}.history.ndjson`, {
    id: randomUUID(),
    at: nextTime(stored, now),
    actor,
    from,
    to,
  });
  return 'ok';
}

const append = async (folder: string, id: string, line: CommentLine): Promise<void> =>
  await appendLine(folder, `${id}.comments.ndjson`, line);

const statusOf = (stored: StoredIssue): StatusKey => stored.moves.at(-1)?.to ?? stored.file.created.status;

const updatedMicros = (stored: StoredIssue): number =>
  Math.max(...[stored.file.created, ...stored.moves, ...stored.comments].map((line) => instantMicros(line.at)));

const nextTime = (stored: StoredIssue, now: Date): string => renderMicros(laterThan(updatedMicros(stored), now));

let newest = 0;
/** Later than `than` and than all earlier answers, also under a clock that stands still: two changes with one time would hide one from `listUpdated`. */
function laterThan(than: number, now: Date): number {
  const micros = now.getTime() * 1000 + Number((process.hrtime.bigint() / 1000n) % 1000n);
  newest = Math.max(micros, than + 1, newest + 1);
  return newest;
}

function toIssue(folder: string, stored: StoredIssue): Issue {
  const key = statusOf(stored);
  return {
    id: stored.id,
    project: folder,
    sequence: Number(stored.id),
    title: stored.file.title,
    description: stored.file.description.replace(/\s+/g, ' ').trim(),
    state: { id: key, name: STATUS_NAMES[key][0], group: GROUPS[key] ?? 'started', key },
    labels: stored.file.labels,
    updatedAt: renderMicros(updatedMicros(stored)),
  };
}
