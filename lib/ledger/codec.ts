import { z } from 'zod';
import { ConfigError, InternalError } from '../base/errors.ts';
import { ItemState, LEDGER_SCHEMA, RepoState, type Snapshot, stateFaults } from '../pipeline/state.ts';

/** One decision about one item: what came, which rule, what changed, what is to be done. spec: design §3 */
export const JournalLine = z.object({
  seq: z.int().min(0),
  at: z.string(),
  /** The run that decided. */
  by: z.string(),
  event: z.string(),
  rule: z.string(),
  text: z.string(),
  before: z.string(),
  after: z.string(),
  effects: z.array(z.string()),
  receipts: z.array(z.string()),
  /** Commit of main whose configuration was in force. spec: O-C-1 */
  config: z.string().nullable(),
});
export type JournalLine = z.infer<typeof JournalLine>;

export const statePath = (id: string) => `items/${id}/state.json`;
export const journalPath = (id: string) => `items/${id}/journal.ndjson`;
const ITEM_STATE = /^items\/([A-Z][A-Z0-9]{1,9}-\d{1,7})\/state\.json$/;

/** JSON with sorted keys and one value per line, so that a person can read a diff of the ledger. */
export function renderJson(value: unknown): string {
  const sorted = (_key: string, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner;
  return `${JSON.stringify(value, sorted, 1)}\n`;
}

/**
 * The files of a state, as the next reader will find them. Throws InternalError LEDGER_WOULD_BREAK for what it could not
 * read: one such file would stop every run of the repository.
 */
export function renderItem(item: ItemState): string {
  const parsed = ItemState.safeParse(item);
  const faults = parsed.success ? stateFaults(parsed.data) : [z.prettifyError(parsed.error)];
  if (faults.length > 0) throw wouldBreak(statePath(item.id), faults);
  return renderJson(item);
}

export function renderRepo(repo: RepoState): string {
  const parsed = RepoState.safeParse(repo);
  if (!parsed.success) throw wouldBreak('repo.json', [z.prettifyError(parsed.error)]);
  return renderJson(repo);
}

const wouldBreak = (path: string, faults: readonly string[]) =>
  new InternalError(
    'LEDGER_WOULD_BREAK',
    `${path} would be unreadable (${faults.join('; ')}). Nothing was written. This is a defect of Conveyor: report it with the log of this run.`,
  );

export const renderJournalLine = (line: JournalLine) => `${JSON.stringify(line)}\n`;

function parseJson(path: string, content: Buffer): unknown {
  try {
    return JSON.parse(content.toString('utf8'));
  } catch (cause) {
    throw unreadable(path, (cause as Error).message, cause);
  }
}

const unreadable = (path: string, why: string, cause?: unknown) =>
  new ConfigError(
    'LEDGER_UNREADABLE',
    `The ledger file ${path} cannot be read: ${why}. Nothing was written. Repair it on branch conveyor/ledger (the bot pushes; history keeps every earlier state) and run again.`,
    { cause },
  );

/**
 * The live ledger from its files. Throws ConfigError LEDGER_NEWER or LEDGER_UNREADABLE, and then nothing may be written.
 * spec: design §3 "An unreadable or newer-schema ledger stops with a clear error and changes nothing"
 */
export function parseLedger(files: ReadonlyMap<string, Buffer>): Snapshot {
  const repoFile = files.get('repo.json');
  if (repoFile === undefined) throw unreadable('repo.json', 'it is missing');
  const raw = parseJson('repo.json', repoFile);
  const schema = (raw as { schema?: unknown } | null)?.schema;
  if (typeof schema === 'number' && schema > LEDGER_SCHEMA)
    throw new ConfigError(
      'LEDGER_NEWER',
      `The ledger has schema ${schema}, this release of Conveyor reads up to ${LEDGER_SCHEMA}. Nothing was written. Update the pinned release of the actions in .gitea/workflows.`,
    );
  const repo = RepoState.safeParse(raw);
  if (!repo.success) throw unreadable('repo.json', z.prettifyError(repo.error));
  const items = new Map<string, ItemState>();
  for (const [path, content] of files) {
    const id = ITEM_STATE.exec(path)?.[1];
    if (id === undefined) continue;
    const item = ItemState.safeParse(parseJson(path, content));
    if (!item.success) throw unreadable(path, z.prettifyError(item.error));
    const faults = [...stateFaults(item.data), ...(item.data.id === id ? [] : [`id is ${item.data.id}`])];
    if (faults.length > 0) throw unreadable(path, `it contradicts itself (${faults.join('; ')})`);
    items.set(id, item.data);
  }
  return { repo: repo.data, items };
}

/** First content of the branch. spec: operations §2.1 "ledger" */
export function initialRepo(epoch: number): RepoState {
  return { schema: LEDGER_SCHEMA, epoch, order: 0, slot: null, trackerMark: null, reconcile: null, lastLanding: null };
}
