import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** Environment variable that every process of one stack inherits: it is how they are found again. */
export const MARK = 'CONVEYOR_STACK_MARK';

export interface Started {
  readonly pid: number;
  readonly child: ChildProcess;
  /** Resolves when the process itself is gone. */
  readonly gone: Promise<void>;
}

/** Starts a program in a process group of its own, its output appended to a file. */
export function start(
  argv: readonly [string, ...string[]],
  options: { env: Record<string, string>; cwd: string; output: string },
): Started {
  const [program, ...args] = argv;
  const output = openSync(options.output, 'a');
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: options.env,
    detached: true,
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  if (child.pid === undefined) throw new Error(`${program} did not start`);
  return { pid: child.pid, child, gone };
}

/**
 * Kills a program, everything that carries the mark and everything that comes from those: the steps of a job live in
 * sessions of their own, and what they start may have an environment without the mark.
 */
export function killMarked(root: number | null, mark: string, variable: string = MARK): void {
  const known = new Set<number>(root === null ? [] : [root]);
  // Looked up before anything is killed: what loses its parent is nobody's afterwards.
  // Again until nothing new turns up: a process may have started another one while we looked.
  for (let round = 0; round < 5; round += 1) {
    const alive = family(known, `${variable}=${mark}`);
    if (round === 0 && root !== null) kill(-root);
    if (alive.length === 0) return;
    for (const pid of alive) kill(pid);
  }
}

/**
 * Adds to `known` what is marked or descends from it (by parent or session); answers those that live.
 * Empty where there is no /proc: then only the group is known.
 */
function family(known: Set<number>, wanted: string): readonly number[] {
  const processes = listProc();
  for (const { pid, environment } of processes) if (environment.includes(wanted)) known.add(pid);
  for (let before = -1; before !== known.size;) {
    before = known.size;
    for (const { pid, parent, session } of processes) if (known.has(parent) || known.has(session)) known.add(pid);
  }
  return processes.filter(({ pid }) => known.has(pid)).map(({ pid }) => pid);
}

interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
  readonly environment: readonly string[];
}

function listProc(): readonly ProcessRow[] {
  let names: readonly string[];
  try {
    names = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    try {
      const stat = readFileSync(path.join('/proc', name, 'stat'), 'utf8');
      // The name in parentheses may hold anything; the numbers after it may not.
      const [state, parent, , session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (state === 'Z') return [];
      const environment = readFileSync(path.join('/proc', name, 'environ'), 'utf8').split('\0');
      return [{ pid: Number(name), parent: Number(parent), session: Number(session), environment }];
    } catch {
      // It ended between the listing and the look, or belongs to somebody else.
      return [];
    }
  });
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}

/**
 * A shell that waits for our end, however it comes, and then removes what the stack left: its processes and its folder.
 * `release` ends it without work once everything has been cleaned up properly.
 */
export function startWatchdog(mark: string, folder: string): { release(): void } {
  const script =
    'cat >/dev/null; for i in 1 2 3; do for p in $(grep -lsaF "$1" /proc/[0-9]*/environ | cut -d/ -f3); do kill -9 "$p" 2>/dev/null; done; done; rm -rf "$2"';
  const env = { PATH: process.env['PATH'] ?? '/usr/bin:/bin' };
  const child = spawn('sh', ['-c', script, 'watchdog', `${MARK}=${mark}`, folder], {
    env,
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  child.unref();
  (child.stdin as unknown as { unref?: () => void } | null)?.unref?.();
  return {
    release() {
      child.stdin?.end();
    },
  };
}
