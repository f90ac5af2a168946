import { createToken, type Account } from './gitea.ts';

/** A repository as `owner/name`. */
export type RepoName = string;

export interface StackJob {
  readonly id: number;
  readonly name: string;
  readonly status: string;
  readonly conclusion: string | null;
  /** Names of the steps. Their conclusions are the job's in the API of 1.26, so they are left out: see `stepStates`. */
  readonly steps: readonly string[];
}
export interface StackRun {
  readonly id: number;
  readonly title: string;
  /** File name of the workflow. */
  readonly workflow: string;
  readonly event: string;
  /** queued, waiting, in_progress, completed. */
  readonly status: string;
  /** success, failure, cancelled, skipped; null while not completed. */
  readonly conclusion: string | null;
  readonly sha: string;
  readonly branch: string;
  readonly url: string;
}
export interface WaitOptions {
  /** Default: completed, with all of its jobs. */
  readonly until?: (run: StackRun) => boolean | Promise<boolean>;
  /** Default 60. */
  readonly timeoutS?: number;
}

type Body = Readonly<Record<string, unknown>>;

/** Calls of the forge that the tests themselves make: preparation and observation, never through the product. */
export class ForgeClient {
  readonly #url: string;
  readonly #account: Account;

  constructor(url: string, account: Account) {
    this.#url = url;
    this.#account = account;
  }

  /** `path` below /api/v1; answers the response whatever its status. */
  api(path: string, init: RequestInit = {}, token: string = this.#account.token): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set('authorization', `token ${token}`);
    if (init.body !== undefined && init.body !== null && !headers.has('content-type'))
      headers.set('content-type', 'application/json');
    return fetch(`${this.#url}/api/v1${path}`, { ...init, headers });
  }

