import { ConfigError, ExternalError } from '../../base/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ForgePort, MergeAnswer, Pull, Run, RunState } from '../../ports/forge.ts';
import type { GitPort, Sha } from '../../ports/git.ts';
import { type PullRecord, openLocalRecords } from './local-records.ts';

export interface LocalForgeOptions {
  /** Folder of the records, beside the repository. */
  readonly folder: string;
  /** Clone of the repository, for merges. */
  readonly git: GitPort;
  readonly mainBranch: string;
  readonly clock: Clock;
  /** Name of the run that a workflow file starts; null = there is no such workflow. */
  readonly titleOf: (workflow: string, inputs: Readonly<Record<string, string>>) => string | null;
  /** Starts a run in this process; called after the run is recorded. */
  readonly start: (run: Run, inputs: Readonly<Record<string, string>>) => void;
}
export interface LocalForge extends ForgePort {
  /** The engine tells how a run goes. */
  setRunState(id: number, state: RunState): Promise<void>;
  /** A person's comment on a pull request. */
  addPullComment(number: number, author: string, body: string): Promise<void>;
  listPullComments(number: number): readonly { readonly id: number; readonly body: string }[];
}

const refused = (status: number, text: string) => new ExternalError('FORGE_HTTP', text, { retryable: false, status });

