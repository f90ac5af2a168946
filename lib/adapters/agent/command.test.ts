import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Workspace } from '../../../tests/support/agents/workspace.ts';
import { openWorkspace } from '../../../tests/support/agents/workspace.ts';
import { replacePlaceholders, unknownPlaceholders } from './command-argv.ts';
import { compareVersions } from './command-preflight.ts';
import type { CommandConfig } from './command.ts';
import { createCommandAgent } from './command.ts';
import { readUsageFile } from './usage-file.ts';

const cli = fileURLToPath(new URL('../../../tests/support/agents/cli-agent.mjs', import.meta.url));
const never = new AbortController().signal;
const node = process.execPath;
const config = (argv: readonly string[], more: Partial<CommandConfig> = {}): CommandConfig => ({
  argv: [node, cli, ...argv],
  prompt: 'stdin',
  env: [],
  exit: { ok: [0], transient: [75], auth: [77], config: [78], usage_limit: [79], budget: [80, 81] },
  usage_file: '',
  ...more,
});
const agentFor = (space: Workspace, command: CommandConfig) =>
  createCommandAgent({ ...space.runtime, env: space.env, folder: space.folder, command });

describe('arguments of a command agent', () => {
  it('AG-CMD-1: placeholders are replaced inside single elements, once, and never split', async () => {
    await using space = await openWorkspace();
    const spec = { ...space.spec, model: 'a b;$(id) {effort}', effort: 'max' };
    expect(
      ['--model={model}', '{system_file}:{prompt_file}', '{workdir}/{out}', 'plain'].map((text) =>
        replacePlaceholders(text, spec),
      ),
    ).toEqual([
      '--model=a b;$(id) {effort}',
      `${spec.systemPromptFile}:${spec.promptFile}`,
      `${spec.workdir}/${spec.out}`,
      'plain',
    ]);
  });

  it('AG-CMD-1: an unknown placeholder is config, before and in the run, and nothing is started', async () => {
    await using space = await openWorkspace();
    expect(unknownPlaceholders(['{model} {modle}', '{max_usd}{modle}', '{ not one }'])).toEqual([
      '{modle}',
      '{max_usd}',
    ]);
    const agent = agentFor(space, config(['work', 'stdin', '{modle}']));
    expect(await agent.preflight()).toMatchObject({
      ok: false,
      cause: 'config',
      text: expect.stringContaining('{modle} is no placeholder: use {model}'),
    });
    expect(await agent.run(space.spec, never)).toMatchObject({
      class: 'config',
      cause: 'placeholder',
      exit: { code: null },
    });
    await expect(readFile(join(space.spec.workdir, 'made.txt'))).rejects.toThrow('ENOENT');
  });

  it('prompt: file hands over the path, stdin the text', async () => {
    await using space = await openWorkspace();
    const outcome = await agentFor(space, config(['work', '{prompt_file}'], { prompt: 'file' })).run(space.spec, never);
    expect(outcome).toMatchObject({ class: 'ok', usage: null });
    expect(await readFile(join(space.spec.workdir, 'made.txt'), 'utf8')).toBe('CSV export, please: žluť\n');
  });
});

describe('exit table', () => {
  it.each([
    [0, 'ok'],
    [75, 'transient'],
    [77, 'auth'],
    [78, 'config'],
    [79, 'usage-limit'],
    [81, 'budget'],
    [1, 'crash'],
    [127, 'crash'],
  ])('AG-CMD-2: exit code %i is %s', async (code, expected) => {
    await using space = await openWorkspace();
    expect(await agentFor(space, config(['exit', String(code)])).run(space.spec, never)).toMatchObject({
      class: expected,
      exit: { code, signal: null },
    });
  });

  it('AG-CMD-2: nothing that is printed changes the class', async () => {
    await using space = await openWorkspace();
    expect(
      (await agentFor(space, config(['print', 'HTTP 429 overloaded, not logged in, timeout'])).run(space.spec, never))
        .class,
    ).toBe('ok');
  });

  it('a program that is not there is config', async () => {
    await using space = await openWorkspace();
    expect(await agentFor(space, config([], { argv: ['no-such-agent'] })).run(space.spec, never)).toMatchObject({
      class: 'config',
      cause: 'spawn',
    });
  });
});

