import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, ExternalError } from '../../base/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { CommitStatus, ForgePort, Pull, Run, RunState } from '../../ports/forge.ts';
import type { GitPort } from '../../ports/git.ts';

interface Records {
  runs: Run[];
  statuses: Record<string, (CommitStatus & { updatedAt: string })[]>;
  pulls: { number: number; head: string; base: string; title: string; body: string; state: 'open' | 'closed'; mergeCommit: string | null; mergedHead: string | null; comments: { id: number; marker: string; body: string }[] }[];
}

export interface LocalForgeOptions {
  /** Folder of the records, beside the repository. */
  readonly folder: string;
  /** Clone of the repository, for merges. */
  readonly git: GitPort;
  readonly mainBranch: string;
  readonly clock: Clock;
  /** Starts a run in this process; called after the run is recorded. */
  readonly start: (run: Run, inputs: Readonly<Record<string, string>>) => void;
}
export interface LocalForge extends ForgePort {
  /** The engine tells how a run goes. */
  setRunState(id: number, state: RunState): Promise<void>;
}

/** A forge that is a folder: runs, statuses and pull requests are records, dispatch is a call in this process. spec: design §6 */
export async function createLocalForge(options: LocalForgeOptions): Promise<LocalForge> {
  const { folder, git, mainBranch, clock } = options;
  const file = join(folder, 'forge.json');
  await mkdir(folder, { recursive: true });
  const records: Records = await readFile(file, 'utf8').then((text) => JSON.parse(text) as Records, () => ({ runs: [], statuses: {}, pulls: [] }));
  let writing: Promise<void> = Promise.resolve();
  const save = () => {
    writing = writing.then(async () => {
      await writeFile(`${file}.new`, JSON.stringify(records));
      await rename(`${file}.new`, file);
    });
    return writing;
  };
  const now = () => clock.now().toISOString();
  const heads = async (branch: string) => (await git.listRefs(`refs/heads/${branch}`)).get(`refs/heads/${branch}`) ?? null;
  const toPull = async (pull: Records['pulls'][number]): Promise<Pull> => ({
    number: pull.number,
    head: pull.head,
    headSha: pull.mergedHead ?? (await heads(pull.head)) ?? '',
    base: pull.base,
    title: pull.title,
    state: pull.state,
    merged: pull.mergeCommit !== null,
    mergeCommit: pull.mergeCommit,
    mergeable: true,
    url: `local:pull/${pull.number}`,
  });
  const found = (number: number) => records.pulls.find((pull) => pull.number === number);

  return {
    webUrl: 'local:',
    defaultBranch: mainBranch,
    async dispatch(workflow, inputs) {
      const run: Run = {
        id: records.runs.length + 1,
        title: inputs['title'] ?? workflow,
        workflow,
        sha: (await heads(mainBranch)) ?? '',
        state: 'queued',
        url: `local:run/${records.runs.length + 1}`,
        startedAt: null,
        finishedAt: null,
      };
      records.runs.push(run);
      await save();
      options.start(run, inputs);
      return { runId: run.id, url: run.url };
    },
    async setRunState(id, state) {
      records.runs = records.runs.map((run) => {
        if (run.id !== id) return run;
        const ended = state !== 'queued' && state !== 'running';
        return { ...run, state, startedAt: run.startedAt ?? now(), finishedAt: ended ? now() : null };
      });
      await save();
    },
    findRuns: async (text) => records.runs.filter((run) => run.title.includes(text)).toReversed(),
    getRun: async (id) => records.runs.find((run) => run.id === id) ?? null,
    listRuns: async (sha) => records.runs.filter((run) => run.sha === sha).toReversed(),
    async setStatus(sha, status) {
      if (status.description.length > 140) throw new ConfigError('FORGE_STATUS', `the description of ${status.context} is longer than 140 characters`);
      const others = (records.statuses[sha] ?? []).filter((row) => row.context !== status.context);
      records.statuses[sha] = [...others, { ...status, updatedAt: now() }];
      await save();
    },
    async listStatuses(sha) {
      const rows = records.statuses[sha];
      if (rows !== undefined) return rows;
      return git.treeOf(sha).then(() => [], async () => ([...(await git.listRefs('refs/heads/*')).values()].includes(sha) ? [] : null));
    },
    requiredContexts: async () => [],
    async findPull(head, base) {
      const pull = records.pulls.find((candidate) => candidate.head === head && candidate.base === base && candidate.state === 'open');
      return pull === undefined ? null : toPull(pull);
    },
    async getPull(number) {
      const pull = found(number);
      return pull === undefined ? null : toPull(pull);
    },
    async openPull({ head, base, title, body }) {
      if ((await heads(head)) === null) throw new ExternalError('FORGE_HTTP', `branch ${head} does not exist`, { retryable: false, status: 422 });
      const pull = { number: records.pulls.length + 1, head, base, title, body, state: 'open' as const, mergeCommit: null, mergedHead: null, comments: [] };
      records.pulls.push(pull);
      await save();
      return toPull(pull);
    },
    async closePull(number) {
      const pull = found(number);
      if (pull !== undefined) pull.state = 'closed';
      await save();
    },
    async mergePull(number, { headSha, style, title, message }) {
      const pull = found(number);
      if (pull === undefined) return { status: 404, text: 'not found' };
      if (pull.state === 'closed') return { status: 405, text: 'the pull request is closed' };
      const refs = await git.fetch([`refs/heads/${pull.base}`, `refs/heads/${pull.head}`], { depth: 0 });
      const base = refs.get(`refs/heads/${pull.base}`) ?? null;
      const head = refs.get(`refs/heads/${pull.head}`) ?? null;
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
      if (pull === undefined) throw new ExternalError('FORGE_HTTP', `pull request ${number} does not exist`, { retryable: false, status: 404 });
      const known = pull.comments.find((comment) => comment.marker === marker);
      if (known !== undefined) known.body = body;
      else pull.comments.push({ id: pull.comments.length + 1, marker, body });
      await save();
      return { id: known?.id ?? pull.comments.length };
    },
  };
}
