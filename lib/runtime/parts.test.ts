import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ExternalError, InternalError } from '../base/errors.ts';
import { assetFolder } from './assets.ts';
import { createSystemClock } from './clock.ts';
import { classifyFailure } from './failure.ts';
import { neutraliseCommands } from './log.ts';
import { nodeProblem } from './require-node.ts';
import { parseRunContext } from './run-context.ts';
import { secretValues } from './secrets.ts';

describe('nodeProblem', () => {
  it.each(['22.0.0', 'v22.18.0', '24.21.0', '100.1.1'])('O-RUN-1: Node %s is new enough', (version) => {
    expect(nodeProblem(version)).toBeNull();
  });
  it.each(['21.7.3', '20.20.2', 'v18.0.0', '0.12.0', '', 'banana'])(
    'O-RUN-1: Node "%s" gets one line that says what to do',
    (version) => {
      expect(nodeProblem(version)).toMatch(
        /^Node .* is too old: Conveyor needs Node 22 or newer\. Install it on the runner[^\n]*$/,
      );
    },
  );
});

describe('assetFolder', () => {
  it('finds agents beside the sources', () => {
    expect(assetFolder('agents')).toMatch(/\/agents$/);
  });
  it('an installation without it is an error that says what to do', () => {
    const folder = mkdtempSync(join(tmpdir(), 'conveyor-assets-'));
    try {
      mkdirSync(join(folder, 'deep'));
      expect(() => assetFolder('agents', join(folder, 'deep'))).toThrow(/install the release again/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('classifyFailure', () => {
  it.each([
    [new ExternalError('FORGE_HTTP', 'gone'), 'infra', /reconciler/],
    [new ExternalError('FORGE_HTTP', 'gone', { retryable: false, status: 403 }), 'infra', /repair/],
    [new InternalError('BROKEN', 'x'), 'unknown', /report/],
    ['a string', 'unknown', /report/],
    [undefined, 'unknown', /report/],
  ] as const)('%s is class %s', (thrown, cls, next) => {
    const failure = classifyFailure(thrown);
    expect(failure.class).toBe(cls);
    expect(failure.next).toMatch(next);
    expect(failure.who).not.toBe('');
  });
});

describe('neutraliseCommands', () => {
  it.each(['::error::x', '  ::add-mask::x', 'a\n::set-env name=X::y', '##[group]x'])('%j loses its power', (text) => {
    expect(neutraliseCommands(text)).not.toMatch(/^\s*(::|##\[)/m);
  });
  it('other text stays as it is', () => {
    expect(neutraliseCommands('a::b\n# heading\nstd::vector')).toBe('a::b\n# heading\nstd::vector');
  });
});

describe('secretValues', () => {
  it('finds credentials by name and leaves everything else readable', () => {
    const env = {
      'INPUT_FORGE-TOKEN': 'a1',
      INPUT_TOKEN: 'fencing',
      'INPUT_TRACKER-TOKEN': ' ',
      CONVEYOR_DEPLOY_APP: 'a2',
      CONVEYOR_FORGE_TOKEN: 'a3',
      ACTIONS_RUNTIME_TOKEN: 'a4',
      GITHUB_TOKEN: 'a5',
      PATH: '/bin',
      UNSET: undefined,
    };
    expect(secretValues(env).sort()).toEqual(['a1', 'a2', 'a3', 'a4', 'a5']);
  });
});

describe('parseRunContext', () => {
  const env = { GITHUB_SERVER_URL: 'http://f', GITHUB_REPOSITORY: 'acme/trails', GITHUB_RUN_ID: '7' };
  it('has a hand-over only where the runner gives both address and token', () => {
    expect(parseRunContext(env).handover).toBeNull();
    expect(parseRunContext({ ...env, ACTIONS_RESULTS_URL: 'http://f' }).handover).toBeNull();
    expect(parseRunContext({ ...env, ACTIONS_RESULTS_URL: 'http://f', ACTIONS_RUNTIME_TOKEN: 't' }).handover).toEqual({
      resultsUrl: 'http://f',
      runtimeToken: 't',
    });
  });
  it.each(['acme', 'acme/', '/x', 'a/b/c', 'a b/c'])('refuses the repository name "%s"', (name) => {
    expect(() => parseRunContext({ ...env, GITHUB_REPOSITORY: name })).toThrow(/owner\/name/);
  });
});

describe('createSystemClock', () => {
  it('a sleep that is aborted ends without an error', async () => {
    const clock = createSystemClock();
    const stop = new AbortController();
    const slept = clock.sleep(60_000, stop.signal);
    stop.abort();
    await expect(slept).resolves.toBeUndefined();
  });
});
