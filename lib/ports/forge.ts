import type { Sha } from './git.ts';

export type StatusState = 'pending' | 'success' | 'failure' | 'error' | 'warning' | 'skipped';
/** `state` as the forge says it; unknown words are kept, the ci gate reads them as pending. */
export interface StatusRow {
  readonly context: string;
  readonly state: string;
  readonly description: string;
  readonly targetUrl: string | null;
  /** UTC time of the row, where the forge tells it; clocks of silence start here. */
  readonly updatedAt?: string | null;
}
export interface CommitStatus {
  readonly context: string;
  readonly state: StatusState;
  /** ≤ 140 characters. */
  readonly description: string;
  readonly targetUrl: string | null;
}

/** `unknown`: the forge answered a word we do not know. */
export type RunState = 'queued' | 'running' | 'success' | 'failure' | 'cancelled' | 'unknown';
export interface Run {
  readonly id: number;
  readonly title: string;
  readonly workflow: string;
  readonly sha: Sha;
  readonly state: RunState;
  readonly url: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
}
export interface Pull {
  readonly number: number;
  readonly head: string;
  readonly headSha: Sha;
  readonly base: string;
  readonly title: string;
  readonly state: 'open' | 'closed';
  readonly merged: boolean;
  readonly mergeCommit: Sha | null;
  readonly mergeable: boolean | null;
  readonly url: string;
}
/** The answer of a merge call, uninterpreted; classes: delivery.md D-L-4. `status` 0 = no answer (network, time-out). */
export interface MergeAnswer {
  readonly status: number;
  readonly text: string;
}
export interface Dispatched {
  /** null on forges that do not tell. */
  readonly runId: number | null;
  readonly url: string | null;
}

/** One repository on a forge. Throws `ExternalError` (FORGE_…, with status and retryable); "not there" is null. */
export interface ForgePort {
  /** Address of the repository's page, no trailing slash. */
  readonly webUrl: string;
  readonly defaultBranch: string;
  /** Starts a workflow file (`conveyor-review.yml`) on the default branch. Inputs are strings, ≤ 48 KiB together. */
  dispatch(workflow: string, inputs: Readonly<Record<string, string>>): Promise<Dispatched>;
  /** Runs whose title contains the text (a token), newest first. */
  findRuns(titleContains: string): Promise<readonly Run[]>;
  getRun(id: number): Promise<Run | null>;
  /** Runs of a commit. */
  listRuns(sha: Sha): Promise<readonly Run[]>;
  setStatus(sha: Sha, status: CommitStatus): Promise<void>;
  /** Newest row per context, all pages; null = the forge does not know the commit (404). */
  listStatuses(sha: Sha): Promise<readonly StatusRow[] | null>;
  /** Contexts that protection of a branch requires; [] when unprotected or unreadable without owner rights. */
  requiredContexts(branch: string): Promise<readonly string[]>;
  findPull(head: string, base: string): Promise<Pull | null>;
  getPull(number: number): Promise<Pull | null>;
  openPull(pull: { head: string; base: string; title: string; body: string }): Promise<Pull>;
  closePull(number: number): Promise<void>;
  mergePull(
    number: number,
    merge: { headSha: Sha; style: 'merge' | 'squash' | 'rebase'; title: string; message: string },
  ): Promise<MergeAnswer>;
  /** Creates or updates our one comment that carries the hidden marker. */
  upsertPullComment(number: number, marker: string, body: string): Promise<{ readonly id: number }>;
}
