import { journalPath, renderJson } from '../ledger/codec.ts';
import { ARCHIVE_REF } from '../ledger/refs.ts';
import type { LedgerView } from '../ledger/store.ts';
import type { ItemState, Snapshot } from '../pipeline/state.ts';
import type { RefUpdate, TreeChange } from '../ports/git.ts';
import { ExternalError } from '../base/errors.ts';
import type { Session } from './engine.ts';

const BOT = { name: 'Conveyor', email: 'conveyor@conveyor.invalid' };

/** Levels of the archive's tree: top, then index and years, then months; each item has two more of its own. */
const INDEX = 2;
const MONTHS = 3;

/** Folder of one life in the archive; year and month of its end. spec: PL-D-9 */
export function archiveFolder(item: ItemState): string {
  const [year = '', month = ''] = item.since.split('-');
  return `${year}/${month}/${item.id}/g${item.gen}`;
}

export interface ArchiveIndex {
  readonly id: string;
  readonly issue: string;
  readonly gen: number;
  readonly stage: string;
  readonly seen: string | null;
  readonly path: string;
}

/** Moves finished items out of the live ledger, in one atomic push with it; cost does not grow with history. spec: PL-D-9, design §3 */
export async function archiveFinished(
  session: Session,
  view: LedgerView,
  next: Snapshot,
  leaving: readonly ItemState[],
): Promise<{ readonly next: Snapshot; readonly refs: readonly RefUpdate[] }> {
  if (leaving.length === 0) return { next, refs: [] };
  const { git, clock } = session.engine;
  const journals = await git.readFiles(
    view.head,
    leaving.map((item) => journalPath(item.id)),
  );
  const changes = leaving.flatMap((item): TreeChange[] => {
    const path = archiveFolder(item);
    const index: ArchiveIndex = {
      id: item.id,
      issue: item.issue,
      gen: item.gen,
      stage: item.stage,
      seen: item.seen?.at ?? null,
      path,
    };
    return [
      { path: `${path}/state.json`, content: renderJson(item) },
      { path: `${path}/journal.ndjson`, content: journals.get(journalPath(item.id)) ?? '' },
      { path: `index/${item.id}.json`, content: renderJson(index) },
    ];
  });
  const tip = (await git.fetch([ARCHIVE_REF], { blobs: false, levels: MONTHS })).get(ARCHIVE_REF) ?? null;
  const commit = await git.commit({
    base: tip,
    parents: tip === null ? [] : [tip],
    changes,
    message: `archive: ${leaving.map((item) => `${item.id} g${item.gen} ${item.stage}`).join(', ')}`,
    author: BOT,
    at: clock.now(),
  });
  const items = new Map(next.items);
  for (const item of leaving) items.delete(item.id);
  return { next: { repo: next.repo, items }, refs: [{ ref: ARCHIVE_REF, to: commit, expect: tip }] };
}

/** Copies the work-item folder of a stopped item's branch to the archive; an equal copy is there = done. spec: AR-ST-1 */
export async function archiveArtifacts(session: Session, item: ItemState, head: string): Promise<void> {
  const { git, clock } = session.engine;
  for (let attempt = 1; attempt <= 5; attempt += 1) {
    const refs = await git.fetch([ARCHIVE_REF, `refs/heads/${item.branch ?? ''}`], { blobs: true });
    if (refs.get(`refs/heads/${item.branch ?? ''}`) !== head) {
      session.engine.log.warn(
        `${item.branch} is not at ${head.slice(0, 8)} any more: its documents are kept where they are`,
      );
      return;
    }
    const tip = refs.get(ARCHIVE_REF) ?? null;
    const folder = `${archiveFolder(item)}/artifacts`;
    const files = await git.listTree(head, `docs/work-items/${item.id}`);
    const note = renderJson({ head, pull: item.pull, reason: item.cancel?.reason ?? '' });
    const changes: TreeChange[] = files.map((file) => ({
      path: `${folder}/${file.path.split('/').slice(3).join('/')}`,
      blob: file.sha,
      mode: file.mode,
    }));
    const commit = await git.commit({
      base: tip,
      parents: tip === null ? [] : [tip],
      changes: [...changes, { path: `${folder}/stopped.json`, content: note }],
      message: `archive: documents of ${item.id} g${item.gen}`,
      author: BOT,
      at: clock.now(),
    });
    const result = await git.push([{ ref: ARCHIVE_REF, to: commit, expect: tip }]);
    if (result.ok) return;
    if (result.reason === 'refused') throw new ExternalError('ARCHIVE_REFUSED', result.text);
    await clock.sleep(100 * attempt);
  }
  throw new ExternalError('ARCHIVE_BUSY', 'the archive branch moved under five attempts');
}

/** The last archived life of an issue or id; null = none. */
export async function findArchived(
  session: Session,
  ids: readonly string[],
): Promise<ReadonlyMap<string, ArchiveIndex>> {
  const { git } = session.engine;
  const tip = (await git.fetch([ARCHIVE_REF], { blobs: false, levels: INDEX })).get(ARCHIVE_REF) ?? null;
  if (tip === null) return new Map();
  const files = await git.readFiles(
    tip,
    ids.map((id) => `index/${id}.json`),
  );
  return new Map(
    [...files].map(([path, content]) => [
      path.slice('index/'.length, -'.json'.length),
      JSON.parse(content.toString()) as ArchiveIndex,
    ]),
  );
}
