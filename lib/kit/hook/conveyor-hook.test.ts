import { execFileSync } from 'node:child_process';
import { appendFile, chmod, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createHookTarget } from '../../../tests/support/hook-target.ts';

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return !/^\d+ \(.*\) [ZX]/.test(execFileSync('cat', [`/proc/${pid}/stat`], { encoding: 'utf8' }));
  } catch {
    return false;
  }
};

describe('exits of --deploy', () => {
  it('exit 0: the new version serves, and the result line says from what to what', async () => {
    await using target = await createHookTarget();
    const [a, b] = [await target.release('a'), await target.release('b')];
    const first = await target.deploy('ET-1.1.1.production', a);
    expect(first.code).toBe(0);
    expect(first.events.at(-1)).toMatchObject({
      event: 'result',
      deploy_id: 'ET-1.1.1.production',
      state: 'ok',
      running: a.digest,
      previous: null,
    });
    const second = await target.deploy('ET-2.1.1.production', b);
    expect(second.code).toBe(0);
    expect(second.events.map(({ event }) => event)).toEqual(['previous', 'health', 'result']);
    expect(second.events.at(-1)).toMatchObject({ state: 'ok', running: b.digest, previous: a.digest });
    expect(await target.serving()).toBe(b.digest);
    expect(await target.status('ET-2.1.1.production')).toMatchObject({
      state: 'ok',
      running: b.digest,
      previous: a.digest,
      healthy: true,
    });
  });

  it.each([
    ['unhealthy new version', (hex: string) => `sick-${hex}`],
    ['failed activation', (hex: string) => `fail-${hex}`],
  ])('exit 1: %s, the previous one serves again', async (_what, misbehaviour) => {
    await using target = await createHookTarget();
    const [a, b] = [await target.release('a'), await target.release('b')];
    await target.deploy('ET-1.1.1.production', a);
    await target.misbehave(misbehaviour(b.hex));
    const run = await target.deploy('ET-2.1.1.production', b);
    expect(run.code).toBe(1);
    expect(run.events.at(-1)).toMatchObject({ state: 'rolled-back', running: a.digest });
    expect(await target.serving()).toBe(a.digest);
    expect(await target.activations()).toEqual([a.digest, b.digest, a.digest]);
  });

  it('exit 2: unhealthy and there is no previous version', async () => {
    await using target = await createHookTarget();
    const a = await target.release('a');
    await target.misbehave(`sick-${a.hex}`);
    const run = await target.deploy('ET-1.1.1.production', a);
    expect(run.code).toBe(2);
    expect(run.events.at(-1)).toMatchObject({ state: 'rollback-failed' });
  });

  it.each(['sick', 'fail'])('exit 2, D-HK-2: the way back is %s, even though something may answer', async (how) => {
    await using target = await createHookTarget();
    const [a, b] = [await target.release('a'), await target.release('b')];
    await target.deploy('ET-1.1.1.production', a);
    await target.misbehave(`sick-${b.hex}`);
    await target.misbehave(`${how}-${a.hex}`);
    const run = await target.deploy('ET-2.1.1.production', b);
    expect(run.code).toBe(2);
    expect(await target.status('ET-2.1.1.production')).toMatchObject({ state: 'rollback-failed', healthy: false });
  });

  it.each([
    ['another digest', { CONVEYOR_ARTIFACT_DIGEST: `sha256:${'1'.repeat(64)}` }, 'digest mismatch'],
    ['another revision', { CONVEYOR_EXPECTED_REVISION: '4be1' }, 'revision mismatch'],
    ['another code tree', { CONVEYOR_EXPECTED_CODE_TREE: '4be1' }, 'code tree mismatch'],
    ['no expected revision', { CONVEYOR_EXPECTED_REVISION: '' }, 'CONVEYOR_EXPECTED_REVISION is empty'],
    ['no artifact', { CONVEYOR_ARTIFACT_REF: '/nowhere/artifact' }, 'cannot be read'],
    ['an image', { CONVEYOR_ARTIFACT_KIND: 'image' }, 'this kit deploys bundles'],
    ['a deadline in the past', { CONVEYOR_DEADLINE: '2020-01-01T00:00:00Z' }, 'has passed'],
    ['no health address', { CONVEYOR_HEALTH_URL: '' }, 'could not be proved'],
    ['an id that is a path', { CONVEYOR_DEPLOY_ID: '../x' }, 'CONVEYOR_DEPLOY_ID is'],
    ['an unknown target', { CONVEYOR_TARGET: 'prod' }, 'expected staging or production'],
    ['broken expectations', { CONVEYOR_HEALTH_EXPECT: '[' }, 'not a JSON object'],
    ['attempts that are no number', { CONVEYOR_HEALTH_ATTEMPTS: 'many' }, 'expected a number'],
    ['a relative state folder', { CONVEYOR_STATE_DIR: 'state' }, 'expected an absolute folder'],
  ])('exit 3, nothing changed: %s', async (_what, extra, text) => {
    await using target = await createHookTarget();
    const a = await target.release('a');
    const run = await target.deploy('ET-1.1.1.production', a, extra);
    expect(run.code).toBe(3);
    expect(run.stdout).toContain(text);
    expect(await target.activations()).toEqual([]);
  });

  it('exit 3, D-MOD-2: an artifact that was changed after the approval is not deployed', async () => {
    await using target = await createHookTarget();
    const a = await target.release('a');
    await appendFile(a.ref, 'x');
    const run = await target.deploy('ET-1.1.1.production', a);
    expect(run.code).toBe(3);
    expect(run.stdout).toContain('digest mismatch');
    expect(await target.status('ET-1.1.1.production')).toMatchObject({ state: 'refused', running: null });
  });

  it('exit 3: what runs is not known before the switch', async () => {
    await using target = await createHookTarget();
    const a = await target.release('a');
    await target.misbehave('fail-current');
    const run = await target.deploy('ET-1.1.1.production', a);
    expect(run.code).toBe(3);
    expect(await target.activations()).toEqual([]);
  });

  it('exit 3, D-HK-2: the state folder is read-only, production untouched', async () => {
    await using target = await createHookTarget();
    const a = await target.release('a');
    await mkdir(path.join(target.folder, 'records'));
    await chmod(target.folder, 0o555);
    // root ignores permission bits: then the hook runs as somebody else.
    const uid = process.getuid?.() === 0 ? 65_534 : undefined;
    const run = await target.run(['--deploy'], target.environment('ET-1.1.1.production', a), uid);
    expect(run.code).toBe(3);
    expect(run.stdout).toContain('is not writable');
    const preflight = await target.run(['--preflight'], target.environment('ET-1.1.1.production', a), uid);
    expect(preflight.code).toBe(3);
    await chmod(target.folder, 0o755);
    expect(await target.activations()).toEqual([]);
    expect((await target.run(['--preflight'], target.environment('ET-1.1.1.production', a))).code).toBe(0);
  });

  it.each([[[]], [['--help']], [['deploy']], [['--deploy', '--status']], [['--deploy', 'x']]])(
    'exit 3: called with %j, nothing is done',
    async (args) => {
      await using target = await createHookTarget();
      const a = await target.release('a');
      const run = await target.run(args, target.environment('ET-1.1.1.production', a));
      expect(run.code).toBe(3);
      expect(await readdir(target.folder)).toEqual([]);
    },
  );
});

