import { join } from 'node:path';
import type { GitPort, Sha, TreeEntry } from '../../ports/git.ts';
import type { ShellPort } from '../../ports/shell.ts';
import type { ChangeEntry } from './change-entry.ts';
import type { FolderEntry } from './collect-files.ts';
import { listFolder, readContent, readLink } from './collect-files.ts';
import type { Candidate, IgnoreRules } from './collect-ignored.ts';
import { openIgnoreRules } from './collect-ignored.ts';

/** Above the largest possible `agents.max_patch_kb` (51 200): content cut there is refused for its size anyway. */
export const MAX_COLLECTED_BYTES = 51_200 * 1024 + 1;

export interface CollectRequest {
  readonly git: Pick<GitPort, 'dir' | 'listTree' | 'readFiles'>;
  readonly shell: ShellPort;
  /** Environment of our own git calls: PATH. */
  readonly env: Readonly<Record<string, string>>;
  readonly baseCommit: Sha;
  /** Absolute path of the work tree. */
  readonly folder: string;
}
interface Found {
  readonly path: string;
  readonly entry: FolderEntry;
}
interface Walk {
  readonly files: Found[];
  /** Paths that cannot travel, with the reason as kind. */
  readonly refused: ChangeEntry[];
  /** An ignore file that is a pipe or device: git would wait for it for ever, so nothing more is asked. */
  stuck: boolean;
}

/**
 * What a folder has that the base commit has not, by content, sorted by path; a rename is a deletion and an addition.
 * The folder's own `.git` is never read. Untracked files ignored by the base's rules or by the tree's own are left out,
 * tracked ones never. Contents are cut after 50 MiB together, which is over every size limit.
 * Throws ExternalError GIT_… and WORKTREE_UNREADABLE. spec: AG-APP-1
 */
export async function collectChanges(request: CollectRequest): Promise<ChangeEntry[]> {
  const { git, baseCommit, folder } = request;
  const listed = await git.listTree(baseCommit, '');
  const base = new Map(listed.map((entry) => [entry.path, entry]));
  await using rules = await openIgnoreRules({ ...request, base: listed });
  const walk = await walkFolder(folder, base, rules);
  const algorithm = baseCommit.length === 64 ? 'sha256' : 'sha1';
  if (walk.stuck) return walk.refused;
  const changes = [...walk.refused];
  const present = new Set(walk.refused.map((entry) => entry.path));
  let left = MAX_COLLECTED_BYTES;
  for (const found of walk.files) {
    present.add(found.path);
    const change = await compare(folder, found, base.get(found.path), algorithm, left);
    if (change === null) continue;
    left -= change.content?.length ?? 0;
    changes.push(change);
  }
  for (const entry of listed) if (!present.has(entry.path) && entry.mode !== GITLINK) changes.push(deleted(entry));
  return changes.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

const GITLINK = '160000';

async function walkFolder(folder: string, base: ReadonlyMap<string, TreeEntry>, rules: IgnoreRules): Promise<Walk> {
  const tracked = foldersOf(base.keys());
  const walk: Walk = { files: [], refused: [], stuck: false };
  // Level by level: each level asks git once, and what is ignored is not entered.
  for (let level: readonly string[] = ['']; level.length > 0;) {
    const next: string[] = [];
    const candidates: (Candidate & { readonly settle: () => void })[] = [];
    for (const parent of level) {
      const entries = await listFolder(join(folder, parent));
      if (entries === null) {
        walk.refused.push(cannotTravel(parent, 'other'));
        continue;
      }
      for (const entry of entries) {
        const path = parent === '' ? entry.name : `${parent}/${entry.name}`;
        if (path === '.git') continue;
        const known = base.get(path);
        if (entry.name === '.gitignore' && entry.kind === 'other') walk.stuck = true;
        if (!entry.nameOk) walk.refused.push(cannotTravel(path, 'other'));
        else if (entry.kind === 'folder' && known?.mode === GITLINK) {
          if ((await listFolder(join(folder, path)))?.length !== 0) walk.refused.push(cannotTravel(path, 'submodule'));
        } else if (entry.kind === 'folder') {
          const nested = (await listFolder(join(folder, path)))?.some((inner) => inner.name === '.git') ?? false;
          const settle = (): void =>
            void (nested ? walk.refused.push(cannotTravel(path, 'submodule')) : next.push(path));
          if (tracked.has(path)) settle();
          else candidates.push({ path, folder: true, settle });
        } else {
          const settle = (): void => void walk.files.push({ path, entry });
          if (known === undefined) candidates.push({ path, folder: false, settle });
          else settle();
        }
      }
    }
    if (walk.stuck) return { ...walk, refused: stuckAt(candidates) };
    const ignored = await rules.ignored(candidates);
    for (const candidate of candidates) if (!ignored.has(candidate.path)) candidate.settle();
    level = next;
  }
  return walk;
}

async function compare(
  folder: string,
  { path, entry }: Found,
  known: TreeEntry | undefined,
  algorithm: 'sha1' | 'sha256',
  limit: number,
): Promise<ChangeEntry | null> {
  const full = join(folder, path);
  if (entry.kind === 'symlink') {
    const link = await readLink(full, algorithm);
    if (link === null) return cannotTravel(path, 'other');
    if (known?.mode === '120000' && known.sha === link.sha) return null;
    return {
      path,
      kind: 'symlink',
      executable: false,
      content: link.content,
      linkTarget: link.content.toString('utf8'),
    };
  }
  if (entry.kind !== 'file') return cannotTravel(path, 'other');
  const file = await readContent(full, algorithm, limit);
  if (file === null) return cannotTravel(path, 'other');
  const mode = entry.executable ? '100755' : '100644';
  // 100664 is an old spelling of 100644.
  const knownMode = known?.mode === '100664' ? '100644' : known?.mode;
  if (knownMode === mode && known?.sha === file.sha) return null;
  return { path, kind: 'file', executable: entry.executable, content: file.content };
}

function stuckAt(candidates: readonly Candidate[]): ChangeEntry[] {
  return candidates
    .filter(({ path }) => /(^|\/)\.gitignore$/.test(path))
    .map(({ path }) => cannotTravel(path, 'other'));
}

function deleted(entry: TreeEntry): ChangeEntry {
  return {
    path: entry.path,
    kind: entry.mode === '120000' ? 'symlink' : 'file',
    executable: entry.mode === '100755',
    content: null,
  };
}

function cannotTravel(path: string, kind: 'submodule' | 'other'): ChangeEntry {
  return { path, kind, executable: false, content: Buffer.alloc(0) };
}

function foldersOf(paths: Iterable<string>): ReadonlySet<string> {
  const folders = new Set<string>();
  for (const path of paths)
    for (
      let end = path.lastIndexOf('/');
      end > 0 && !folders.has(path.slice(0, end));
      end = path.lastIndexOf('/', end - 1)
    )
      folders.add(path.slice(0, end));
  return folders;
}
