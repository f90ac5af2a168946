import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { startStackOrSkip } from './stack.ts';

const WORKFLOW = `name: facts
run-name: \${{ inputs.mode }}
on:
  workflow_dispatch:
    inputs:
      mode: { type: string }
jobs:
  one:
    runs-on: conveyor-agent
    outputs:
      answer: \${{ steps.ask.outputs.answer }}
    steps:
      - id: ask
        run: |
          node --version
          echo "answer=42" >> "$GITHUB_OUTPUT"
          echo "secret is \${{ secrets.PASSWORD }}, variable is \${{ vars.COLOUR }}"
          echo "::add-mask::sesame"
          echo "open sesame"
          echo "attempt=[$GITHUB_RUN_ATTEMPT]"
      - if: inputs.mode == 'sleep'
        run: |
          node -e 'const child = require("child_process").spawn("sleep", ["1000"], { detached: true, env: {}, stdio: "ignore" }); console.log("step " + process.pid + " orphan " + child.pid + "."); setTimeout(() => {}, 1000000)'
      - if: inputs.mode == 'red'
        run: exit 3
      - run: echo after
  two:
    needs: one
    runs-on: conveyor
    steps:
      - run: test "\${{ needs.one.outputs.answer }}" = 42
  three:
    needs: one
    if: failure()
    runs-on: conveyor
    steps:
      - run: echo "one was \${{ needs.one.result }}"
`;

const stack = await startStackOrSkip({ fetchIntervalS: 1 });
afterAll(async () => await stack?.[Symbol.asyncDispose]());