describe('health', () => {
  it.each(['wrong-body', 'stale-process'])('D-HK-3: HTTP 200 with %s is unhealthy', async (how) => {
    await using target = await createHookTarget();
    const a = await target.release('a');
    await target.misbehave(how);
    const run = await target.deploy('ET-1.1.1.production', a);
    expect(run.code).toBe(2);
    expect(run.events.filter(({ event }) => event === 'health')).toHaveLength(3);
    expect(run.events.find(({ event }) => event === 'health')).toMatchObject({ attempt: 1, http: 200, ok: false });
  });

  it('D-HK-3: white space in the body is irrelevant', async () => {
    await using target = await createHookTarget();
    const a = await target.release('a'); // The fixture answers indented JSON.
    expect(
      (await target.deploy('ET-1.1.1.production', a, { CONVEYOR_HEALTH_EXPECT: '{ "status" :  "ok" }' })).code,
    ).toBe(0);
  });

  it('a service that does not listen at all is unhealthy', async () => {
    await using target = await createHookTarget();
    const a = await target.release('a');
    const run = await target.deploy('ET-1.1.1.production', a, { CONVEYOR_HEALTH_URL: 'http://127.0.0.1:1/health' });
    expect(run.code).toBe(2);
  });
});

describe('previous', () => {
  it('D-HK-2: deploying the running digest again keeps the way back', async () => {
    await using target = await createHookTarget();
    const [a, b] = [await target.release('a'), await target.release('b')];
    await target.deploy('ET-1.1.1.production', a);
    await target.deploy('ET-2.1.1.production', b);
    await target.deploy('ET-2.2.1.production', b);
    expect(await target.status('ET-2.2.1.production')).toMatchObject({ running: b.digest, previous: a.digest });
  });

  it('D-HK-2: an empty capture clears it, so that nothing stale is ever restored', async () => {
    await using target = await createHookTarget();
    const [a, b, c] = [await target.release('a'), await target.release('b'), await target.release('c')];
    await target.deploy('ET-1.1.1.production', a);
    await target.deploy('ET-2.1.1.production', b);
    await rm(path.join(target.folder, 'serving'));
    await target.misbehave(`sick-${c.hex}`);
    const run = await target.deploy('ET-3.1.1.production', c);
    expect(run.code).toBe(2);
    expect(run.events.find(({ event }) => event === 'previous')).toMatchObject({ digest: null });
    expect((await target.run(['--rollback'], target.environment('x', null))).code).toBe(3);
  });

  it('D-HK-5: --rollback answers 0 when the previous version is healthy, 2 when not, 3 when there is none or it is gone', async () => {
    await using target = await createHookTarget();
    const [a, b] = [await target.release('a'), await target.release('b')];
    const rollback = () => target.run(['--rollback'], target.environment('ET-2.1.1.production', b));
    await target.deploy('ET-1.1.1.production', a);
    expect((await rollback()).code).toBe(3);
    await target.deploy('ET-2.1.1.production', b);
    expect((await rollback()).code).toBe(0);
    expect(await target.serving()).toBe(a.digest);
    await target.misbehave(`sick-${a.hex}`);
    expect((await rollback()).code).toBe(2);
    await rm(a.ref);
    expect((await rollback()).code).toBe(3);
  });
});

