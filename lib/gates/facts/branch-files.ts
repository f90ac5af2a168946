import { workItemFolder } from '../../artifacts/paths.ts';
import type { BranchFiles } from '../../artifacts/package.ts';
import type { Track } from '../../pipeline/stages.ts';
import type { GitPort, Sha, TreeEntry } from '../../ports/git.ts';
import type { Fact } from '../fact.ts';
import { observe } from './observe.ts';
import type { GateSubject } from './subject.ts';

export interface BranchSubject extends GateSubject {
  readonly track?: Track;
  /** Another folder than the item's own; its files are named as if they stood there. */
  readonly folder?: string;
}
export interface LoadedBranch {
  readonly branch: Fact<BranchFiles>;
  /** Blob id by path. */
  readonly blobs: ReadonlyMap<string, string>;
}

/**
 * The item's folder at the judged commit, and for each file the newest commit of the branch that changed it. A history
 * that cannot be read gives `positions: null`, never a guess. Nothing comes from a work tree. spec: AR-Q-1, AR-Q-7, G-FM-4
 */
export async function loadBranchFiles(git: GitPort, subject: BranchSubject): Promise<LoadedBranch> {
  const folder = subject.folder ?? workItemFolder(subject.item);
  const named = <T>(files: ReadonlyMap<string, T>) =>
    new Map(
      [...files].map(([path, value]) => [workItemFolder(subject.item) + path.slice(folder.length), value] as const),
    );
  const entries = await observe(async () => filesOf(await git.listTree(subject.commit, folder)));
  if (entries.kind === 'unreadable') return { branch: entries, blobs: new Map() };
  const files = await observe(() => git.readFiles(subject.commit, [...entries.value.keys()]));
  if (files.kind === 'unreadable') return { branch: files, blobs: new Map() };
  const positions = await observe(() => loadPositions(git, subject, folder, entries.value));
  return {
    branch: {
      kind: 'read',
      value: {
        item: subject.item,
        files: named(files.value),
        positions: positions.kind === 'read' && positions.value !== null ? named(positions.value) : null,
        ...(subject.track === undefined ? {} : { track: subject.track }),
      },
    },
    blobs: named(entries.value),
  };
}

/** Regular files only: a link or a submodule is not a document. */
const filesOf = (entries: readonly TreeEntry[]): ReadonlyMap<string, string> =>
  new Map(
    entries
      .filter((entry) => entry.mode === '100644' || entry.mode === '100755')
      .map((entry) => [entry.path, entry.sha]),
  );

/** Index of the newest first-parent commit (0 = head) that changed each file; null without a common history. */
async function loadPositions(
  git: GitPort,
  subject: GateSubject,
  folder: string,
  head: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<string, number> | null> {
  const fork = await git.mergeBase(subject.base, subject.commit);
  if (fork === null) return null;
  const commits = await git.firstParents(fork, subject.commit);
  const positions = new Map<string, number>();
  let newer = head;
  for (const [index, commit] of commits.entries()) {
    const parent = commits[index + 1] ?? (await git.parentsOf(commit))[0];
    const older: ReadonlyMap<string, string> =
      parent === undefined ? new Map() : filesOf(await git.listTree(parent, folder));
    for (const path of head.keys())
      if (!positions.has(path) && newer.get(path) !== older.get(path)) positions.set(path, index);
    if (positions.size === head.size) break;
    newer = older;
  }
  return positions;
}

/** Subject key (patch id, code tree …) at the newest commit of the branch that changed the file; unreadable when none did. */
export async function subjectAtWriting(
  git: GitPort,
  subject: GateSubject,
  path: string,
  key: (commit: Sha) => Promise<string>,
): Promise<Fact<string>> {
  return observeFact(async () => {
    const fork = await git.mergeBase(subject.base, subject.commit);
    if (fork === null) return { kind: 'unreadable', detail: 'base and head have no common history' };
    const blobAt = async (commit: Sha | undefined) =>
      commit === undefined ? undefined : filesOf(await git.listTree(commit, path)).get(path);
    const commits = await git.firstParents(fork, subject.commit);
    for (const [index, commit] of commits.entries()) {
      const parent = commits[index + 1] ?? (await git.parentsOf(commit))[0];
      if ((await blobAt(commit)) !== (await blobAt(parent))) return { kind: 'read', value: await key(commit) };
    }
    return { kind: 'unreadable', detail: `no commit of this branch wrote ${path}` };
  });
}

async function observeFact<T>(ask: () => Promise<Fact<T>>): Promise<Fact<T>> {
  const asked = await observe(ask);
  return asked.kind === 'read' ? asked.value : asked;
}
