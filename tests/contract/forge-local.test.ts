import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createLocalForge } from '../../lib/adapters/forge/local.ts';
import { createGit } from '../../lib/adapters/git/bare.ts';
import { createSystemClock } from '../../lib/runtime/clock.ts';
import { type ForgeFixture, forgeContract } from './forge.contract.ts';

const run = promisify(execFile);
const author = { name: 'Ada', email: 'ada@example.test' };

async function startFixture(): Promise<ForgeFixture> {
  const folder = await mkdtemp(join(tmpdir(), 'conveyor-local-forge-'));
  const remote = join(folder, 'repository.git');
  const env = { PATH: process.env['PATH'] };
  await createGit({ dir: remote, remote: '.', token: null, env });
  const git = await createGit({ dir: join(folder, 'people.git'), remote, token: null, env });
  const head = async (branch: string) => (await git.listRefs(`refs/heads/${branch}`)).get(`refs/heads/${branch}`) ?? '';
  const push = async (branch: string, files: Readonly<Record<string, string>>) => {
    const refs = await git.fetch([`refs/heads/${branch}`, 'refs/heads/main'], { depth: 0 });
    const there = refs.get(`refs/heads/${branch}`) ?? null;
    const parent = there ?? refs.get('refs/heads/main') ?? null;
    const changes = Object.entries(files).map(([path, content]) => ({ path, content }));
    const parents = parent === null ? [] : [parent];
    const commit = await git.commit({
      base: parent,
      parents,
      changes,
      message: `change ${branch}`,
      author,
      at: new Date(),
    });
    await git.push([{ ref: `refs/heads/${branch}`, to: commit, expect: there }]);
    return commit;
  };
  await push('main', { 'README.md': 'A service\n' });
  const forge = await createLocalForge({
    folder: join(folder, 'forge'),
    git: await createGit({ dir: join(folder, 'forge.git'), remote, token: null, env }),
    mainBranch: 'main',
    clock: createSystemClock(),
    titleOf: (workflow, inputs) =>
      workflow === 'conveyor-review.yml' ? `${inputs['item']} · ${inputs['token']}` : null,
    start: () => {},
  });
  return {
    forge,
    workflow: 'conveyor-review.yml',
    push,
    head,
    commitMessage: async (sha) =>
      (await run('git', ['--git-dir', remote, 'log', '-1', '--format=%B', sha], { env })).stdout.trim(),
    comments: async (pull) => forge.listPullComments(pull),
    commentAsOther: (pull, body) => forge.addPullComment(pull, 'bob', body),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

forgeContract('local', startFixture);
