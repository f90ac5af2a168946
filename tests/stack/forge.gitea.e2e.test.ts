import { execFile } from 'node:child_process';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { createGiteaForge } from '../../lib/adapters/forge/gitea.ts';
import { forgeContract, type ForgeFixture } from '../contract/forge.contract.ts';
import { gitEnv, startStackOrSkip, type Stack, type StackRepository } from './stack.ts';

const run = promisify(execFile);
const WORKFLOW = `name: stage
run-name: \${{ inputs.item }} · \${{ inputs.token }}
on:
  workflow_dispatch:
    inputs:
      item: { type: string }
      token: { type: string }
      exit: { type: string, default: '0' }
jobs:
  work:
    runs-on: conveyor
    steps:
      - run: exit \${{ inputs.exit }}
`;
const FILES = new Map([
  ['README.md', 'A service\n'],
  ['.gitea/workflows/conveyor-review.yml', WORKFLOW],
]);

const stack = await startStackOrSkip({ fetchIntervalS: 1 });
afterAll(async () => await stack?.[Symbol.asyncDispose]());

const forgeOf = (on: Stack, repository: StackRepository, account = on.bot) =>
  createGiteaForge({ url: `${on.url}/`, owner: repository.owner, repo: repository.name, token: account.token });

async function startFixture(on: Stack): Promise<ForgeFixture> {
  const repository = await on.createRepository({ name: 'contract', files: FILES });
  const folder = await mkdtemp(path.join(tmpdir(), 'conveyor-forge-'));
  const git = async (...args: string[]) => (await run('git', args, { cwd: folder, env: gitEnv(on.bot) })).stdout.trim();
  await git('clone', '--quiet', repository.cloneUrl, '.');
  return {
    forge: await forgeOf(on, repository),
    workflow: 'conveyor-review.yml',
    async push(branch, files) {
      await git('fetch', '--quiet', '--prune');
      const known = (await git('branch', '--remotes', '--list', `origin/${branch}`)) !== '';
      await git('checkout', '--quiet', '-B', branch, known ? `origin/${branch}` : 'origin/main');
      for (const [name, content] of Object.entries(files)) {
        await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
        await writeFile(path.join(folder, name), content);
      }
      await git('add', '--all');
      await git('commit', '--quiet', '--message', `change ${branch}`);
      await git('push', '--quiet', 'origin', `HEAD:refs/heads/${branch}`);
      return git('rev-parse', 'HEAD');
    },
    head: async (branch) => (await git('ls-remote', 'origin', `refs/heads/${branch}`)).split('\t')[0] ?? '',
    async commitMessage(sha) {
      await git('fetch', '--quiet');
      return git('log', '-1', '--format=%B', sha);
    },
    comments: (pull) => on.forge.call('GET', `/repos/${repository.fullName}/issues/${pull}/comments`),
    async commentAsOther(pull, body) {
      await on.forge.call('POST', `/repos/${repository.fullName}/issues/${pull}/comments`, { body }, on.owner.token);
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

describe.skipIf(stack === null)('the forge adapter on a real Gitea', () => {
  if (stack === null) return;
  forgeContract('gitea', () => startFixture(stack));

  it('D-L-4: a run tells how it ended and when', async () => {
    const repository = await stack.createRepository({ name: 'ends', files: FILES });
    const forge = await forgeOf(stack, repository);
    for (const [exit, state] of [
      ['0', 'success'],
      ['1', 'failure'],
    ] as const) {
      const { runId, url } = await forge.dispatch('conveyor-review.yml', { item: 'ET-1', token: state, exit });
      expect(runId).not.toBeNull();
      expect(url).toContain(stack.url);
      await stack.forge.waitForRun(repository.fullName, runId ?? 0);
      const ended = await forge.getRun(runId ?? 0);
      expect(ended).toMatchObject({ state });
      expect(Date.parse(ended?.finishedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(ended?.startedAt ?? ''));
    }
  });

  it('G-CI: the contexts that protection requires are read without administrator rights', async () => {
    const repository = await stack.createRepository({
      name: 'guarded',
      files: FILES,
      protect: { requiredContexts: ['ci / test (push)', 'conveyor/*'] },
    });
    const forge = await forgeOf(stack, repository);
    expect(await forge.requiredContexts('main')).toEqual(['ci / test (push)', 'conveyor/*']);
    expect(await forge.requiredContexts('conveyor/ledger')).toEqual([]);
  });

  it('O-FRG-14: a merge without the required context is refused with 405 and its reason', async () => {
    const repository = await stack.createRepository({
      name: 'required',
      files: FILES,
      protect: { requiredContexts: ['ci/test'] },
    });
    const forge = await forgeOf(stack, repository);
    await stack.forge.call('POST', `/repos/${repository.fullName}/contents/a.txt`, {
      branch: 'main',
      new_branch: 'feature/a',
      content: '',
      message: 'a',
    });
    const pull = await forge.openPull({ head: 'feature/a', base: 'main', title: 'ET-1: a', body: '' });
    await expect.poll(async () => (await forge.getPull(pull.number))?.mergeable, { timeout: 20_000 }).toBe(true);
    const merge = { headSha: pull.headSha, style: 'merge', title: 't', message: '' } as const;
    expect(await forge.mergePull(pull.number, merge)).toMatchObject({
      status: 405,
      text: expect.stringContaining('required status checks'),
    });
    await forge.setStatus(pull.headSha, { context: 'ci/test', state: 'success', description: '', targetUrl: null });
    await expect.poll(async () => (await forge.mergePull(pull.number, merge)).status, { timeout: 20_000 }).toBe(200);
  });

  it('a repository that the token may not see is an error that no repeat will mend', async () => {
    const repository = await stack.createRepository({ name: 'hidden', files: FILES, private: true, bot: null });
    await expect(forgeOf(stack, repository)).rejects.toMatchObject({
      code: 'FORGE_HTTP',
      detail: { status: 404, retryable: false },
    });
    await expect(forgeOf(stack, repository, { ...stack.bot, token: 'wrong' })).rejects.toMatchObject({
      detail: { status: 401 },
    });
  });
});
