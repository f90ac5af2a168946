import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { ShellSpec } from '../../ports/shell.ts';
import { readProcess, readProcessTable } from './proc-table.ts';
import { createShell } from './process.ts';

const env = { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LANG: 'C.UTF-8' };
const shell = createShell();
const spec = (argv: readonly string[], more: Partial<ShellSpec> = {}): ShellSpec => ({
  argv,
  cwd: tmpdir(),
  env,
  timeoutMs: 20_000,
  graceMs: 5000,
  ...more,
});
const bash = (text: string, more: Partial<ShellSpec> = {}): ShellSpec =>
  spec(['bash', '-uo', 'pipefail', '-c', text], more);
const node = (text: string, more: Partial<ShellSpec> = {}): ShellSpec => spec([process.execPath, '-e', text], more);

async function temporaryFolder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'conveyor-shell-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
const isAlive = (pid: number): boolean => readProcess(pid) !== null;
/** Aborts as soon as the child has printed the word. */
function abortOn(word: string): { signal: AbortSignal; onOutput: (chunk: string) => void } {
  const controller = new AbortController();
  let seen = '';
  return {
    signal: controller.signal,
    onOutput: (chunk) => {
      seen += chunk;
      if (seen.includes(word)) controller.abort();
    },
  };
}

describe('what a program leaves as its result', () => {
  it('G-GEN-12: gives exit code, output of both streams and standard output alone', async () => {
    const result = await shell.run(bash('echo out; sleep 0.05; echo err >&2; exit 3'));
    expect(result).toMatchObject({ code: 3, signal: null, ended: null, output: 'out\nerr\n', stdout: 'out\n' });
    expect(result).not.toHaveProperty('survivors');
  });

  it('hands the input over and survives a child that does not read it', async () => {
    expect((await shell.run(spec(['cat'], { input: 'žluť' }))).stdout).toBe('žluť');
    expect(await shell.run(spec(['true'], { input: Buffer.alloc(4 * 1024 * 1024) }))).toMatchObject({
      code: 0,
      ended: null,
    });
  });

  it('a bash is not told that it is a remote login, so it reads no .bashrc', async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, '.bashrc'), 'echo profile was read\n');
    const home = { ...env, HOME: folder.path };
    expect(await shell.run(bash('cat', { env: home, input: 'in' }))).toMatchObject({ output: 'in', code: 0 });
    expect(await shell.run(bash('cat', { env: home }))).toMatchObject({ output: '', code: 0 });
  });

  it('AG-SEC-1: the child sees the given environment and the run mark, nothing inherited', async () => {
    const result = await shell.run(spec(['env'], { env: { ...env, ONLY: 'this' } }));
    const names = result.stdout.split('\n').map((line) => line.split('=')[0]);
    expect(names.toSorted()).toEqual(['', 'CONVEYOR_RUN_MARK', 'LANG', 'ONLY', 'PATH']);
  });

  it('a mark of an outer run stays in front of the own one', async () => {
    const result = await shell.run(spec(['env'], { env: { ...env, CONVEYOR_RUN_MARK: 'outer' } }));
    expect(result.stdout).toMatch(/^CONVEYOR_RUN_MARK=outer\/[0-9a-f-]{36}$/m);
  });

  it('tells a signal that is not ours', async () => {
    expect(await shell.run(bash('kill -9 $$'))).toMatchObject({ code: null, signal: 'SIGKILL', ended: null });
  });

  it('gives chunks as they come, characters whole', async () => {
    const seen: string[] = [];
    const program = `const b = Buffer.from('Ж'); process.stdout.write(b.subarray(0, 1)); setTimeout(() => process.stdout.write(b.subarray(1)), 100);`;
    await shell.run(node(program, { onOutput: (chunk, stream) => seen.push(`${stream}:${chunk}`) }));
    expect(seen).toEqual(['stdout:Ж']);
  });

  it('a reader that throws is named in the output and does not end the run', async () => {
    const onOutput = (): never => {
      throw new Error('reader broke');
    };
    const result = await shell.run(bash('echo one; sleep 0.1; echo two', { onOutput }));
    expect(result.code).toBe(0);
    expect(result.stdout).toBe('one\ntwo\n');
    expect(result.output).toContain('[reader of the output failed: reader broke]');
  });
});

