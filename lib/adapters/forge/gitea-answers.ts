import { z } from 'zod';
import type { Pull, Run, RunState, StatusRow } from '../../ports/forge.ts';

// What Gitea 1.26 answers, as far as it is used. Unknown fields are dropped.

export const RepositoryAnswer = z.object({ html_url: z.string(), default_branch: z.string() });

export const ApiSettingsAnswer = z.object({ max_response_items: z.int().positive() });

export const DispatchAnswer = z.object({ workflow_run_id: z.int(), html_url: z.string().optional() });

export const RunAnswer = z.object({
  id: z.int(),
  display_title: z.string(),
  /** `<file>@<ref>` */
  path: z.string(),
  head_sha: z.string(),
  status: z.string(),
  conclusion: z.string().nullish(),
  html_url: z.string(),
  started_at: z.string().nullish(),
  completed_at: z.string().nullish(),
});
export const RunsAnswer = z.object({ workflow_runs: z.array(RunAnswer).nullish() });

export const JobsAnswer = z.object({ jobs: z.array(z.object({ status: z.string() })).nullish() });

export const StatusAnswer = z.object({
  context: z.string(),
  status: z.string(),
  description: z.string().nullish(),
  target_url: z.string().nullish(),
  updated_at: z.string().nullish(),
});
export const CombinedStatusAnswer = z.object({ statuses: z.array(StatusAnswer).nullish() });

export const BranchAnswer = z.object({
  protected: z.boolean(),
  enable_status_check: z.boolean(),
  status_check_contexts: z.array(z.string()).nullish(),
});

const Side = z.object({ ref: z.string(), sha: z.string(), repo_id: z.int() });
export const PullAnswer = z.object({
  number: z.int(),
  title: z.string(),
  state: z.string(),
  merged: z.boolean(),
  merge_commit_sha: z.string().nullish(),
  mergeable: z.boolean().nullish(),
  html_url: z.string(),
  head: Side,
  base: Side,
});
export type PullAnswer = z.infer<typeof PullAnswer>;

export const UserAnswer = z.object({ login: z.string() });

export const CommentAnswer = z.object({
  id: z.int(),
  body: z.string(),
  user: UserAnswer.nullish(),
});

const RUN_STATES: Readonly<Record<string, RunState>> = {
  queued: 'queued',
  waiting: 'queued',
  blocked: 'queued',
  requested: 'queued',
  pending: 'queued',
  in_progress: 'running',
  'completed/success': 'success',
  'completed/failure': 'failure',
  'completed/cancelled': 'cancelled',
  // No job of it ran: it is over and has proven nothing.
  'completed/skipped': 'cancelled',
};

/** A run as the port says it. */
export function toRun(row: z.infer<typeof RunAnswer>): Run {
  const word = row.status === 'completed' ? `completed/${row.conclusion ?? ''}` : row.status;
  return {
    id: row.id,
    title: row.display_title,
    workflow: row.path.replace(/@.*$/, ''),
    sha: row.head_sha,
    state: RUN_STATES[word] ?? 'unknown',
    url: row.html_url,
    startedAt: toTime(row.started_at),
    finishedAt: row.status === 'completed' ? toTime(row.completed_at) : null,
  };
}

/** The forge writes "never" as the zero of Go or of Unix. */
function toTime(text: string | null | undefined): string | null {
  const ms = Date.parse(text ?? '');
  return Number.isNaN(ms) || ms <= 0 ? null : new Date(ms).toISOString();
}

export function toStatusRow(row: z.infer<typeof StatusAnswer>): StatusRow {
  return {
    context: row.context,
    state: row.status,
    description: row.description ?? '',
    targetUrl: row.target_url || null,
    updatedAt: toTime(row.updated_at),
  };
}

/** A pull request as the port says it. `mergeable` of a closed one means nothing. */
export function toPull(row: PullAnswer): Pull {
  return {
    number: row.number,
    head: row.head.ref,
    headSha: row.head.sha,
    base: row.base.ref,
    title: row.title,
    state: row.state === 'open' ? 'open' : 'closed',
    merged: row.merged,
    mergeCommit: row.merged ? (row.merge_commit_sha ?? null) : null,
    mergeable: row.state === 'open' ? (row.mergeable ?? null) : null,
    url: row.html_url,
  };
}
