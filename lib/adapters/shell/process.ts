import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as delay } from 'node:timers/promises';
import { errorText } from '../../base/errors.ts';
import type { ShellPort, ShellResult, ShellSpec } from '../../ports/shell.ts';
import { setDeadMan } from './dead-man.ts';
import { closeInput, openInput } from './input.ts';
import type { ProcessTree } from './process-tree.ts';
import { endTree, killNow, killTree, openTree, RUN_MARK } from './process-tree.ts';
import { createTail } from './tail.ts';

const OUTPUT_BYTES = 64 * 1024;
const STDOUT_BYTES = 1024 * 1024;
/** Longest delay of a timer; a longer one would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;
/** How long closed-down pipes may take to deliver what is still in them. */
const DRAIN_MS = 1000;

type Child = ChildProcessByStdio<null, Readable, Readable>;

/** Trees of running children: what is still here when this process exits is killed on the way out. spec: AG-TIME-4 */
const live = new Set<ProcessTree>();
const killLive = (): void => {
  for (const tree of live) killNow(tree);
};

/** Runs programs in process groups of their own and leaves nothing of them behind. spec: G-GEN-12, AG-TIME-3 */
export function createShell(): ShellPort {
  if (!process.listeners('exit').includes(killLive)) process.on('exit', killLive);
  return { run: runProcess };
}

async function runProcess(spec: ShellSpec): Promise<ShellResult> {
  const start = performance.now();
  const output = createTail(OUTPUT_BYTES);
  const stdout = createTail(STDOUT_BYTES);
  const notStarted = (ended: 'aborted' | 'spawn', text: string): ShellResult => ({
    code: null,
    signal: null,
    ended,
    output: text,
    stdout: '',
    durationMs: performance.now() - start,
  });

  if (spec.signal?.aborted === true) return notStarted('aborted', 'stopped before it started');
  const mark = randomUUID();
  let child: Child;
  try {
    child = spawnChild(spec, mark);
  } catch (thrown) {
    return notStarted('spawn', cannotStart(spec, thrown));
  }
  const failed = new Promise<unknown>((resolve) => child.once('error', resolve));
  if (child.pid === undefined) return notStarted('spawn', cannotStart(spec, await failed));

  const tree = openTree(child.pid, mark);
  live.add(tree);
  const release = setDeadMan(child.pid, mark);
  const exited = new Promise<{ code: number | null; signal: string | null }>((resolve) =>
    child.once('exit', (code, signal) => resolve({ code, signal })),
  );
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  listen(child, spec, (chunk, stream) => {
    output.push(chunk);
    if (stream === 'stdout') stdout.push(chunk);
  });

  let ended: 'timeout' | 'aborted' | null = null;
  const stopped = Promise.withResolvers<void>();
  const stop = (why: 'timeout' | 'aborted') => (): void => {
    ended ??= why;
    stopped.resolve();
  };
  const onAbort = stop('aborted');
  const timer = setTimeout(stop('timeout'), Math.min(spec.timeoutMs, MAX_TIMER_MS));
  spec.signal?.addEventListener('abort', onAbort, { once: true });

  await Promise.race([exited, stopped.promise]);
  clearTimeout(timer);
  spec.signal?.removeEventListener('abort', onAbort);
  const mainExit = exited.then(() => undefined);
  const survivors = ended === null ? await killTree(tree) : await endTree(tree, spec.graceMs, mainExit);
  const exit = await Promise.race([exited, delay(DRAIN_MS, { code: null, signal: null }, { ref: false })]);
  await Promise.race([closed, delay(DRAIN_MS, undefined, { ref: false })]);
  child.stdout.destroy();
  child.stderr.destroy();
  live.delete(tree);
  release();
  return {
    ...exit,
    ended,
    output: output.text(),
    stdout: stdout.text(),
    durationMs: performance.now() - start,
    ...(survivors.length > 0 ? { survivors } : {}),
  };
}

function spawnChild(spec: ShellSpec, mark: string): Child {
  const [program, ...args] = spec.argv;
  if (program === undefined || program === '') throw new TypeError('argv is empty');
  const outer = spec.env[RUN_MARK];
  const env = { ...spec.env, [RUN_MARK]: outer === undefined ? mark : `${outer}/${mark}` };
  const input = spec.input === undefined ? null : openInput(spec.input);
  try {
    return spawn(program, args, {
      cwd: spec.cwd,
      env,
      detached: true,
      stdio: [input ?? 'ignore', 'pipe', 'pipe'],
    }) as Child;
  } finally {
    if (input !== null) closeInput(input);
  }
}

function cannotStart(spec: ShellSpec, thrown: unknown): string {
  return `${spec.argv[0] ?? '(no program)'} could not be started in ${spec.cwd}: ${errorText(thrown)}`;
}

function listen(child: Child, spec: ShellSpec, keep: (chunk: Buffer, stream: 'stdout' | 'stderr') => void): void {
  let told = spec.onOutput;
  const tell = (text: string, stream: 'stdout' | 'stderr'): void => {
    if (text === '' || told === undefined) return;
    try {
      told(text, stream);
    } catch (thrown) {
      told = undefined;
      keep(Buffer.from(`\n[reader of the output failed: ${errorText(thrown)}]\n`), 'stderr');
    }
  };
  for (const stream of ['stdout', 'stderr'] as const) {
    // Chunks end anywhere, characters must not.
    const decoder = new StringDecoder('utf8');
    child[stream].on('data', (chunk: Buffer) => {
      keep(chunk, stream);
      tell(decoder.write(chunk), stream);
    });
    child[stream].on('end', () => tell(decoder.end(), stream));
  }
}
