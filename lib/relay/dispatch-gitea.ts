import { z } from 'zod';
import { createGiteaHttp, type GiteaHttp } from '../adapters/forge/gitea-http.ts';
import { DispatchAnswer, RepositoryAnswer, RunAnswer, toRun } from '../adapters/forge/gitea-answers.ts';
import { ExternalError } from '../base/errors.ts';
import { parseConfig } from '../pipeline/config.ts';
import type { Log } from '../ports/log.ts';
import { type Envelope, renderEvents } from '../pipeline/envelope.ts';
import type { RelayForge } from './ports.ts';

export interface GiteaDispatchOptions {
  readonly url: string;
  readonly token: string;
  readonly log: Log;
}

const WORKFLOW = 'conveyor-event.yml';
/** Runs looked through for a correlation: dispatches without an id are rare, and the run is a recent one. */
const RECENT_RUNS = 20;

const RecentRunsAnswer = z.object({ workflow_runs: z.array(RunAnswer).nullish() });
const JobIdsAnswer = z.object({ jobs: z.array(z.object({ id: z.int() })).nullish() });
const ContentAnswer = z.object({ content: z.string(), encoding: z.literal('base64') });

/**
 * One forge for all of its repositories. `repository_dispatch` is tried once per forge; where it does not exist
 * (Gitea: 404) `workflow_dispatch` on the default branch is used. Throws what the forge's door throws
 * (`ExternalError` FORGE_…, with status and Retry-After). spec: RL-RLY-20, platform "Dispatch and runs"
 */
export function createGiteaDispatch(options: GiteaDispatchOptions): RelayForge {
  const http = createGiteaHttp(options);
  const branches = new Map<string, string>();
  /** null = not tried yet. */
  let hasRepositoryDispatch: boolean | null = null;

  const defaultBranch = async (repository: string) => {
    const branch =
      branches.get(repository) ?? (await http.get(RepositoryAnswer, `/repos/${repository}`)).default_branch;
    branches.set(repository, branch);
    return branch;
  };
  const byRepository = (repository: string, envelopes: readonly Envelope[]) =>
    http.send('POST', `/repos/${repository}/dispatches`, {
      event_type: 'conveyor',
      client_payload: { events: envelopes },
    });
  const byWorkflow = async (repository: string, envelopes: readonly Envelope[]) => {
    const path = `/repos/${repository}/actions/workflows/${WORKFLOW}/dispatches?return_run_details=true`;
    const body = { ref: await defaultBranch(repository), inputs: { events: renderEvents(envelopes) } };
    try {
      const { data } = await http.send('POST', path, body);
      // Accepted is accepted: an answer of another shape is a run without a known id, not a reason to send again.
      return { runId: DispatchAnswer.safeParse(data).data?.workflow_run_id ?? null };
    } catch (thrown) {
      // The default branch may have been renamed since it was read.
      branches.delete(repository);
      throw thrown;
    }
  };
  return {
    dispatch: async (repository, envelopes) => {
      if (hasRepositoryDispatch !== false)
        try {
          await byRepository(repository, envelopes);
          hasRepositoryDispatch = true;
          return { runId: null };
        } catch (thrown) {
          if (hasRepositoryDispatch === true || !missing(thrown)) throw thrown;
          // 404 also stands for a repository that is not there: only one that answers proves that the API is missing.
          await defaultBranch(repository);
          hasRepositoryDispatch = false;
        }
      return byWorkflow(repository, envelopes);
    },
    runState: async (repository, runId) => {
      const row = await http.find(RunAnswer, `/repos/${repository}/actions/runs/${runId}`);
      return row === null ? 'gone' : toRun(row).state;
    },
    findRun: async (repository, correlation) => {
      const { workflow_runs: rows } = await http.get(RecentRunsAnswer, `/repos/${repository}/actions/runs`, {
        limit: RECENT_RUNS,
      });
      for (const run of (rows ?? []).map(toRun).filter(({ workflow }) => workflow.endsWith(WORKFLOW)))
        if (await logHas(http, repository, run.id, correlation)) return run.id;
      return null;
    },
    settings: async (repository) => {
      const file = await http.find(ContentAnswer, `/repos/${repository}/contents/.conveyor/config.yml`);
      const parsed = file === null ? null : parseConfig(Buffer.from(file.content, 'base64').toString('utf8'));
      if (parsed === null || !parsed.ok) return null;
      const { project, labels, tracker } = parsed.config;
      return {
        prefix: project.prefix,
        trackerProject: project.tracker_project,
        labels: [labels.bug, labels.auto_approve, labels.auto_deploy].filter((name) => name !== ''),
        statuses: tracker.statuses,
        statesTtlS: tracker.states_ttl_s,
      };
    },
  };
}

/** spec: RL-RLY-24: "the run whose first log line has its correlation" */
async function logHas(http: GiteaHttp, repository: string, runId: number, correlation: string): Promise<boolean> {
  const { jobs } = await http.get(JobIdsAnswer, `/repos/${repository}/actions/runs/${runId}/jobs`);
  for (const job of jobs ?? []) {
    const { data } = await http.send('GET', `/repos/${repository}/actions/jobs/${job.id}/logs`);
    const text = data instanceof ArrayBuffer ? Buffer.from(data).toString('utf8') : String(data);
    if (text.includes(correlation)) return true;
  }
  return false;
}

function missing(thrown: unknown): boolean {
  return thrown instanceof ExternalError && (thrown.detail.status === 404 || thrown.detail.status === 405);
}