describe('the same deploy id and several hooks', () => {
  it('D-HK-4: the same id after success gives the same answer and one activation', async () => {
    await using target = await createHookTarget();
    const a = await target.release('a');
    const first = await target.deploy('ET-1.1.1.production', a);
    const again = await target.deploy('ET-1.1.1.production', a);
    expect(again.code).toBe(0);
    expect(again.events.at(-1)).toEqual(first.events.at(-1));
    expect(await target.activations()).toEqual([a.digest]);
  });

  it('D-HK-4: the same id with another digest is refused', async () => {
    await using target = await createHookTarget();
    const [a, b] = [await target.release('a'), await target.release('b')];
    await target.deploy('ET-1.1.1.production', a);
    const run = await target.deploy('ET-1.1.1.production', b);
    expect(run.code).toBe(3);
    expect(await target.serving()).toBe(a.digest);
  });

  it('two hooks at once: one works, the other one is busy; a third target state is "running"', async () => {
    await using target = await createHookTarget();
    const a = await target.release('a');
    await target.misbehave(`hang-${a.hex}`);
    const slow = target.start(['--deploy'], target.environment('ET-1.1.1.production', a));
    const pid = await target.hanging();
    const other = await target.deploy('ET-2.1.1.production', a);
    expect(other.code).toBe(3);
    expect(other.stdout).toContain('busy: ET-1.1.1.production');
    const same = await target.deploy('ET-1.1.1.production', a);
    expect(same.stdout).toContain('busy');
    expect((await target.run(['--preflight'], target.environment('ET-3.1.1.production', a))).code).toBe(3);
    expect((await target.run(['--rollback'], target.environment('ET-3.1.1.production', a))).code).toBe(3);
    expect(await target.status('ET-1.1.1.production')).toMatchObject({ state: 'running' });
    process.kill(pid, 'SIGKILL');
    expect((await slow.done).code).toBe(2);
    expect(await target.activations()).toHaveLength(1);
  });

  it('ten hooks at the same moment: one activation at a time, all others say busy', async () => {
    await using target = await createHookTarget();
    const a = await target.release('a');
    const runs = await Promise.all(
      Array.from({ length: 10 }, (_, n) => target.deploy(`ET-${n + 1}.1.1.production`, a)),
    );
    const worked = runs.filter(({ code }) => code === 0);
    expect(worked.length).toBeGreaterThanOrEqual(1);
    expect(runs.filter(({ code }) => code === 3).every(({ stdout }) => stdout.includes('busy'))).toBe(true);
    expect(runs.every(({ code }) => code === 0 || code === 3)).toBe(true);
    expect(await target.activations()).toHaveLength(worked.length);
    expect((await readdir(target.folder)).filter((name) => /^(lock|draft)-/.test(name))).toEqual([]);
  });

  it('an unreadable lock is never taken for free', async () => {
    await using target = await createHookTarget();
    const a = await target.release('a');
    await writeFile(path.join(target.folder, 'lock-1'), '{');
    const run = await target.deploy('ET-1.1.1.production', a);
    expect(run.code).toBe(3);
    expect(run.stdout).toContain('lock-1 is not JSON');
  });

  it('a lock of another process with the same number is dead', async () => {
    await using target = await createHookTarget();
    const a = await target.release('a');
    await writeFile(
      path.join(target.folder, 'lock-7'),
      JSON.stringify({ pid: process.pid, start: 'earlier', id: 'x', at: '' }),
    );
    expect((await target.deploy('ET-1.1.1.production', a)).code).toBe(0);
    expect((await readdir(target.folder)).filter((name) => name.startsWith('lock-'))).toEqual([]);
  });
});