describe('usage file', () => {
  const nothing = { usage: null, costUsd: null, modelUsed: null };
  it.each([
    ['negative numbers', '{"input_tokens": -1, "output_tokens": 5}'],
    ['fractions', '{"input_tokens": 1.5}'],
    ['words', '{"input_tokens": "5"}'],
    ['negative cost', '{"input_tokens": 1, "cost_usd": -0.1}'],
    ['no tokens at all', '{"model": "m"}'],
    ['no JSON', 'tokens: 5'],
    ['a list', '[1]'],
    ['too large', `{"input_tokens": 1, "x": "${'y'.repeat(70_000)}"}`],
  ])('AG-CMD-3: %s are unknown usage', async (_name, text) => {
    await using space = await openWorkspace();
    const outcome = await agentFor(
      space,
      config(['usage', '{out}/usage.json', text], { usage_file: '{out}/usage.json' }),
    ).run(space.spec, never);
    expect(outcome).toMatchObject({ class: 'ok', ...nothing });
  });

  it('AG-CMD-3: missing keys are zero, unknown keys are no fault', async () => {
    await using space = await openWorkspace();
    await writeFile(join(space.folder, 'u.json'), '{"output_tokens": 7, "other": true}');
    expect(readUsageFile(join(space.folder, 'u.json'))).toEqual({
      usage: { input: 0, cacheRead: 0, cacheCreation: 0, output: 7 },
      costUsd: null,
      modelUsed: null,
    });
  });

  it('AG-CMD-3: no file, a folder, or a link to nowhere is unknown usage', async () => {
    await using space = await openWorkspace();
    await mkdir(join(space.folder, 'folder'));
    await symlink('/nowhere/at/all', join(space.folder, 'link'));
    expect(['missing', 'folder', 'link'].map((name) => readUsageFile(join(space.folder, name)))).toEqual([
      nothing,
      nothing,
      nothing,
    ]);
  });

  it('a number left by the run before is not the number of this run', async () => {
    await using space = await openWorkspace();
    await mkdir(space.spec.out);
    await writeFile(join(space.spec.out, 'usage.json'), '{"output_tokens": 7}');
    expect(
      (await agentFor(space, config(['print', 'x'], { usage_file: '{out}/usage.json' })).run(space.spec, never)).usage,
    ).toBeNull();
  });
});

describe('preflight', () => {
  const probe = (text: string): string[] => [node, '-e', text];
  it.each<[string, Partial<CommandConfig>, object]>([
    ['nothing to probe', {}, { ok: true, version: 'unknown' }],
    [
      'a version in range',
      { version: { argv: probe('console.log("agent v1.10.2 (x)")'), min: '1.9.0' } },
      { ok: true, version: '1.10.2' },
    ],
    [
      'an old version',
      { version: { argv: probe('console.log("1.8.9")'), min: '1.9' } },
      { ok: false, cause: 'config', text: expect.stringContaining('is 1.8.9, needed is at least 1.9') },
    ],
    [
      'no version',
      { version: { argv: probe('console.log("hello")'), min: '1.0.0' } },
      { ok: false, cause: 'config', text: expect.stringContaining('printed no version') },
    ],
    [
      'a least version that is none',
      { version: { argv: probe('console.log("1.0.0")'), min: 'latest' } },
      { ok: false, cause: 'config', text: expect.stringContaining('"latest" is not a version') },
    ],
    [
      'a version command that fails',
      { version: { argv: probe('console.error("broken"); process.exit(4)'), min: '1.0.0' } },
      { ok: false, cause: 'config', text: expect.stringContaining('exit 4, broken') },
    ],
    [
      'a missing program',
      { version: { argv: ['no-such-agent', '--version'], min: '1.0.0' } },
      { ok: false, cause: 'config', text: expect.stringContaining('could not be started') },
    ],
    ['logged in', { auth: { argv: probe('') } }, { ok: true }],
    // AG-PRE-1: a version answer is not a login.
    [
      'not logged in',
      { version: { argv: probe('console.log("1.0.0")'), min: '1.0.0' }, auth: { argv: probe('process.exit(1)') } },
      { ok: false, cause: 'auth' },
    ],
    ['a missing login command', { auth: { argv: ['no-such-agent', 'whoami'] } }, { ok: false, cause: 'config' }],
  ])('agents §14: %s', async (_name, more, expected) => {
    await using space = await openWorkspace();
    expect(await agentFor(space, config(['print'], more)).preflight()).toMatchObject(expected);
  });

  it('versions are compared as numbers, missing parts are zero', () => {
    expect(compareVersions('1.10.0', '1.9.9')).toBeGreaterThan(0);
    expect(compareVersions('2', '2.0.0')).toBe(0);
    expect(compareVersions('1.0.0', '1.0.1')).toBeLessThan(0);
  });
});
