import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const here = import.meta.dirname;
const GITEA = '1.26.0';
const GITEA_TAGS = 'sqlite sqlite_unlock_notify';

/** The stack cannot be brought up on this machine; `message` is one line: what is missing and how to get it. */
export class StackUnavailable extends Error {
  override readonly name = 'StackUnavailable';
}

export interface Binaries {
  readonly gitea: string;
  /** Folder with templates, options, public; null when the binary carries them (release binaries). */
  readonly giteaRoot: string | null;
  readonly runner: string;
  /** `act_runner` is the official one from PATH, `stack` is tests/stack/runner. */
  readonly runnerKind: 'act_runner' | 'stack';
}

/**
 * Binaries from PATH when they fit, else built by the Go toolchain once and kept in the cache folder, keyed by version.
 * @throws StackUnavailable when neither is possible.
 */
export async function findBinaries(log: (line: string) => void): Promise<Binaries> {
  const cache = process.env['CONVEYOR_STACK_CACHE'] || path.resolve(here, '../../.cache/stack');
  mkdirSync(cache, { recursive: true });
  const foundGitea = await giteaOnPath();
  const foundRunner = await onPath('act_runner');
  const gitea = foundGitea ?? path.join(cache, `gitea-${GITEA}-${process.platform}-${process.arch}`);
  const giteaRoot = foundGitea === null ? path.join(cache, `gitea-${GITEA}-root`) : null;
  const runner = foundRunner ?? path.join(cache, `runner-${runnerDigest()}-${process.platform}-${process.arch}`);
  const complete = () => [gitea, runner, ...(giteaRoot === null ? [] : [giteaRoot])].every((file) => existsSync(file));
  if (!complete()) {
    await using _ = await lock(path.join(cache, 'building'), complete);
    if (giteaRoot !== null && !existsSync(giteaRoot)) await copyGiteaRoot(giteaRoot, log);
    if (!existsSync(gitea)) await buildGitea(gitea, log);
    if (!existsSync(runner)) await buildRunner(runner, log);
  }
  return { gitea, giteaRoot, runner, runnerKind: foundRunner === null ? 'stack' : 'act_runner' };
}

async function onPath(name: string): Promise<string | null> {
  for (const folder of (process.env['PATH'] ?? '').split(path.delimiter)) {
    const file = path.join(folder, name);
    if (folder !== '' && existsSync(file) && statSync(file).isFile()) return file;
  }
  return null;
}

/** Older ones lack what the product builds on, so they are not used. spec: O-FRG-1 */
async function giteaOnPath(): Promise<string | null> {
  const file = await onPath('gitea');
  if (file === null) return null;
  const { stdout } = await run(file, ['--version']).catch(() => ({ stdout: '' }));
  const [, major, minor] = /version (\d+)\.(\d+)/.exec(stdout) ?? [];
  return Number(major) > 1 || (Number(major) === 1 && Number(minor) >= 26) ? file : null;
}

function runnerDigest(): string {
  const hash = createHash('sha256');
  for (const file of [
    ...readdirSync(path.join(here, 'runner')).map((name) => path.join('runner', name)),
    'go.mod',
    'go.sum',
  ].toSorted())
    hash.update(readFileSync(path.join(here, file)));
  return hash.digest('hex').slice(0, 12);
}

async function buildGitea(target: string, log: (line: string) => void): Promise<void> {
  log(`building Gitea ${GITEA} (about 4 minutes on 2 cores, once)`);
  await go(target, ['build', '-tags', GITEA_TAGS, '-ldflags', `-s -w -X main.Version=${GITEA}`], 'code.gitea.io/gitea');
}

async function buildRunner(target: string, log: (line: string) => void): Promise<void> {
  log('building the runner');
  await go(target, ['build'], './runner');
}

/** Builds beside the target and renames, so that nobody ever sees half a binary. */
async function go(target: string, args: readonly string[], what: string): Promise<void> {
  const unfinished = `${target}.${process.pid}`;
  try {
    await goCommand([...args, '-o', unfinished, what]);
    renameSync(unfinished, target);
  } finally {
    rmSync(unfinished, { force: true });
  }
}

async function goCommand(args: readonly string[]): Promise<string> {
  const program = await onPath('go');
  if (program === null)
    throw new StackUnavailable(
      'no Gitea for the tests: put gitea (1.26 or newer) and act_runner on PATH, or install Go 1.26 to have them built',
    );
  try {
    const { stdout } = await run(program, args as string[], { cwd: here, maxBuffer: 64 * 1024 * 1024 });
    return stdout.trim();
  } catch (error) {
    const lines = String((error as { stderr?: unknown }).stderr ?? error)
      .split('\n')
      .map((line) => line.trim());
    const text = lines.find((line) => line !== '' && !line.startsWith('go: downloading'));
    throw new StackUnavailable(
      `building the stack failed (${text}): Go 1.26 and a reachable Go module proxy are needed, or gitea and act_runner on PATH`,
      { cause: error },
    );
  }
}

/** Templates and translations out of the Go module, so that the cache folder alone is enough later. */
async function copyGiteaRoot(target: string, log: (line: string) => void): Promise<void> {
  log('fetching the Gitea module');
  await goCommand(['mod', 'download', 'code.gitea.io/gitea']);
  const module = await goCommand(['list', '-m', '-f', '{{.Dir}}', 'code.gitea.io/gitea']);
  const unfinished = `${target}.${process.pid}`;
  try {
    for (const folder of ['templates', 'options', 'public'])
      copyWritable(path.join(module, folder), path.join(unfinished, folder));
    renameSync(unfinished, target);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

/** A plain copy: the module cache is read-only, and a read-only copy could not be removed. */
function copyWritable(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [path.join(from, entry.name), path.join(to, entry.name)];
    if (entry.isDirectory()) copyWritable(source, target);
    else if (entry.isFile()) {
      copyFileSync(source, target);
      chmodSync(target, 0o644);
    }
  }
}

/** One builder at a time over all processes; a lock whose owner is gone is taken over. */
async function lock(folder: string, done: () => boolean): Promise<AsyncDisposable> {
  for (;;) {
    try {
      mkdirSync(folder);
      writeFileSync(path.join(folder, 'pid'), String(process.pid));
      return {
        async [Symbol.asyncDispose]() {
          rmSync(folder, { recursive: true, force: true });
        },
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    if (done()) return { async [Symbol.asyncDispose]() {} };
    if (!ownerLives(folder)) rmSync(folder, { recursive: true, force: true });
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

function ownerLives(folder: string): boolean {
  try {
    // The owner writes its pid right after making the folder; an empty lock is given a moment.
    if (!existsSync(path.join(folder, 'pid'))) return Date.now() - statSync(folder).mtimeMs < 10_000;
    process.kill(Number(readFileSync(path.join(folder, 'pid'), 'utf8')), 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
