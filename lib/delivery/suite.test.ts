import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createShell } from '../adapters/shell/process.ts';
import type { SuiteSpec } from './suite.ts';
import { runStagingSuite } from './suite.ts';

const write = (revision: string, nonce = '$CONVEYOR_SUITE_NONCE') =>
  `printf '{"schema":"conveyor/staging-suite@1","revision":"${revision}","nonce":"%s","checks":[{"id":"A1","status":"pass"}]}' "${nonce}" > "$CONVEYOR_SUITE_OUT"`;

async function createSuite(script: string) {
  const root = await mkdtemp(path.join(tmpdir(), 'conveyor-suite-'));
  const file = path.join(root, 'suite');
  await writeFile(file, `#!/usr/bin/env bash\n${script}\n`, { mode: 0o755 });
  const spec: SuiteSpec = {
    file,
    cwd: root,
    env: { PATH: process.env['PATH'] ?? '', APP_TOKEN: 's3cr3t-canary' },
    baseUrl: 'http://127.0.0.1:8501',
    revision: '4be1',
    digest: 'sha256:9f3c',
    nonce: 'nonce-1',
    settings: { suite: 'suite', timeout_s: 20, infra_tolerance: true, strict: false, waivable: [], infra_retries: 3 },
    secrets: ['s3cr3t-canary'],
    graceMs: 200,
    folder: root,
    runningDigest: null,
  };
  const run = (over: Partial<SuiteSpec> = {}) => runStagingSuite({ ...spec, ...over }, createShell());
  return { root, run, spec, [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }) };
}

describe('runStagingSuite', () => {
  it('hands over address, mode and nonce, reads the proof and leaves no file behind', async () => {
    await using suite = await createSuite(`echo "$@" > args; ${write('4be1')}; echo "token $APP_TOKEN"`);
    const outcome = await suite.run();
    expect(outcome).toMatchObject({
      class: 'suite-ran',
      status: 'SUCCESS',
      checks: { passed: 1, total: 1 },
      mode: 'stub',
      exitCode: 0,
    });
    expect(outcome.log).toBe('token ***\n\nVERDICT: SUCCESS (1/1 PASS)\n');
    expect(await readFile(path.join(suite.root, 'args'), 'utf8')).toBe(
      '--base-url http://127.0.0.1:8501 --mode stub\n',
    );
    expect((await readdir(suite.root)).toSorted()).toEqual(['args', 'suite']);
  });

  it('strict is handed over', async () => {
    await using suite = await createSuite(`echo "$@"; ${write('4be1')}`);
    expect((await suite.run({ settings: { ...suite.spec.settings, strict: true } })).log).toContain(
      '--mode stub --strict',
    );
  });

  it.each([
    ['G-STG-7: another revision', write('old'), 'STG_WRONG_REVISION'],
    ['a forged nonce', write('4be1', 'nonce-0'), 'STG_TRANSIENT'],
    ['a result that is a folder', 'mkdir "$CONVEYOR_SUITE_OUT"', 'STG_TRANSIENT'],
    ['a result that is far too large', 'head -c 5000000 /dev/zero > "$CONVEYOR_SUITE_OUT"', 'STG_TRANSIENT'],
    ['a missing tool', 'no-such-tool-anywhere', 'STG_ENV'],
  ])('%s is not judged', async (_what, script, code) => {
    await using suite = await createSuite(script);
    expect(await suite.run()).toMatchObject({ code });
  });

  it('a suite that does not end is infrastructure', async () => {
    await using suite = await createSuite('sleep 60');
    expect(await suite.run({ settings: { ...suite.spec.settings, timeout_s: 0.3 } })).toMatchObject({
      class: 'transient-infra',
      code: 'STG_TRANSIENT',
    });
  });

  it('G-STG-7: another digest on staging after the suite (a second item deployed) voids a green and a red run', async () => {
    for (const script of [write('4be1'), 'exit 1']) {
      await using suite = await createSuite(script);
      expect(await suite.run({ runningDigest: async () => 'sha256:other' })).toMatchObject({
        code: 'STG_WRONG_REVISION',
      });
      expect(await suite.run({ runningDigest: async () => null })).toMatchObject({ code: 'STG_WRONG_REVISION' });
      expect(await suite.run({ runningDigest: async () => 'sha256:9f3c' })).toMatchObject({ class: 'suite-ran' });
    }
  });

  it('a suite that is not there is a hold at once', async () => {
    await using suite = await createSuite('');
    expect(await suite.run({ file: path.join(suite.root, 'gone') })).toMatchObject({
      class: 'permanent-env',
      code: 'STG_ENV',
    });
  });
});