  /** Parsed body of a call that has to succeed. */
  async call<T = unknown>(method: string, path: string, body?: Body, token?: string): Promise<T> {
    const init = { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const answer = await this.api(path, init, token);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text.slice(0, 500)}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  /** Makes an ordinary account; the client's own account has to be a site administrator. */
  async createAccount(login: string): Promise<Account> {
    const password = `stack-${crypto.randomUUID()}`;
    const names = { username: login, email: `${login}@example.test`, full_name: login };
    await this.call('POST', '/admin/users', { ...names, password, must_change_password: false });
    return { login, password, token: await createToken(this.#url, { login, password }) };
  }

  async setSecret(repo: RepoName, name: string, value: string): Promise<void> {
    await this.call('PUT', `/repos/${repo}/actions/secrets/${name}`, { data: value });
  }

  async setVariable(repo: RepoName, name: string, value: string): Promise<void> {
    const path = `/repos/${repo}/actions/variables/${name}`;
    const known = (await this.api(path)).ok;
    await this.call(known ? 'PUT' : 'POST', path, { value });
  }

  async addCollaborator(repo: RepoName, login: string, permission: 'read' | 'write' | 'admin'): Promise<void> {
    await this.call('PUT', `/repos/${repo}/collaborators/${login}`, { permission });
  }

  /** Creates or replaces a protection rule; a list that is left out means nobody. */
  async protectBranch(
    repo: RepoName,
    rule: string,
    allow: { push?: readonly string[]; merge?: readonly string[]; requiredContexts?: readonly string[] },
  ): Promise<void> {
    const push = allow.push ?? [];
    const contexts = allow.requiredContexts ?? [];
    await this.api(`/repos/${repo}/branch_protections/${encodeURIComponent(rule)}`, { method: 'DELETE' });
    await this.call('POST', `/repos/${repo}/branch_protections`, {
      rule_name: rule,
      enable_push: push.length > 0,
      enable_push_whitelist: push.length > 0,
      push_whitelist_usernames: push,
      enable_merge_whitelist: true,
      merge_whitelist_usernames: allow.merge ?? [],
      enable_status_check: contexts.length > 0,
      status_check_contexts: contexts,
    });
  }

  /** Newest first. */
  async runs(repo: RepoName): Promise<readonly StackRun[]> {
    const found: StackRun[] = [];
    for (let page = 1; ; page += 1) {
      const { workflow_runs: rows } = await this.call<{ workflow_runs: readonly RunRow[] }>(
        'GET',
        `/repos/${repo}/actions/runs?limit=50&page=${page}`,
      );
      found.push(...rows.map(toRun));
      if (rows.length < 50) return found;
    }
  }

  async jobs(repo: RepoName, run: number): Promise<readonly StackJob[]> {
    const { jobs } = await this.call<{ jobs: readonly JobRow[] }>(
      'GET',
      `/repos/${repo}/actions/runs/${run}/jobs?limit=50`,
    );
    return jobs.map(({ id, name, status, conclusion, steps }) => ({
      id,
      name,
      status,
      conclusion: conclusion || null,
      steps: (steps ?? []).map((step) => step.name),
    }));
  }

  async #allJobsEnded(repo: RepoName, run: number): Promise<boolean> {
    return (await this.jobs(repo, run)).every((job) => job.status === 'completed');
  }

  /** The log of one job; '' while there is none. */
  async jobLog(repo: RepoName, job: number): Promise<string> {
    const answer = await this.api(`/repos/${repo}/actions/jobs/${job}/logs`);
    return answer.ok ? answer.text() : '';
  }

  /** Logs of all jobs of a run, each under its name. */
  async runLog(repo: RepoName, run: number): Promise<string> {
    const parts: string[] = [];
    for (const job of await this.jobs(repo, run))
      parts.push(`=== ${job.name}: ${job.conclusion ?? job.status}\n${await this.jobLog(repo, job.id)}`);
    return parts.join('\n');
  }

  /**
   * Waits until a run of the repository matches and has come as far as wanted (completed, when nothing else is said).
   * @throws when the time is over, with the runs that are there and the log of the one that matched.
   */
  async waitForRun(
    repo: RepoName,
    match: number | ((run: StackRun) => boolean),
    options: WaitOptions = {},
  ): Promise<StackRun> {
    const matches = typeof match === 'number' ? (run: StackRun) => run.id === match : match;
    // A run with a failed job is "completed" for a moment although jobs that want to see the failure are still to come.
    const until =
      options.until ??
      (async (run: StackRun) => run.status === 'completed' && (await this.#allJobsEnded(repo, run.id)));
    const deadline = Date.now() + (options.timeoutS ?? 60) * 1000;
    for (;;) {
      const all = await this.runs(repo);
      const found = all.find(matches);
      if (found !== undefined && (await until(found))) return found;
      if (Date.now() > deadline) {
        const list = all.map((run) => `${run.id} ${run.workflow} "${run.title}" ${run.status} ${run.conclusion ?? ''}`);
        const log = found === undefined ? '' : `\n${await this.runLog(repo, found.id)}`;
        throw new Error(`no such run in ${repo} after ${options.timeoutS ?? 60} s; runs:\n${list.join('\n')}${log}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

interface RunRow {
  readonly id: number;
  readonly display_title: string;
  readonly path: string;
  readonly event: string;
  readonly status: string;
  readonly conclusion?: string;
  readonly head_sha: string;
  readonly head_branch?: string;
  readonly html_url: string;
}
interface JobRow {
  readonly id: number;
  readonly name: string;
  readonly status: string;
  readonly conclusion?: string;
  readonly steps?: readonly { readonly name: string }[] | null;
}

function toRun(row: RunRow): StackRun {
  return {
    id: row.id,
    title: row.display_title,
    workflow: row.path.split('@')[0] ?? '',
    event: row.event,
    status: row.status,
    conclusion: row.conclusion || null,
    sha: row.head_sha,
    branch: row.head_branch ?? '',
    url: row.html_url,
  };
}