describe('a program that cannot start', () => {
  it.each([
    ['a missing program', spec(['no-such-program-here'])],
    ['a missing folder', spec(['true'], { cwd: join(tmpdir(), 'no-such-folder-here') })],
    ['no program at all', spec([])],
    ['an argument with NUL', spec(['echo', 'a\0b'])],
    ['a folder as program', spec([tmpdir()])],
  ])('ends as spawn with a reason: %s', async (_name, run) => {
    const result = await shell.run(run);
    expect(result).toMatchObject({ code: null, signal: null, ended: 'spawn', stdout: '' });
    expect(result.output).toContain('could not be started');
  });

  it('is not started at all when the stop came first', async () => {
    await using folder = await temporaryFolder();
    const result = await shell.run(bash('touch started', { cwd: folder.path, signal: AbortSignal.abort() }));
    expect(result.ended).toBe('aborted');
    await expect(readFile(join(folder.path, 'started'))).rejects.toThrow('ENOENT');
  });
});

describe('the end by force', () => {
  it('AG-TIME-3: a child that obeys SIGTERM ends within the grace period', async () => {
    const result = await shell.run(
      node(
        `process.on('SIGTERM', () => process.exit(7)); console.log('up'); setInterval(() => {}, 1000);`,
        abortOn('up'),
      ),
    );
    expect(result).toMatchObject({ ended: 'aborted', code: 7 });
  });

  it('AG-TIME-3: a child that ignores SIGTERM is killed after the grace period', async () => {
    const result = await shell.run(
      node(`process.on('SIGTERM', () => console.log('no')); console.log('up'); setInterval(() => {}, 1000);`, {
        ...abortOn('up'),
        graceMs: 300,
      }),
    );
    expect(result).toMatchObject({ ended: 'aborted', code: null, signal: 'SIGKILL' });
    expect(result.stdout).toContain('no');
  });

  it('AG-TIME-6: a time-out wins over a success the child reports while it is being ended', async () => {
    const result = await shell.run(
      node(`process.on('SIGTERM', () => process.exit(0)); setInterval(() => {}, 1000);`, { timeoutMs: 500 }),
    );
    expect(result).toMatchObject({ ended: 'timeout', code: 0 });
  });

  it('a limit longer than a timer can hold does not fire at once', async () => {
    expect(await shell.run(bash('sleep 0.05', { timeoutMs: 2 ** 40 }))).toMatchObject({ ended: null, code: 0 });
  });

  it('G-GEN-12: output without end is read, its last 64 KiB and 1 MiB are kept, and the run ends', async () => {
    const result = await shell.run(bash('yes "0123456789 0123456789 0123456789"', { timeoutMs: 1500, graceMs: 200 }));
    expect(result.ended).toBe('timeout');
    expect(Buffer.byteLength(result.output)).toBe(64 * 1024);
    expect(Buffer.byteLength(result.stdout)).toBe(1024 * 1024);
  });
});