describe('interruption', () => {
  it('D-HK-4: kill -9 before the switch, the next id restores: exit 3, then a fresh id deploys', async () => {
    await using target = await createHookTarget();
    const [a, b] = [await target.release('a'), await target.release('b')];
    await target.deploy('ET-1.1.1.production', a);
    await target.misbehave(`hang-${b.hex}`);
    const killed = target.start(['--deploy'], target.environment('ET-2.1.1.production', b));
    const orphan = await target.hanging();
    const hookPid = (JSON.parse(await readFile(path.join(target.folder, 'lock-1'), 'utf8')) as { pid: number }).pid;
    process.kill(hookPid, 'SIGKILL');
    expect(await target.status('ET-2.1.1.production')).toMatchObject({ state: 'interrupted', running: a.digest });
    expect((await target.deploy('ET-2.1.1.production', b)).code).toBe(3);
    await target.behave(`hang-${b.hex}`);

    const next = await target.deploy('ET-2.1.2.production', b);
    expect(next.code).toBe(3);
    expect(next.events.at(-1)).toMatchObject({ state: 'refused', running: a.digest });
    expect(alive(orphan)).toBe(false);
    await killed.done;
    expect(await target.status('ET-2.1.1.production')).toMatchObject({ state: 'interrupted' });

    expect((await target.deploy('ET-2.1.3.production', b)).code).toBe(0);
    expect(await target.status('ET-2.1.3.production')).toMatchObject({ running: b.digest, previous: a.digest });
  });

  it('D-HK-4: killed after the switch, the next id finds the requested version healthy: exit 0, no second activation', async () => {
    await using target = await createHookTarget();
    const [a, b] = [await target.release('a'), await target.release('b')];
    await target.deploy('ET-1.1.1.production', a);
    await target.misbehave(`sick-${b.hex}`);
    const slow = { ...target.environment('ET-2.1.1.production', b), CONVEYOR_HEALTH_INTERVAL_S: '60' };
    const killed = target.start(['--deploy'], slow);
    while ((await target.serving()) !== b.digest) await new Promise((resolve) => setTimeout(resolve, 10));
    killed.child.kill('SIGKILL');
    await killed.done;
    await target.behave(`sick-${b.hex}`);
    const next = await target.deploy('ET-2.1.2.production', b);
    expect(next.code).toBe(0);
    expect(next.events.at(-1)).toMatchObject({ state: 'ok', running: b.digest, previous: a.digest });
    expect(await target.activations()).toEqual([a.digest, b.digest]);
  });

  it('D-HK-4: killed after the switch and sick, the next id restores (3), or says that it cannot (2)', async () => {
    for (const [broken, code] of [
      ['', 3],
      ['sick', 2],
    ] as const) {
      await using target = await createHookTarget();
      const [a, b] = [await target.release('a'), await target.release('b')];
      await target.deploy('ET-1.1.1.production', a);
      await target.misbehave(`sick-${b.hex}`);
      const killed = target.start(['--deploy'], {
        ...target.environment('ET-2.1.1.production', b),
        CONVEYOR_HEALTH_INTERVAL_S: '60',
      });
      while ((await target.serving()) !== b.digest) await new Promise((resolve) => setTimeout(resolve, 10));
      killed.child.kill('SIGKILL');
      await killed.done;
      if (broken !== '') await target.misbehave(`${broken}-${a.hex}`);
      const next = await target.deploy('ET-2.1.2.production', b);
      expect(next.code).toBe(code);
      expect(await target.serving()).toBe(a.digest);
    }
  });

  it('D-HK-4: a first deploy that was interrupted has nothing to restore, so the next id goes on', async () => {
    await using target = await createHookTarget();
    const a = await target.release('a');
    await target.misbehave(`hang-${a.hex}`);
    const killed = target.start(['--deploy'], target.environment('ET-1.1.1.production', a));
    await target.hanging();
    killed.child.kill('SIGKILL');
    await target.behave(`hang-${a.hex}`);
    expect((await target.deploy('ET-1.1.2.production', a)).code).toBe(0);
    await killed.done;
  });

  it('D-K8: killed at any moment, the next ids end with 0, and what serves is the previous or the requested version', async () => {
    await using target = await createHookTarget();
    const a = await target.release('start');
    await target.deploy('ET-1.1.1.production', a);
    let before = a.digest;
    for (const [round, delay] of [0, 40, 80, 110, 140, 180, 230].entries()) {
      const wanted = await target.release(`round ${round}`);
      const killed = target.start(['--deploy'], target.environment(`ET-2.${round}.1.production`, wanted));
      await new Promise((resolve) => setTimeout(resolve, delay));
      killed.child.kill('SIGKILL');
      await killed.done;
      expect([before, wanted.digest]).toContain(await target.serving());
      const answers: (number | null)[] = [];
      while (answers.at(-1) !== 0 && answers.length < 3)
        answers.push((await target.deploy(`ET-2.${round}.${answers.length + 2}.production`, wanted)).code);
      expect(answers.every((code) => code === 0 || code === 3)).toBe(true);
      expect(await target.serving()).toBe(wanted.digest);
      before = wanted.digest;
    }
  });
});

