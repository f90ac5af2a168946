import type { ArtifactCode } from './codes.ts';
import { WORK_ITEMS } from './paths.ts';

/** One path of an agent's change. `content` null = deleted; a symbolic link's target stands in `linkTarget`, else in `content`. */
export interface Change {
  readonly path: string;
  readonly kind: 'file' | 'symlink' | 'submodule' | 'other';
  readonly executable: boolean;
  readonly content: Buffer | null;
  readonly linkTarget?: string;
}

const MAX_PATH_BYTES = 240;

export interface FormFault {
  readonly code: Extract<ArtifactCode, 'scope.name' | 'scope.mode'>;
  readonly rule: 'AR-SC-3' | 'AG-APP-2';
  readonly text: string;
}

/** Why the form of a path is refused, or null: absolute, `..`, control or hidden characters, not NFC, > 240 bytes. spec: AR-SC-3 */
export function pathFormFault(path: string): FormFault | null {
  const refuse = (text: string): FormFault => ({ code: 'scope.name', rule: 'AR-SC-3', text });
  const bytes = Buffer.byteLength(path);
  if (bytes === 0) return refuse('an empty path');
  if (bytes > MAX_PATH_BYTES) return refuse(`${bytes} bytes, at most ${MAX_PATH_BYTES} are allowed`);
  if (!path.isWellFormed() || /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\uFFFD]/u.test(path))
    return refuse('control, hidden or undecodable characters');
  if (path.normalize('NFC') !== path) return refuse('not in Unicode form NFC');
  if (path.startsWith('/') || /^[A-Za-z]:[\\/]/.test(path) || path.includes('\\'))
    return refuse('not a plain path inside the repository');
  const parts = path.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..')) return refuse('empty, `.` or `..` segments');
  if (parts.some(isGitFolder)) return { code: 'scope.mode', rule: 'AR-SC-3', text: 'the folder .git is never written' };
  return null;
}

/** Why this kind of entry is refused, or null: submodule, device, link out of the repository or in an item's folder, executable documents. */
export function kindFault(change: Change): FormFault | null {
  const refuse = (text: string): FormFault => ({ code: 'scope.mode', rule: 'AG-APP-2', text });
  if (change.content === null) return null;
  if (change.kind === 'submodule') return refuse('a submodule or nested repository');
  if (change.kind === 'other') return refuse('neither a file nor a link');
  const folder = change.path.toLowerCase();
  if (change.kind === 'symlink') {
    if (folder.startsWith(`${WORK_ITEMS}/`)) return refuse('a symbolic link in a work item');
    const target = change.linkTarget ?? change.content.toString();
    return linkLeaves(change.path, target)
      ? refuse(`a symbolic link that leads out of the repository: ${JSON.stringify(target.slice(0, 80))}`)
      : null;
  }
  if (change.executable && folder.startsWith('docs/')) return refuse('an executable file inside docs/');
  return null;
}

/**
 * Written paths that cannot stand beside another path: equal to it when case is ignored, or a file where the other one
 * needs a folder. Looks at the change itself and at what stays tracked.
 */
export function pathClashes(changes: readonly Change[], tracked: ReadonlySet<string>): ReadonlyMap<string, string> {
  const deleted = new Set(changes.filter(({ content }) => content === null).map(({ path }) => path));
  const files = new Map<string, string>();
  const folders = new Map<string, string>();
  const add = (path: string) => {
    files.set(path.toLowerCase(), path);
    for (const folder of foldersOf(path.toLowerCase())) folders.set(folder, path);
  };
  for (const path of tracked) if (!deleted.has(path)) add(path);
  const clashes = new Map<string, string>();
  for (const { path, content } of changes) {
    if (content === null) continue;
    const folded = path.toLowerCase();
    const same = files.get(folded);
    const other =
      (same === path ? undefined : same) ??
      folders.get(folded) ??
      foldersOf(folded)
        .map((folder) => files.get(folder))
        .find((file) => file !== undefined);
    if (other === undefined) add(path);
    else clashes.set(path, other);
  }
  return clashes;
}

function foldersOf(path: string): string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'));
}

function isGitFolder(part: string): boolean {
  return /^(?:\.git|git~\d+)$/i.test(part.replace(/[. ]+$/, ''));
}

/** Only leading `..` are followed: a later one could climb out of a folder that is itself a link. */
function linkLeaves(path: string, target: string): boolean {
  if (target === '' || target.startsWith('/') || target.includes('\\') || /^[A-Za-z]:/.test(target)) return true;
  const parts = target.split('/').filter((part) => part !== '' && part !== '.');
  const descent = parts.findIndex((part) => part !== '..');
  const climbs = descent < 0 ? parts.length : descent;
  const below = parts.slice(climbs);
  const depth = path.split('/').length - 1;
  return climbs > depth || below.includes('..') || parts.some(isGitFolder);
}
