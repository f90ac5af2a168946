/** 40 or 64 lower-case hex digits. */
export type Sha = string;

export interface TreeEntry {
  readonly path: string;
  /** git mode: 100644, 100755, 120000 (symlink), 160000 (submodule). */
  readonly mode: string;
  readonly sha: Sha;
}

/** One path of a commit to be made: `content: null` deletes it; `blob` reuses an object that is already there. */
export interface TreeChange {
  readonly path: string;
  readonly content?: Buffer | string | null;
  readonly blob?: Sha;
  /** Default 100644. */
  readonly mode?: string;
}

export interface CommitSpec {
  /** Commit whose tree is the starting point; null = empty tree. */
  readonly base: Sha | null;
  readonly parents: readonly Sha[];
  /** Tree to start from in place of that of `base`. */
  readonly tree?: Sha;
  readonly changes: readonly TreeChange[];
  readonly message: string;
  readonly author: { readonly name: string; readonly email: string };
  /** Time of the commit, from the clock port. */
  readonly at: Date;
}

/** `expect: null` = the ref must not exist; `to: null` deletes it. */
export interface RefUpdate {
  readonly ref: string;
  readonly to: Sha | null;
  readonly expect: Sha | null;
}

/** `stale`: a lease did not hold (somebody else was first). `refused`: the remote said no for another reason. */
export type PushResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: 'stale' | 'refused'; readonly text: string };

export type MergeTree =
  | { readonly clean: true; readonly tree: Sha }
  | { readonly clean: false; readonly tree: Sha | null; readonly conflicts: readonly string[] };

/**
 * A bare clone of one remote, used by plumbing only: no checkout, no hooks, hermetic configuration.
 * Methods throw `ExternalError` (code GIT_…) when git or the remote fails; "not there" is null, never an error.
 */
export interface GitPort {
  readonly dir: string;
  /**
   * Fetches full ref names (`refs/heads/x`); answers what the remote has now, null where a ref is missing.
   * `depth` commits of history (default 1, 0 = all); `blobs: false` leaves file contents to be fetched when they are read,
   * `levels` also the folders below that many (1 = the top folder's own list), so that a huge tree costs what is read of it.
   */
  fetch(
    refs: readonly string[],
    options?: { readonly depth?: number; readonly blobs?: boolean; readonly levels?: number },
  ): Promise<ReadonlyMap<string, Sha | null>>;
  /** All remote refs that match the patterns, without fetching. */
  listRefs(...patterns: readonly string[]): Promise<ReadonlyMap<string, Sha>>;
  /** Content at a commit, or null when the path is not a file there. */
  readFile(commit: Sha, path: string): Promise<Buffer | null>;
  /** Several files at once (one process); missing paths are absent from the answer. */
  readFiles(commit: Sha, paths: readonly string[]): Promise<ReadonlyMap<string, Buffer>>;
  /** All files below a folder ('' = whole tree), recursively. */
  listTree(commit: Sha, folder: string): Promise<readonly TreeEntry[]>;
  /** Writes blobs, trees and one commit; moves no ref. */
  commit(spec: CommitSpec): Promise<Sha>;
  /** One atomic push, each ref with its lease; never forced beyond the lease. spec: design §3 */
  push(updates: readonly RefUpdate[]): Promise<PushResult>;
  treeOf(commit: Sha): Promise<Sha>;
  /** Time of the commit. */
  timeOf(commit: Sha): Promise<Date>;
  parentsOf(commit: Sha): Promise<readonly Sha[]>;
  /** Tree without docs/work-items/. spec: gates §1.1 */
  codeTree(commit: Sha): Promise<Sha>;
  /** `git patch-id --verbatim` of merge-base..commit without docs/work-items/; 'empty' when nothing changed. spec: gates §1.1 */
  patchId(base: Sha, commit: Sha): Promise<string>;
  mergeBase(a: Sha, b: Sha): Promise<Sha | null>;
  isAncestor(ancestor: Sha, of: Sha): Promise<boolean>;
  mergeTree(base: Sha, head: Sha): Promise<MergeTree>;
  /** First-parent commits from `head` back to (not including) `base`, newest first. */
  firstParents(base: Sha, head: Sha): Promise<readonly Sha[]>;
  /** Changed paths between two trees or commits, without rename detection. status: A, M, D, T. */
  diff(from: Sha, to: Sha): Promise<readonly { readonly status: string; readonly path: string }[]>;
  /** Files that differ between two commits and their lines added and removed; binary files count no lines. `without`: folders left out. */
  diffSize(
    from: Sha,
    to: Sha,
    without?: readonly string[],
  ): Promise<{ readonly files: number; readonly plus: number; readonly minus: number }>;
  /** Writes the tracked files of a commit or tree into an empty folder; no .git. Mode bits and symlinks are kept. */
  exportTree(treeish: Sha, folder: string, options?: { readonly without?: readonly string[] }): Promise<void>;
  /**
   * The same for a commit, with a `.git` of its own: the history of the named branches, the first one checked out; no
   * remote, no hook, no setting, no credential, no link to this repository. spec: AG-SEC-3
   */
  exportRepository(commit: Sha, folder: string, branches: Readonly<Record<string, Sha>>): Promise<void>;
}