describe('what the hook says', () => {
  it('output of the service is a log line with a time, never a machine line, and secrets are masked', async () => {
    await using target = await createHookTarget();
    const a = await target.release('a');
    const run = await target.deploy('ET-1.1.1.production', a, { APP_TOKEN: 's3cr3t-canary' });
    expect(run.events.some((event) => event['deploy_id'] === 'forged')).toBe(false);
    expect(run.stdout).toMatch(/^\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\] activate: ::conveyor .* token \*\*\*$/m);
    expect(run.stdout).not.toContain('s3cr3t-canary');
    expect(await readFile(path.join(target.folder, 'hook.log'), 'utf8')).not.toContain('s3cr3t-canary');
  });

  it('--status changes nothing and knows nothing of an id that was never started', async () => {
    await using target = await createHookTarget();
    const before = await readdir(target.folder);
    expect(await target.status('ET-9.1.1.production')).toEqual({
      event: 'status',
      deploy_id: 'ET-9.1.1.production',
      state: 'unknown',
      running: null,
      previous: null,
      healthy: false,
    });
    expect(await readdir(target.folder)).toEqual(before);
  });
});

describe('hygiene of the deploy checkout', () => {
  const git = (cwd: string, ...args: string[]) =>
    execFileSync('git', ['-C', cwd, '-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' },
    });
  const checkout = async (root: string) => {
    const origin = path.join(root, 'origin');
    const folder = path.join(root, 'checkout');
    git(root, 'init', '-q', '-b', 'main', origin);
    await writeFile(path.join(origin, 'app.txt'), 'one\n');
    await writeFile(path.join(origin, '.gitignore'), 'data/\n');
    git(origin, 'add', '.');
    git(origin, 'commit', '-q', '-m', 'one');
    git(root, 'clone', '-q', origin, folder);
    await writeFile(path.join(origin, 'app.txt'), 'two\n');
    git(origin, 'commit', '-q', '-am', 'two');
    return folder;
  };

  it('D-HK-6: converges to origin/main; ignored data and kept entries survive; what was discarded is said', async () => {
    await using target = await createHookTarget();
    const a = await target.release('a');
    const folder = await checkout(target.root);
    await writeFile(path.join(folder, 'app.txt'), 'edited by hand\n');
    await writeFile(path.join(folder, 'notes.txt'), 'x');
    await writeFile(path.join(folder, '.env'), 'KEY=1');
    await mkdir(path.join(folder, 'data'));
    await writeFile(path.join(folder, 'data/db'), 'rows');
    const run = await target.deploy('ET-1.1.1.production', a, {
      CONVEYOR_CHECKOUT: folder,
      CONVEYOR_HYGIENE: '1',
      CONVEYOR_HYGIENE_KEEP: '.env:.deploy-*',
    });
    expect(run.code).toBe(0);
    expect(run.events[0]).toEqual({ event: 'hygiene', dirty: 2, discarded: ['app.txt', 'notes.txt'] });
    expect(await readFile(path.join(folder, 'app.txt'), 'utf8')).toBe('two\n');
    expect((await readdir(folder)).toSorted()).toEqual(['.env', '.git', '.gitignore', 'app.txt', 'data']);
    expect(await readFile(path.join(folder, 'data/db'), 'utf8')).toBe('rows');
  });

  it('D-HK-6: not a work tree is exit 3, nothing activated', async () => {
    await using target = await createHookTarget();
    const a = await target.release('a');
    const run = await target.deploy('ET-1.1.1.production', a, {
      CONVEYOR_CHECKOUT: target.root,
      CONVEYOR_HYGIENE: '1',
    });
    expect(run.code).toBe(3);
    expect(await target.activations()).toEqual([]);
  });

  it('D-HK-6: switched off, a checkout that cannot be fast-forwarded is exit 3', async () => {
    await using target = await createHookTarget();
    const a = await target.release('a');
    const folder = await checkout(target.root);
    await writeFile(path.join(folder, 'app.txt'), 'edited by hand\n');
    const run = await target.deploy('ET-1.1.1.production', a, { CONVEYOR_CHECKOUT: folder });
    expect(run.code).toBe(3);
    expect(await readFile(path.join(folder, 'app.txt'), 'utf8')).toBe('edited by hand\n');
  });
});