describe.skipIf(stack === null)('the stack of the end-to-end tests', () => {
  if (stack === null) return;
  const repository = (async () => {
    const created = await stack.createRepository({
      name: 'facts',
      files: new Map<string, string | { content: string; mode: number }>([
        ['.gitea/workflows/facts.yml', WORKFLOW],
        ['bin/tool', { content: '#!/bin/sh\n', mode: 0o755 }],
      ]),
      protect: {},
    });
    await stack.forge.setSecret(created.fullName, 'PASSWORD', 'hunter2-hunter2');
    await stack.forge.setVariable(created.fullName, 'COLOUR', 'red');
    await stack.forge.setVariable(created.fullName, 'COLOUR', 'green');
    return created.fullName;
  })();
  const dispatch = async (mode: string): Promise<number> => {
    const address = `/repos/${await repository}/actions/workflows/facts.yml/dispatches?return_run_details=true`;
    const answer = await stack.forge.call<{ workflow_run_id: number }>(
      'POST',
      address,
      { ref: 'main', inputs: { mode } },
      stack.bot.token,
    );
    return answer.workflow_run_id;
  };
  const jobs = async (run: number) => {
    const rows = await stack.forge.jobs(await repository, run);
    return Object.fromEntries(rows.map(({ name, conclusion }) => [name, conclusion]));
  };
  /** Process ids of a step that does not end, and of what it started in a session of its own without our environment. */
  const sleeper = async (run: number): Promise<{ step: number; orphan: number }> => {
    const log = async () => stack.forge.runLog(await repository, run);
    await expect.poll(log, { timeout: 30_000 }).toMatch(/step \d+ orphan \d+\./);
    const [, step, orphan] = /step (\d+) orphan (\d+)\./.exec(await log()) ?? [];
    return { step: Number(step), orphan: Number(orphan) };
  };
  const lives = (pid: number) => existsSync(path.join('/proc', String(pid)));

  it('runs jobs with outputs, needs, secrets, variables, masks and Node 24, and a run-name from an input', async () => {
    const id = await dispatch('green');
    const run = await stack.forge.waitForRun(await repository, id);
    const log = await stack.forge.runLog(await repository, id);
    expect(run, log).toMatchObject({
      title: 'green',
      workflow: 'facts.yml',
      conclusion: 'success',
      event: 'workflow_dispatch',
    });
    expect(await jobs(id)).toEqual({ one: 'success', two: 'success', three: 'skipped' });
    expect(log).toMatch(/ v24\./);
    expect(log).toContain('secret is ***, variable is green');
    expect(log).toContain('open ***');
    expect(log).toContain('attempt=[]');
  });

  it('a failing step makes job and run red, skips what needs it, and `if: failure()` sees why', async () => {
    const id = await dispatch('red');
    const run = await stack.forge.waitForRun(await repository, id);
    const log = await stack.forge.runLog(await repository, id);
    const [one] = await stack.forge.jobs(await repository, id);
    const steps = await stack.stepStates(await repository, id, one?.id ?? 0);
    expect(steps.slice(1, -1).map(([, state]) => state)).toEqual(['success', 'skipped', 'failure', 'skipped']);
    expect(run.conclusion).toBe('failure');
    expect(await jobs(id)).toEqual({ one: 'failure', two: 'skipped', three: 'success' });
    expect(log).toContain('exit status 3');
    expect(log).toContain('one was failure');
    expect(log).not.toMatch(/ after$/m);
  });

  it('O-FRG-9: a re-run from the page keeps the run id and its inputs', async () => {
    const id = await dispatch('green again');
    await stack.forge.waitForRun(await repository, id);
    await stack.rerunInUi(await repository, id);
    await stack.forge.waitForRun(await repository, id, { until: ({ status }) => status !== 'completed' });
    expect(await stack.forge.waitForRun(await repository, id)).toMatchObject({
      id,
      title: 'green again',
      conclusion: 'success',
    });
  });

  it('a cancel from the page ends the step on the runner', async () => {
    const id = await dispatch('sleep');
    const { step, orphan } = await sleeper(id);
    expect(lives(step)).toBe(true);
    await stack.cancelRunInUi(await repository, id);
    expect((await stack.forge.waitForRun(await repository, id)).conclusion).toBe('cancelled');
    await expect.poll(() => lives(step), { timeout: 20_000 }).toBe(false);
    expect(lives(orphan), "what a step leaves behind is not the runner's business").toBe(true);
    await stack.runner.kill9();
    await expect.poll(() => lives(orphan), { message: 'but the stack finds it', timeout: 20_000 }).toBe(false);
    await stack.runner.start();
  });

  it('kill -9 of the runner takes its jobs with it and tells the forge nothing; it starts again as the same runner', async () => {
    const lost = await dispatch('sleep');
    const { step, orphan } = await sleeper(lost);
    await stack.runner.kill9();
    await expect.poll(() => lives(step) || lives(orphan), { timeout: 20_000 }).toBe(false);
    expect(stack.runner.running).toBe(false);
    expect(await stack.forge.waitForRun(await repository, lost, { until: () => true })).toMatchObject({
      status: 'in_progress',
    });
    const next = await dispatch('green');
    await stack.runner.start();
    expect((await stack.forge.waitForRun(await repository, next)).conclusion).toBe('success');
    const { runners } = await stack.forge.call<{ runners: unknown[] }>('GET', '/admin/actions/runners');
    expect(runners).toHaveLength(1);
  });

  it('O-FRG-13, O-FRG-14: only the bot writes below conveyor/, nobody pushes main', async () => {
    const write = async (branch: string, token: string) => {
      const body = JSON.stringify({ branch: 'main', new_branch: branch, content: '', message: 'm' });
      return (
        await stack.forge.api(
          `/repos/${await repository}/contents/${branch.replaceAll('/', '-')}.txt`,
          { method: 'POST', body },
          token,
        )
      ).status;
    };
    expect(await write('conveyor/by-bot', stack.bot.token)).toBe(201);
    expect(await write('conveyor/by-owner', stack.owner.token)).toBe(403);
    expect(await write('conveyor/by-admin', stack.admin.token)).toBe(403);
    expect(await write('feature/by-outsider', stack.outsider.token)).toBe(403);
    const direct = JSON.stringify({ branch: 'main', content: '', message: 'm' });
    for (const { token } of [stack.bot, stack.owner, stack.admin])
      expect(
        (
          await stack.forge.api(
            `/repos/${await repository}/contents/direct.txt`,
            { method: 'POST', body: direct },
            token,
          )
        ).status,
      ).toBe(403);
  });

  it('keeps the mode bits of the files it pushes', async () => {
    const tree = await stack.forge.call<{ tree: { path: string; mode: string }[] }>(
      'GET',
      `/repos/${await repository}/git/trees/main?recursive=true`,
    );
    expect(tree.tree.find((entry) => entry.path === 'bin/tool')?.mode).toBe('100755');
  });

  it('leaves no process and no file behind', async () => {
    const other = await startStackOrSkip();
    if (other === null) throw new Error('a second stack did not start');
    const { folder, url } = other;
    await other[Symbol.asyncDispose]();
    expect(existsSync(folder)).toBe(false);
    await expect(fetch(url)).rejects.toThrow();
  });

  it('leaves nothing behind either when the process that started it is killed', async () => {
    const child = spawn(process.execPath, [path.join(import.meta.dirname, 'main.ts')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    await expect.poll(() => output, { timeout: 60_000 }).toContain('Ctrl-C');
    const [, url = ''] = /forge +(\S+)/.exec(output) ?? [];
    const [, folder = ''] = /files +(\S+)/.exec(output) ?? [];
    expect((await fetch(url)).ok).toBe(true);
    child.kill('SIGKILL');
    await expect.poll(() => existsSync(folder), { timeout: 20_000 }).toBe(false);
    await expect(fetch(url)).rejects.toThrow();
  });
});
