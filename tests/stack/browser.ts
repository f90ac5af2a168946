import type { Account } from './gitea.ts';
import type { RepoName } from './forge-client.ts';

/** A signed-in browser session: some things can only be clicked. spec: platform.md "No API to cancel a run" */
export class BrowserSession {
  readonly #url: string;
  readonly #account: Account;
  #cookies = new Map<string, string>();

  constructor(url: string, account: Account) {
    this.#url = url;
    this.#account = account;
  }

  async cancelRun(repo: RepoName, run: number): Promise<void> {
    await this.#click(`/${repo}/actions/runs/${run}/cancel`);
  }

  /** The whole run, or one job of it and what depends on that job. */
  async rerun(repo: RepoName, run: number, job?: number): Promise<void> {
    await this.#click(`/${repo}/actions/runs/${run}${job === undefined ? '' : `/jobs/${job}`}/rerun`);
  }

  /** Steps of a job as the page shows them: name and success, failure, skipped, cancelled, running, waiting. */
  async stepStates(
    repo: RepoName,
    run: number,
    job: number,
  ): Promise<readonly (readonly [name: string, state: string])[]> {
    const body = JSON.stringify({ logCursors: [] });
    const answer = await this.#click(`/${repo}/actions/runs/${run}/jobs/${job}`, body);
    const { state } = JSON.parse(answer) as {
      state: { currentJob: { steps: readonly { summary: string; status: string }[] } };
    };
    return state.currentJob.steps.map(({ summary, status }) => [summary, status] as const);
  }

  async #click(path: string, body: string | URLSearchParams = new URLSearchParams()): Promise<string> {
    if (this.#cookies.size === 0) await this.#signIn();
    const answer = await this.#post(path, body);
    const text = await answer.text();
    if (answer.status !== 200) throw new Error(`POST ${path}: ${answer.status} ${text.slice(0, 300)}`);
    return text;
  }

  async #signIn(): Promise<void> {
    const form = { user_name: this.#account.login, password: this.#account.password };
    const answer = await this.#post('/user/login', new URLSearchParams(form));
    // A refused login shows the form again.
    if (answer.status !== 303) throw new Error(`sign-in of ${this.#account.login} was refused: ${answer.status}`);
  }

  async #post(path: string, body: string | URLSearchParams): Promise<Response> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { cookie, ...(typeof body === 'string' ? { 'content-type': 'application/json' } : {}) };
    const answer = await fetch(`${this.#url}${path}`, { method: 'POST', body, redirect: 'manual', headers });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (name !== undefined && value !== undefined) this.#cookies.set(name, value);
    }
    return answer;
  }
}