describe.skipIf(process.platform !== 'linux')('nothing stays behind', () => {
  const orphan = (marked: boolean): string =>
    `const { spawn } = require('node:child_process');
     const child = spawn(process.execPath, ['-e', "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)"],
       { detached: true, stdio: 'ignore', env: ${marked ? 'process.env' : '{}'} });
     child.unref();
     console.log('pid ' + child.pid + ' up');`;
  const pidIn = (text: string): number => Number(/pid (\d+)/.exec(text)?.[1]);

  it('G-GEN-12: a background child is killed after a normal exit', async () => {
    const result = await shell.run(bash('sleep 600 & echo "pid $!"; exit 0'));
    expect(result).toMatchObject({ code: 0, ended: null });
    expect(isAlive(pidIn(result.output))).toBe(false);
  });

  it('AG-TIME-3: an orphan in a session of its own is killed after a normal exit, by its mark', async () => {
    const result = await shell.run(node(orphan(true)));
    expect(result).toMatchObject({ code: 0, ended: null });
    expect(isAlive(pidIn(result.output))).toBe(false);
  });

  it('AG-TIME-3: a deaf grandchild in a session of its own without the mark is found through its parent', async () => {
    const result = await shell.run(
      node(`${orphan(false)} setInterval(() => {}, 1000);`, { ...abortOn('up'), graceMs: 300 }),
    );
    expect(result.ended).toBe('aborted');
    expect(isAlive(pidIn(result.output))).toBe(false);
  });

  it('AG-TIME-3: a child that sets its session and double-forks while being ended is found again', async () => {
    const program = `trap 'setsid bash -c "sleep 600 & echo pid \\$! >&2; sleep 600" & sleep 0.3' TERM; echo up; sleep 600 & wait; wait; sleep 1`;
    const result = await shell.run(bash(program, { ...abortOn('up'), graceMs: 10_000 }));
    expect(result.ended).toBe('aborted');
    expect(pidIn(result.output)).toBeGreaterThan(1);
    expect(isAlive(pidIn(result.output))).toBe(false);
  });

  it('a service started with a session of its own and without the mark outlives the program that deployed it', async () => {
    const result = await shell.run(node(orphan(false)));
    const service = pidIn(result.output);
    try {
      expect(isAlive(service)).toBe(true);
    } finally {
      process.kill(service, 'SIGKILL');
    }
  });

  it('ends only its own: two runs at once do not touch each other', async () => {
    const [short, long] = await Promise.all([
      shell.run(bash('sleep 600 & exit 0')),
      shell.run(bash('sleep 0.6; echo whole')),
    ]);
    expect(short.code).toBe(0);
    expect(long).toMatchObject({ code: 0, stdout: 'whole\n' });
  });

  const wrapperProgram = (
    more: string,
  ): string => `import { createShell } from '${new URL('./process.ts', import.meta.url).href}';
    createShell().run({ argv: ['bash', '-c', 'setsid bash -c "echo pid \\$\\$; sleep 600" & wait'], cwd: '/', env: process.env, timeoutMs: 60000,
      graceMs: 100, onOutput: (text) => { process.stdout.write(text); ${more} } });`;

  it('AG-TIME-4: children die with a wrapper that exits in the middle', async () => {
    const result = await shell.run(
      spec([process.execPath, '--input-type=module', '-e', wrapperProgram('setTimeout(() => process.exit(5), 50);')]),
    );
    expect(result.code).toBe(5);
    expect(isAlive(pidIn(result.output))).toBe(false);
  });

  it('AG-TIME-4: children die with a wrapper that is killed without a chance to clean up', async () => {
    // Not through the shell port: it would find the leftovers itself.
    const wrapper = spawn(process.execPath, ['--input-type=module', '-e', wrapperProgram('')], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(wrapper.stdout, 'data')) as [Buffer];
    const child = pidIn(line.toString());
    expect(isAlive(child)).toBe(true);
    wrapper.kill('SIGKILL');
    for (let tries = 0; tries < 100 && isAlive(child); tries += 1) await delay(100);
    expect(isAlive(child)).toBe(false);
  });

  it('the guard over a run is gone with the run', async () => {
    const before = guardsOf(process.pid);
    await shell.run(bash('exit 0'));
    for (let tries = 0; tries < 50 && guardsOf(process.pid) > before; tries += 1) await delay(20);
    expect(guardsOf(process.pid)).toBe(before);
  });
});

function guardsOf(parent: number): number {
  return readProcessTable().filter((row) => {
    try {
      return row.parent === parent && readFileSync(`/proc/${row.pid}/cmdline`, 'utf8').includes('conveyor-guard');
    } catch {
      // It vanished while we looked.
      return false;
    }
  }).length;
}
