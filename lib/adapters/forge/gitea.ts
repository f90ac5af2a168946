import type { z } from 'zod';
import { ExternalError, InternalError } from '../../base/errors.ts';
import type { ForgePort, Pull, Run } from '../../ports/forge.ts';
import type { Log } from '../../ports/log.ts';
import {
  ApiSettingsAnswer,
  BranchAnswer,
  CombinedStatusAnswer,
  CommentAnswer,
  DispatchAnswer,
  JobsAnswer,
  PullAnswer,
  RepositoryAnswer,
  RunAnswer,
  RunsAnswer,
  toPull,
  toRun,
  toStatusRow,
  UserAnswer,
} from './gitea-answers.ts';
import { createGiteaHttp, parseAnswer, type GiteaHttp } from './gitea-http.ts';

const INPUTS_LIMIT = 48 * 1024;
const PAGE = 50;
/** Runs looked through for a title, newest first: a token belongs to a run of the last days. */
const RUNS_LIMIT = 1000;
const MERGEABLE_TRIES = 30;
const MERGEABLE_WAIT_MS = 100;

export interface GiteaForgeOptions {
  readonly url: string;
  readonly owner: string;
  readonly repo: string;
  readonly token: string;
  readonly log?: Log;
  /** As the forge itself told it, e.g. in the event of a run; else it is asked. */
  readonly repository?: z.infer<typeof RepositoryAnswer>;
}

/**
 * One repository on a Gitea (1.26 or newer) over its REST API. Reads the repository once to learn address and default
 * branch, unless they are given.
 * Every call is tried once within 10 s; repeating is the caller's. Refuses writes of test processes beyond loopback.
 * @throws ExternalError FORGE_HTTP, FORGE_NETWORK, FORGE_REDIRECT, FORGE_ANSWER. spec: design §3, platform.md, RL-PLN-6
 */
export async function createGiteaForge(options: GiteaForgeOptions): Promise<ForgePort> {
  const http = createGiteaHttp(options);
  const root = `/repos/${encodeURIComponent(options.owner)}/${encodeURIComponent(options.repo)}`;
  return createPort(http, root, options.repository ?? (await http.get(RepositoryAnswer, root)));
}

