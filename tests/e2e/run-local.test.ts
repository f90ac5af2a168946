import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TRAILS_ISSUE, createTrails, stopTrails } from '../../examples/trails/create.ts';
import { seedRepository } from '../../lib/adapters/git/seed.ts';
import { findFreePorts } from '../../lib/cli/demo/free-ports.ts';
import { createCommandLine } from '../support/command-line.ts';

const SLOW = { timeout: 300_000 };
const NEW = ['--title', TRAILS_ISSUE.title, '--description', TRAILS_ISSUE.description];

/** A repository of somebody who uses Conveyor, with a target host. */
async function usersRepository() {
  const folder = await mkdtemp(join(tmpdir(), 'conveyor-run-'));
  const work = join(folder, 'trails');
  const repository = join(folder, 'trails.git');
  const deployRoot = join(folder, 'target');
  await mkdir(work);
  const ports = await findFreePorts(process.pid);
  await createTrails({
    folder: work,
    stagingPort: ports.staging,
    productionPort: ports.production,
    deployRoot,
    config: { ci: { mode: 'local' } },
  });
  await seedRepository({
    folder: work,
    repository,
    branch: 'main',
    author: { name: 'Ada', email: 'ada@example.test' },
    env: process.env,
  });
  return {
    work,
    repository,
    async [Symbol.asyncDispose]() {
      await stopTrails(deployRoot);
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

describe('conveyor run --local', () => {
  it(
    'design §6: stops where a person is needed, goes on at the next call, also after a kill, and ends at done',
    SLOW,
    async () => {
      await using line = await createCommandLine();
      await using users = await usersRepository();
      const run = ['run', '--local', users.repository, '--as', 'ada'];

      const first = await line.run([...run, ...NEW]);
      expect([first.code, first.stdout], first.stderr).toEqual([
        1,
        expect.stringContaining('ET-1 is in analysis, waiting for approval'),
      ]);

      let isKilled = false;
      const killed = await line.run([...run, '--issue', '1', '--approve'], (text, child) => {
        if (!isKilled && text.includes('▶ ET-1 · development')) isKilled = child.kill('SIGKILL');
      });
      expect([isKilled, killed.code]).toEqual([true, null]);

      const second = await line.run([...run, '--issue', '1']);
      expect([second.code, second.stdout], second.stderr).toEqual([
        1,
        expect.stringContaining('ET-1 is in deploy, waiting for confirm-deploy'),
      ]);
      expect(second.stdout).toContain('▶ ET-1 · development · attempt 1');

      const third = await line.run([...run, '--issue', '1', '--confirm']);
      expect([third.code, third.stdout], third.stderr).toEqual([0, expect.stringContaining('ET-1 is in done')]);
    },
  );

  it('refuses a repository with a work tree, a folder that is none, and an issue that is not there', SLOW, async () => {
    await using line = await createCommandLine();
    await using users = await usersRepository();
    await mkdir(join(users.work, '.git'));
    for (const [args, text] of [
      [['--local', users.work, ...NEW], 'git clone --bare'],
      [['--local', join(users.work, 'docs'), ...NEW], 'is no bare git repository'],
      [['--local', users.repository, '--issue', '7'], 'there is no such issue'],
      [['--local', users.repository], 'give --issue <number>'],
    ] as const)
      expect(await line.run(['run', ...args])).toMatchObject({ code: 2, stderr: expect.stringContaining(text) });
  });

  it('what the entry gate refuses is no work item, and the command says where to read why', SLOW, async () => {
    await using line = await createCommandLine();
    await using users = await usersRepository();
    const { code, stdout } = await line.run(['run', '--local', users.repository, '--title', 'x']);
    expect([code, stdout]).toEqual([1, expect.stringContaining('Issue 1 is no work item')]);
  });
});

describe('conveyor init', () => {
  it('makes the ledger once and leaves it alone afterwards', SLOW, async () => {
    await using line = await createCommandLine();
    await using users = await usersRepository();
    const init = ['init', '--repository', users.repository];
    expect(await line.run(init)).toMatchObject({ code: 0, stdout: expect.stringContaining('conveyor/ledger is made') });
    expect(await line.run(init)).toMatchObject({ code: 0, stdout: expect.stringContaining('nothing was changed') });
    expect(await line.run([...init, '--main', 'trunk'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('has no branch trunk'),
    });
    expect(await line.run(['init', '--repository', join(users.work, 'nowhere')])).toMatchObject({ code: 3 });
    expect(await line.leftovers()).toEqual([]);
  });
});
