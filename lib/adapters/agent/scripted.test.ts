import { lstat, mkdir, readFile, readlink, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dump } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import type { Workspace } from '../../../tests/support/agents/workspace.ts';
import { abortWhenWritten, openWorkspace } from '../../../tests/support/agents/workspace.ts';
import type { AgentOutcome, AgentPort, AgentRunSpec } from '../../ports/agent.ts';
import { transcriptPath } from './agent-process.ts';
import { createScriptedAgent, listUnusedSteps } from './scripted.ts';

const never = new AbortController().signal;

async function agentFor(space: Workspace, steps: readonly object[], state?: string): Promise<AgentPort> {
  const scenario = join(space.folder, 'scenario.yml');
  await writeFile(scenario, dump({ version: 1, steps }));
  return createScriptedAgent({ ...space.runtime, scenario, ...(state === undefined ? {} : { state }) });
}
const runStep = async (space: Workspace, step: object, more: Partial<AgentRunSpec> = {}): Promise<AgentOutcome> =>
  (await agentFor(space, [step])).run({ ...space.spec, ...more }, never);
const stdout = async (outcome: AgentOutcome): Promise<string> =>
  (await readFile(outcome.transcript, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { source: string; line: string })
    .filter((row) => row.source === 'stdout')
    .map((row) => row.line)
    .join('\n');

describe('what a scripted agent does', () => {
  it('agents §4: files are written, appended, moved, deleted, marked and linked, inside and outside the tree', async () => {
    await using space = await openWorkspace();
    const { workdir } = space.spec;
    await writeFile(join(workdir, 'old.txt'), 'old');
    await mkdir(join(space.folder, 'fixtures'));
    await writeFile(join(space.folder, 'fixtures/page.md'), 'for {ID} in {WI}, round {round}\n');
    await writeFile(join(space.folder, 'fixtures/raw.bin'), Buffer.from([0xff, 0x7b, 0x49, 0x44, 0x7d]));
    const outcome = await runStep(space, {
      do: [
        { write: { path: '{WI}/note.md', text: '{ID}\n' } },
        { write: { path: 'page.md', file: 'fixtures/page.md' } },
        { write: { path: 'raw.bin', file: 'fixtures/raw.bin' } },
        { write: { path: 'run.sh', text: '#!/bin/sh\n', mode: '755' } },
        { append: { path: 'given.txt', text: 'more {ID}\n' } },
        { move: { from: 'old.txt', to: 'kept/{ID}.txt' } },
        { delete: 'kept/../page.md' },
        { write: { path: 'page.md', file: 'fixtures/page.md' } },
        { mkdir: 'empty/deep' },
        { chmod: { path: 'given.txt', mode: 600 } },
        { symlink: { path: 'link', target: '/etc' } },
        { submodule: 'vendor/lib' },
        { binary: { path: 'image.bin', bytes: 10 } },
        { write: { path: '../outside.txt', text: 'outside' } },
      ],
    });
    expect(outcome).toMatchObject({ class: 'ok', usage: null, modelUsed: null });
    const text = (path: string): Promise<string> => readFile(join(workdir, path), 'utf8');
    expect(await text('docs/work-items/ET-12/note.md')).toBe('ET-12\n');
    expect(await text('page.md')).toBe('for ET-12 in docs/work-items/ET-12, round 1\n');
    expect(await readFile(join(workdir, 'raw.bin'))).toEqual(Buffer.from([0xff, 0x7b, 0x49, 0x44, 0x7d]));
    expect((await stat(join(workdir, 'run.sh'))).mode & 0o777).toBe(0o755);
    expect(await text('given.txt')).toBe('given\nmore ET-12\n');
    expect((await stat(join(workdir, 'given.txt'))).mode & 0o777).toBe(0o600);
    expect(await text('kept/ET-12.txt')).toBe('old');
    expect((await lstat(join(workdir, 'empty/deep'))).isDirectory()).toBe(true);
    expect(await readlink(join(workdir, 'link'))).toBe('/etc');
    expect(await text('vendor/lib/.git/HEAD')).toBe('ref: refs/heads/main\n');
    expect(await readFile(join(workdir, 'image.bin'))).toEqual(Buffer.from([0, 255, 1, 254, 0, 255, 1, 254, 0, 255]));
    expect(await readFile(join(space.folder, 'outside.txt'), 'utf8')).toBe('outside');
  });

  it('a command of the agent runs in its tree with its environment; its failure is printed and does not end it', async () => {
    await using space = await openWorkspace();
    const outcome = await runStep(space, {
      do: [
        {
          run: {
            argv: ['bash', '-c', 'pwd; echo item=$CONVEYOR_ITEM token=${GITHUB_TOKEN-none}; cat; exit 3'],
            input: 'in {ID}',
          },
        },
        { run: { argv: ['no-such-program'] } },
        { print: '::set-output name=x::{ID}' },
      ],
    });
    expect(outcome.class).toBe('ok');
    const printed = await stdout(outcome);
    expect(printed).toContain(space.spec.workdir);
    expect(printed).toContain('item=ET-12 token=none\nin ET-12\n$ exit 3\n');
    expect(printed).toContain('no-such-program ENOENT');
    expect(printed).toContain('::set-output name=x::ET-12');
  });

  it('an action that fails is a broken scenario, with its number', async () => {
    await using space = await openWorkspace();
    expect(await runStep(space, { do: [{ print: 'x' }, { delete: 'nothing-here' }] })).toMatchObject({
      class: 'config',
      cause: 'scenario-action',
      exit: { code: 70 },
      text: expect.stringContaining('action 2 (delete) failed'),
    });
  });

  it('partial: only the first actions, then it hangs until it is ended', async () => {
    await using space = await openWorkspace();
    const step = {
      do: [{ write: { path: 'one', text: '1' } }, { write: { path: 'two', text: '2' } }],
      end: 'partial(1)',
    };
    const stop = abortWhenWritten(transcriptPath(space.spec), 'waiting');
    expect((await (await agentFor(space, [step])).run(space.spec, stop)).class).toBe('cancelled');
    expect(await readFile(join(space.spec.workdir, 'one'), 'utf8')).toBe('1');
    await expect(stat(join(space.spec.workdir, 'two'))).rejects.toThrow('ENOENT');
  });
});

describe('how a scripted agent ends', () => {
  it.each([
    ['ok', 'ok', null],
    ['exit(0)', 'garbage', 'no-result'],
    ['exit(3)', 'crash', null],
    ['crash', 'crash', null],
    ['transient(529)', 'transient', 'status 529'],
    ['transient(429, 120)', 'transient', 'status 429, retry-after 120'],
    ['transient(429, 7200)', 'usage-limit', 'retry-after 7200'],
    ['transient(401)', 'auth', 'status 401'],
    ['transient(400)', 'crash', 'status 400'],
    ['network', 'transient', 'network'],
    ['auth', 'auth', null],
    ['billing', 'auth', 'billing'],
    ['usage_limit(7200)', 'usage-limit', 'resets-in 7200'],
    ['no_model', 'config', 'model'],
    ['garbage', 'garbage', 'no-result'],
    ['empty', 'garbage', 'no-result'],
    ['truncated', 'garbage', 'no-result'],
    ['two_results', 'garbage', 'two-results'],
    ['forged_result', 'garbage', 'foreign-result'],
  ])('agents §7: %s is %s', async (end, expected, cause) => {
    await using space = await openWorkspace();
    const outcome = await runStep(space, { end, usage: { output: 7 } });
    expect(outcome).toMatchObject({ class: expected, cause });
    expect(outcome.text.startsWith('developer ')).toBe(true);
  });

  it('AG-CLI-7: result lines that an agent only quotes change nothing', async () => {
    await using space = await openWorkspace();
    const quoted = JSON.stringify({
      type: 'result',
      session: 'x',
      isError: true,
      usage: null,
      error: { kind: 'auth' },
      text: '',
    });
    expect((await runStep(space, { do: [{ print: `log: ${quoted} 429 overloaded` }] })).class).toBe('ok');
  });

  it('AG-USE-1: reported use of a failed run is kept', async () => {
    await using space = await openWorkspace();
    expect(
      await runStep(space, { end: 'transient(529)', usage: { input: 5, output: 7, cost_usd: 0.5 } }),
    ).toMatchObject({
      usage: { input: 5, cacheRead: 0, cacheCreation: 0, output: 7 },
      costUsd: 0.5,
    });
  });
});

describe('expectations', () => {
  it.each([
    [{ prompt_has: ['PDF'] }, 'the prompt lacks "PDF"'],
    [{ prompt_lacks: ['CSV'] }, 'the prompt has "CSV"'],
    [{ env_lacks: ['CONVEYOR_ITEM'] }, 'the environment has CONVEYOR_ITEM'],
    [{ files: ['{WI}/02-trz.md'] }, 'the work tree lacks docs/work-items/ET-12/02-trz.md'],
  ])('%j that does not hold stops the run before it acts', async (expectation, reason) => {
    await using space = await openWorkspace();
    const outcome = await runStep(space, { expect: expectation, do: [{ write: { path: 'made', text: '' } }] });
    expect(outcome).toMatchObject({
      class: 'config',
      cause: 'scenario-expectation',
      text: `developer does not fit its scenario: ${reason}`,
    });
    await expect(stat(join(space.spec.workdir, 'made'))).rejects.toThrow('ENOENT');
  });
});

describe('which step a run takes', () => {
  const steps = [
    { match: { role: 'developer', round: 1 }, do: [{ print: 'first' }] },
    { match: { role: 'developer' }, do: [{ print: 'second' }] },
    { match: { role: 'reviewer' }, optional: true },
    { match: { role: 'analyst' } },
  ];

  it('AG-SCR-1: without a state folder the first step that matches serves every run', async () => {
    await using space = await openWorkspace();
    const agent = await agentFor(space, steps);
    expect(await stdout(await agent.run(space.spec, never))).toContain('first');
    expect(await stdout(await agent.run(space.spec, never))).toContain('first');
    expect(await stdout(await agent.run({ ...space.spec, round: 2 }, never))).toContain('second');
  });

  it('AG-SCR-1: with a state folder each step serves one run of an item, also in another process, and unused ones are named', async () => {
    await using space = await openWorkspace();
    const state = join(space.folder, 'state');
    const agent = await agentFor(space, steps, state);
    expect(await stdout(await agent.run(space.spec, never))).toContain('first');
    const again = createScriptedAgent({ ...space.runtime, scenario: join(space.folder, 'scenario.yml'), state });
    expect(await stdout(await again.run(space.spec, never))).toContain('second');
    expect(await again.run(space.spec, never)).toMatchObject({
      class: 'config',
      cause: 'SCENARIO_NO_STEP',
      text: expect.stringContaining('matches item ET-12, role developer, stage development, round 1'),
    });
    expect((await again.run({ ...space.spec, item: 'ET-13' }, never)).class).toBe('ok');
    expect(listUnusedSteps(join(space.folder, 'scenario.yml'), state)).toEqual(['step 4 (role analyst)']);
  });

  it.each([
    ['is missing', null, 'SCENARIO_MISSING'],
    ['is broken', 'version: 1\nsteps: [{end: explode}]\n', 'SCENARIO_INVALID'],
  ])('a scenario that %s fails preflight and run with the reason', async (_name, text, code) => {
    await using space = await openWorkspace();
    const scenario = join(space.folder, 'other.yml');
    if (text !== null) await writeFile(scenario, text);
    const agent = createScriptedAgent({ ...space.runtime, scenario });
    expect(await agent.preflight()).toMatchObject({
      ok: false,
      cause: 'config',
      text: expect.stringContaining(scenario),
    });
    expect(await agent.run(space.spec, never)).toMatchObject({ class: 'config', cause: code });
  });

  it('a missing fixture file is infra, not silence', async () => {
    await using space = await openWorkspace();
    expect(await runStep(space, { do: [{ write: { path: 'a', file: 'nowhere.md' } }] })).toMatchObject({
      class: 'infra',
      text: expect.stringContaining('nowhere.md'),
    });
  });
});