function createPort(http: GiteaHttp, root: string, repository: z.infer<typeof RepositoryAnswer>): ForgePort {
  const pages = createPages(http);
  const ownLogin = createOwnLogin(http);
  /** A run with a failed job counts as over while jobs that run in spite of it are still to start; it is not. */
  const settled = (runs: readonly Run[]): Promise<readonly Run[]> =>
    Promise.all(
      runs.map(async (run) => {
        if (run.state !== 'failure' && run.state !== 'cancelled') return run;
        const call = `${root}/actions/runs/${run.id}/jobs`;
        const jobs = await pages(call, {}, (data, what) => parseAnswer(JobsAnswer, data, what).jobs);
        return jobs.every((job) => job.status === 'completed') ? run : { ...run, state: 'running', finishedAt: null };
      }),
    );

  const forge: ForgePort = {
    webUrl: repository.html_url.replace(/\/$/, ''),
    defaultBranch: repository.default_branch,

    async dispatch(workflow, inputs) {
      assertInputs(workflow, inputs);
      const path = `${root}/actions/workflows/${encodeURIComponent(workflow)}/dispatches?return_run_details=true`;
      const { status, data } = await http.send('POST', path, { ref: forge.defaultBranch, inputs });
      if (status !== 204) {
        const answer = parseAnswer(DispatchAnswer, data, `POST ${path}`);
        return { runId: answer.workflow_run_id, url: answer.html_url ?? null };
      }
      // A forge that does not tell: the token in the run's name does.
      const token = inputs['token'] ?? '';
      const [run] = token === '' ? [] : await forge.findRuns(token);
      return { runId: run?.id ?? null, url: run?.url ?? null };
    },

    async findRuns(titleContains) {
      const rows = await pages(
        `${root}/actions/runs`,
        {},
        (data, call) => parseAnswer(RunsAnswer, data, call).workflow_runs,
        RUNS_LIMIT,
      );
      return settled(rows.map(toRun).filter(({ title }) => title.includes(titleContains)));
    },

    async getRun(id) {
      const row = await http.find(RunAnswer, `${root}/actions/runs/${id}`);
      return row === null ? null : ((await settled([toRun(row)]))[0] ?? null);
    },

    async listRuns(sha) {
      const rows = await pages(
        `${root}/actions/runs`,
        { head_sha: sha },
        (data, call) => parseAnswer(RunsAnswer, data, call).workflow_runs,
      );
      return settled(rows.map(toRun));
    },

    async setStatus(sha, { context, state, description, targetUrl }) {
      await http.send('POST', `${root}/statuses/${sha}`, { context, state, description, target_url: targetUrl ?? '' });
    },

    async listStatuses(sha) {
      try {
        const path = `${root}/commits/${sha}/status`;
        const rows = await pages(path, {}, (data, call) => parseAnswer(CombinedStatusAnswer, data, call).statuses);
        return rows.map(toStatusRow);
      } catch (error) {
        if (error instanceof ExternalError && error.detail.status === 404) return null;
        throw error;
      }
    },

    // The protection rules are for administrators; the branch itself tells what applies to it.
    async requiredContexts(branch) {
      const row = await http.find(
        BranchAnswer,
        `${root}/branches/${branch.split('/').map(encodeURIComponent).join('/')}`,
      );
      return row?.enable_status_check === true ? (row.status_check_contexts ?? []) : [];
    },

    async findPull(head, base) {
      const query = { state: 'open', base_branch: base, sort: 'recentupdate' };
      const rows = await pages(`${root}/pulls`, query, (data, call) => parseAnswer(PullAnswer.array(), data, call));
      // A fork may have a branch of the same name.
      const row = rows.find(
        (pull) => pull.head.ref === head && pull.base.ref === base && pull.head.repo_id === pull.base.repo_id,
      );
      return row === undefined ? null : toPull(row);
    },

    /** The forge says `mergeable: false` also while it still checks, so a "false" is only believed when it stays. */
    async getPull(number) {
      for (let tries = 1; ; tries += 1) {
        const row = await http.find(PullAnswer, `${root}/pulls/${number}`);
        if (row === null) return null;
        const pull = toPull(row);
        if (pull.mergeable !== false || tries === MERGEABLE_TRIES) return pull;
        await new Promise((resolve) => setTimeout(resolve, MERGEABLE_WAIT_MS));
      }
    },

    async openPull({ head, base, title, body }): Promise<Pull> {
      const { data } = await http.send('POST', `${root}/pulls`, { head, base, title, body });
      return toPull(parseAnswer(PullAnswer, data, `POST ${root}/pulls`));
    },

    async closePull(number) {
      await http.send('PATCH', `${root}/pulls/${number}`, { state: 'closed' });
    },

    async mergePull(number, { headSha, style, title, message }) {
      const merge = { Do: style, MergeTitleField: title, MergeMessageField: message, head_commit_id: headSha };
      try {
        const { status } = await http.send('POST', `${root}/pulls/${number}/merge`, merge);
        return { status, text: '' };
      } catch (error) {
        if (!(error instanceof ExternalError)) throw error;
        return { status: error.detail.status ?? 0, text: error.message };
      }
    },

    async upsertPullComment(number, marker, body) {
      const line = marker.startsWith('<!--') ? marker : `<!-- ${marker} -->`;
      const wanted = body.startsWith(line) ? body : `${line}\n${body}`;
      const login = await ownLogin();
      const path = `${root}/issues/${number}/comments`;
      const rows = await pages(path, {}, (data, call) => parseAnswer(CommentAnswer.array(), data, call));
      // Anybody can write or quote the marker: only our own comment counts. spec: H-FUI-4
      const own = rows.find((row) => row.user?.login === login && firstLine(row.body) === line);
      if (own?.body === wanted) return { id: own.id };
      const { data } =
        own === undefined
          ? await http.send('POST', path, { body: wanted })
          : await http.send('PATCH', `${root}/issues/comments/${own.id}`, { body: wanted });
      return { id: parseAnswer(CommentAnswer, data, `POST ${path}`).id };
    },
  };
  return forge;
}

function firstLine(text: string): string {
  return (text.split('\n', 1)[0] ?? '').trimEnd();
}

/** The forge takes 48 000 characters whole and gives no promise beyond. spec: platform.md "Dispatch and runs" */
function assertInputs(workflow: string, inputs: Readonly<Record<string, string>>): void {
  const size = Object.entries(inputs).reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value),
    0,
  );
  if (size > INPUTS_LIMIT)
    throw new InternalError(
      'FORGE_INPUTS',
      `inputs of ${workflow} are ${size} bytes, the limit is ${INPUTS_LIMIT}: send fewer events in one dispatch`,
    );
}

type Pages = <T>(
  path: string,
  query: Readonly<Record<string, unknown>>,
  rows: (data: unknown, call: string) => readonly T[] | null | undefined,
  limit?: number,
) => Promise<readonly T[]>;

/** Reads all pages of a list. The page size is asked for once: a forge may allow less than we want, and a shorter page would look like the last one. */
function createPages(http: GiteaHttp): Pages {
  let size: Promise<number> | undefined;
  const pageSize = async () => {
    const settings = await http.get(ApiSettingsAnswer, '/settings/api');
    return Math.min(PAGE, settings.max_response_items);
  };
  return async (path, query, rows, limit = Number.POSITIVE_INFINITY) => {
    size ??= pageSize();
    const per = await size.catch((error: unknown) => {
      size = undefined;
      throw error;
    });
    const found = [];
    for (let page = 1; ; page += 1) {
      const { data } = await http.send('GET', path, { ...query, page, limit: per });
      const part = rows(data, `GET ${path}`) ?? [];
      found.push(...part);
      if (part.length < per || found.length >= limit) return found;
    }
  };
}

/** Login of the token's account, read once; without it no comment is known to be ours. */
function createOwnLogin(http: GiteaHttp): () => Promise<string> {
  let login: Promise<string> | undefined;
  return () => {
    login ??= http.get(UserAnswer, '/user').then(
      (user) => user.login,
      (error: unknown) => {
        login = undefined;
        throw error;
      },
    );
    return login;
  };
}
