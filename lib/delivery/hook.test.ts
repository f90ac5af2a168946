import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createShell } from '../adapters/shell/process.ts';
import type { Clock } from '../ports/clock.ts';
import type { HookCall } from './hook.ts';
import { askStatus, deployWithHook, preflightWithHook, rollbackWithHook } from './hook.ts';

const ID = 'ET-12.2.1.production';
const DIGEST = `sha256:${'9f3c'.repeat(16)}`;
const START = new Date('2026-01-20T11:00:00Z');

/** Time passes only by sleeping. */
function createVirtualClock() {
  let now = START.getTime();
  const sleeps: number[] = [];
  const clock: Clock = {
    now: () => new Date(now),
    sleep: async (ms) => {
      sleeps.push(ms);
      now += ms;
    },
  };
  return { clock, sleeps };
}
const machine = (event: object): string => `echo '::conveyor ${JSON.stringify(event)}'`;
const result = (state: string, running: string | null = DIGEST) =>
  machine({ event: 'result', deploy_id: ID, state, running, previous: null });
const status = (state: string, healthy = true, running: string | null = DIGEST, id = ID) =>
  machine({ event: 'status', deploy_id: id, state, running, previous: null, healthy });

/** A hook whose verbs are lines of bash. */
async function createHook(verbs: { deploy?: string; status?: string; rollback?: string; preflight?: string }) {
  const folder = await mkdtemp(path.join(tmpdir(), 'conveyor-hookcall-'));
  const file = path.join(folder, 'deploy');
  const cases = Object.entries(verbs).map(([verb, script]) => `--${verb})\n${script}\n;;`);
  await writeFile(
    file,
    `#!/usr/bin/env bash\necho "$1" >> calls\ncase "$1" in\n${cases.join('\n')}\n*) exit 70;;\nesac\n`,
    { mode: 0o755 },
  );
  const call: HookCall = {
    file,
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', APP_TOKEN: 's3cr3t-canary' },
    secrets: ['s3cr3t-canary'],
    deployId: ID,
    digest: DIGEST,
    deadline: new Date(START.getTime() + 900_000),
    graceMs: 200,
  };
  const { clock, sleeps } = createVirtualClock();
  return {
    call,
    ports: { shell: createShell(), clock },
    sleeps,
    calls: async () => (await readFile(path.join(folder, 'calls'), 'utf8')).trim().split('\n'),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

describe('deployWithHook', () => {
  it.each([
    [0, 'ok', true],
    [1, 'rolled-back', true],
    [2, 'rollback-failed', false],
    [3, 'refused', null],
  ])('exit %i is %s, without asking for the status', async (exit, state, healthy) => {
    await using hook = await createHook({ deploy: `${result(state)}\nexit ${exit}` });
    expect(await deployWithHook(hook.call, hook.ports)).toMatchObject({
      state,
      exit,
      healthy,
      answered: true,
      sameIdAllowed: false,
    });
    expect(await hook.calls()).toEqual(['--deploy']);
  });

  it('regression 21: exit 0 with a result that says rolled-back is not a success', async () => {
    await using hook = await createHook({ deploy: result('rolled-back', 'sha256:old') });
    expect(await deployWithHook(hook.call, hook.ports)).toMatchObject({ state: 'rolled-back', exit: 0 });
  });

  it('exit 0 without any result line is not believed: the status decides', async () => {
    await using hook = await createHook({ deploy: 'echo done', status: status('ok') });
    expect(await deployWithHook(hook.call, hook.ports)).toMatchObject({ state: 'ok', running: DIGEST, answered: true });
    await using other = await createHook({ deploy: 'echo done', status: status('unknown', true, 'sha256:old') });
    expect(await deployWithHook(other.call, other.ports)).toMatchObject({ state: 'unknown', sameIdAllowed: true });
  });

  it.each([
    ['another exit', 'exit 17'],
    ['a signal', 'kill -9 $$'],
  ])('%s: --status decides', async (_what, deploy) => {
    await using hook = await createHook({ deploy, status: status('interrupted') });
    expect(await deployWithHook(hook.call, hook.ports)).toMatchObject({
      state: 'interrupted',
      answered: true,
      sameIdAllowed: false,
    });
    expect(await hook.calls()).toEqual(['--deploy', '--status']);
  });

  it('D-HK-7: a hook that does not end is ended at its deadline, and then asked', async () => {
    await using hook = await createHook({ deploy: 'sleep 60', status: status('interrupted', true, 'sha256:old') });
    const call = { ...hook.call, deadline: new Date(START.getTime() + 300) };
    expect(await deployWithHook(call, hook.ports)).toMatchObject({
      state: 'interrupted',
      exit: null,
      text: expect.stringContaining('timeout') as string,
    });
  });

  it('running: asked every 10 s, until it says something else', async () => {
    const counted = `n=$(grep -c status calls)\nif [ "$n" -lt 4 ]; then\n${status('running')}\nelse\n${status('ok')}\nfi`;
    await using hook = await createHook({ deploy: 'exit 9', status: counted });
    expect(await deployWithHook(hook.call, hook.ports)).toMatchObject({ state: 'ok' });
    expect(hook.sleeps).toEqual([10_000, 10_000, 10_000]);
  });

  it('a target that never answers is unknown at deadline + 300 s, and the same id is not allowed', async () => {
    await using hook = await createHook({ deploy: 'exit 9', status: 'exit 1' });
    const passed = await deployWithHook({ ...hook.call, deadline: START }, hook.ports);
    expect(passed).toMatchObject({ state: 'refused', text: expect.stringContaining('has passed') as string });
    const late = await deployWithHook({ ...hook.call, deadline: new Date(START.getTime() + 1000) }, hook.ports);
    expect(late).toMatchObject({ state: 'unknown', answered: false, sameIdAllowed: false });
    expect(hook.sleeps.length).toBe(30);
  });

  it('an answer about another deploy id, or with a failing exit, is no answer', async () => {
    for (const answer of [status('ok', true, DIGEST, 'ET-1.1.1.production'), `${status('ok')}\nexit 1`]) {
      await using hook = await createHook({ deploy: 'exit 9', status: answer });
      expect((await askStatus(hook.call, hook.ports)).status).toBeNull();
    }
  });

  it.each([
    ['another version runs', status('ok', true, 'sha256:old')],
    ['it is not healthy', status('ok', false)],
  ])('status ok is not a success when %s', async (_what, answer) => {
    await using hook = await createHook({ deploy: 'exit 9', status: answer });
    expect(await deployWithHook(hook.call, hook.ports)).toMatchObject({
      state: 'unknown',
      answered: true,
      sameIdAllowed: false,
    });
  });

  it('unknown with a sick previous version does not allow the same id', async () => {
    await using hook = await createHook({ deploy: 'exit 9', status: status('unknown', false, 'sha256:old') });
    expect(await deployWithHook(hook.call, hook.ports)).toMatchObject({ state: 'unknown', sameIdAllowed: false });
  });

  it('a hook file that is not there or not executable is refused for good, nothing asked', async () => {
    await using hook = await createHook({});
    expect(await deployWithHook({ ...hook.call, file: `${hook.call.file}-gone` }, hook.ports)).toMatchObject({
      state: 'refused',
      permanent: true,
      exit: null,
    });
  });

  it('secrets are masked and the log is the last 20 000 characters', async () => {
    await using hook = await createHook({
      deploy: `for i in $(seq 3000); do echo "line $i"; done; echo "token $APP_TOKEN"; ${result('ok')}`,
    });
    const { log } = await deployWithHook(hook.call, hook.ports);
    expect(log).toHaveLength(20_000);
    expect(log).toContain('token ***');
    expect(log).not.toContain('s3cr3t');
  });

  it('a hostile machine line is a warning and changes nothing', async () => {
    await using hook = await createHook({
      deploy: `echo '::conveyor {"event":"result","state":"ok"}'; ${result('rolled-back', null)}; exit 1`,
    });
    const outcome = await deployWithHook(hook.call, hook.ports);
    expect(outcome.state).toBe('rolled-back');
    expect(outcome.warnings).toHaveLength(1);
  });

  it('a stop signal ends the asking', async () => {
    await using hook = await createHook({ deploy: 'sleep 60', status: status('running') });
    const outcome = await deployWithHook({ ...hook.call, signal: AbortSignal.timeout(200) }, hook.ports);
    expect(outcome).toMatchObject({ state: 'unknown', answered: false });
  });
});

describe('the other verbs', () => {
  it.each([
    [0, 'ok', true],
    [2, 'rollback-failed', false],
    [3, 'refused', null],
    [1, 'unknown', null],
  ])('D-HK-5: --rollback exit %i is %s', async (exit, state, healthy) => {
    await using hook = await createHook({ rollback: `exit ${exit}` });
    expect(await rollbackWithHook(hook.call, hook.ports)).toMatchObject({ state, healthy, exit });
  });

  it('--preflight says what is missing, and whether a person must repair it', async () => {
    await using fine = await createHook({ preflight: 'exit 0' });
    expect(await preflightWithHook(fine.call, fine.ports)).toMatchObject({ ok: true });
    await using busy = await createHook({ preflight: 'echo "refused: busy"; exit 3' });
    expect(await preflightWithHook(busy.call, busy.ports)).toMatchObject({
      ok: false,
      permanent: false,
      text: expect.stringContaining('refused: busy') as string,
    });
    await using missing = await createHook({ preflight: 'no-such-tool' });
    expect(await preflightWithHook(missing.call, missing.ports)).toMatchObject({ ok: false, permanent: true });
  });
});