/** A forge that is a folder: runs, statuses and pull requests are records, dispatch is a call in this process. spec: design §6 */
export async function createLocalForge(options: LocalForgeOptions): Promise<LocalForge> {
  const { git, mainBranch, clock } = options;
  const { records, save } = await openLocalRecords(options.folder);
  const now = () => clock.now().toISOString();
  const headOf = async (branch: string) =>
    (await git.listRefs(`refs/heads/${branch}`)).get(`refs/heads/${branch}`) ?? null;
  const found = (number: number) => records.pulls.find((pull) => pull.number === number);
  const opened = (head: string, base: string) =>
    records.pulls.find((pull) => pull.head === head && pull.base === base && pull.state === 'open');

  const fetchPull = async ({ base, head }: PullRecord) => {
    const refs = await git.fetch([`refs/heads/${base}`, `refs/heads/${head}`], { depth: 0 });
    return { base: refs.get(`refs/heads/${base}`) ?? null, head: refs.get(`refs/heads/${head}`) ?? null };
  };
  const toPull = async (pull: PullRecord): Promise<Pull> => {
    const tips = pull.state === 'open' ? await fetchPull(pull) : null;
    const mergeable = tips?.base && tips.head ? (await git.mergeTree(tips.base, tips.head)).clean : null;
    const { number, head, base, title, state, mergeCommit } = pull;
    const headSha = pull.mergedHead ?? tips?.head ?? '';
    return {
      number,
      head,
      headSha,
      base,
      title,
      state,
      merged: mergeCommit !== null,
      mergeCommit,
      mergeable,
      url: `local:pull/${number}`,
    };
  };
  const isKnown = async (sha: Sha) =>
    git.treeOf(sha).then(
      () => true,
      async () => [...(await git.listRefs('refs/heads/*')).values()].includes(sha),
    );

  return {
    webUrl: 'local:',
    defaultBranch: mainBranch,
    async dispatch(workflow, inputs) {
      const title = options.titleOf(workflow, inputs);
      if (title === null) throw refused(404, `workflow ${workflow} does not exist`);
      const id = records.runs.length + 1;
      const sha = (await headOf(mainBranch)) ?? '';
      const run: Run = {
        id,
        title,
        workflow,
        sha,
        state: 'queued',
        url: `local:run/${id}`,
        startedAt: null,
        finishedAt: null,
      };
      records.runs.push(run);
      await save();
      options.start(run, inputs);
      return { runId: id, url: run.url };
    },
    async setRunState(id, state) {
      const over = state !== 'queued' && state !== 'running';
      records.runs = records.runs.map((run) =>
        run.id === id ? { ...run, state, startedAt: run.startedAt ?? now(), finishedAt: over ? now() : null } : run,
      );
      await save();
    },
    findRuns: async (text) => records.runs.filter((run) => run.title.includes(text)).toReversed(),
    getRun: async (id) => records.runs.find((run) => run.id === id) ?? null,
    listRuns: async (sha) => records.runs.filter((run) => run.sha === sha).toReversed(),
    async setStatus(sha, status) {
      if (Array.from(status.description).length > 140)
        throw new ConfigError('FORGE_STATUS', `the description of ${status.context} is longer than 140 characters`);
      const others = (records.statuses[sha] ?? []).filter((row) => row.context !== status.context);
      records.statuses[sha] = [...others, { ...status, updatedAt: now() }];
      await save();
    },
    listStatuses: async (sha) => records.statuses[sha] ?? ((await isKnown(sha)) ? [] : null),
    requiredContexts: async () => [],
    async findPull(head, base) {
      const pull = opened(head, base);
      return pull === undefined ? null : toPull(pull);
    },
    async getPull(number) {
      const pull = found(number);
      return pull === undefined ? null : toPull(pull);
    },
    async openPull({ head, base, title, body }) {
      if ((await headOf(head)) === null) throw refused(422, `branch ${head} does not exist`);
      if (opened(head, base) !== undefined)
        throw refused(409, `a pull request from ${head} to ${base} is open already`);
      const number = records.pulls.length + 1;
      const pull: PullRecord = {
        number,
        head,
        base,
        title,
        body,
        state: 'open',
        mergeCommit: null,
        mergedHead: null,
        comments: [],
      };
      records.pulls.push(pull);
      await save();
      return toPull(pull);
    },
    async closePull(number) {
      const pull = found(number);
      if (pull === undefined) throw refused(404, `pull request ${number} does not exist`);
      pull.state = 'closed';
      await save();
    },
    async mergePull(number, { headSha, style, title, message }): Promise<MergeAnswer> {
      const pull = found(number);
      if (pull === undefined || pull.state === 'closed')
        return { status: 404, text: 'there is no such open pull request' };
      const { base, head } = await fetchPull(pull);
      if (base === null || head === null) return { status: 404, text: 'branch not found' };
      if (head !== headSha) return { status: 409, text: 'head out of date' };
      const merged = await git.mergeTree(base, head);
      if (!merged.clean) return { status: 409, text: `conflicts in ${merged.conflicts.join(', ')}` };
      const commit = await git.commit({
        base: head,
        parents: style === 'merge' ? [base, head] : [base],
        changes: [],
        tree: merged.tree,
        message: `${title}\n\n${message}\n`,
        author: { name: 'Conveyor', email: 'conveyor@conveyor.invalid' },
        at: clock.now(),
      });
      const pushed = await git.push([{ ref: `refs/heads/${pull.base}`, to: commit, expect: base }]);
      if (!pushed.ok) return { status: 405, text: 'Please try again later' };
      Object.assign(pull, { state: 'closed', mergeCommit: commit, mergedHead: head });
      await save();
      return { status: 200, text: '' };
    },
    async upsertPullComment(number, marker, body) {
      const pull = found(number);
      if (pull === undefined) throw refused(404, `pull request ${number} does not exist`);
      const text = body.startsWith(marker) ? body : `${marker}\n${body}`;
      const known = pull.comments.find((comment) => comment.author === null && comment.marker === marker);
      const id = known?.id ?? pull.comments.length + 1;
      if (known === undefined) pull.comments.push({ id, author: null, marker, body: text });
      else known.body = text;
      await save();
      return { id };
    },
    async addPullComment(number, author, body) {
      const pull = found(number);
      if (pull === undefined) throw refused(404, `pull request ${number} does not exist`);
      pull.comments.push({ id: pull.comments.length + 1, author, marker: null, body });
      await save();
    },
    listPullComments: (number) => found(number)?.comments ?? [],
  };
}
