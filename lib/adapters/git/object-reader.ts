import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { ExternalError } from '../../base/errors.ts';

export interface GitObject {
  readonly id: string;
  readonly type: string;
  readonly content: Buffer;
}

/** Names are whatever git resolves to one object: ids, refs, `<commit>:<path>`, `<commit>^{tree}`. */
export interface ObjectReader extends AsyncDisposable {
  /** null = there is no such object. Throws ExternalError GIT_READER when git ends meanwhile, or after the end. */
  read(name: string): Promise<GitObject | null>;
  /** Id of what a name means now; null = nothing. */
  resolve(name: string): Promise<string | null>;
}

/** A process that nobody asked for this long ends itself; the next question starts another. */
const IDLE_MS = 5_000;

interface Question {
  readonly hasContent: boolean;
  readonly answer: (object: GitObject | null) => void;
  readonly fail: (error: Error) => void;
}

/**
 * One git process that answers all reads of a repository: starting a process for each costs more than the read. Refs
 * are resolved at the time of the question. A process that dies fails its open questions; the next one starts another.
 * Between questions it keeps nobody alive, and it ends with us: its input does.
 */
export function createObjectReader(
  env: Readonly<Record<string, string>>,
  onRun: (ms: number) => void = () => {},
): ObjectReader {
  let running: ReturnType<typeof startProcess> | null = null;
  let isClosed = false;
  const ask = (verb: 'contents' | 'info', name: string): Promise<GitObject | null> => {
    // A name of several lines would be several questions.
    if (/[\n\0]/.test(name)) return Promise.resolve(null);
    if (isClosed)
      return Promise.reject(new ExternalError('GIT_READER', 'the repository is closed', { retryable: false }));
    if (running === null) {
      const started = startProcess(env, (ms) => {
        if (running === started) running = null;
        onRun(ms);
      });
      running = started;
      started.onIdle(() => {
        if (running === started) running = null;
      });
    }
    return running.ask(verb, name);
  };
  return {
    read: (name) => ask('contents', name),
    resolve: async (name) => (await ask('info', name))?.id ?? null,
    async [Symbol.asyncDispose]() {
      isClosed = true;
      await running?.end();
    },
  };
}

function startProcess(env: Readonly<Record<string, string>>, onEnd: (ms: number) => void) {
  const child = spawn('git', ['cat-file', '--batch-command'], { env, stdio: ['pipe', 'pipe', 'pipe'] });
  const questions: Question[] = [];
  const handles = [child, child.stdin as unknown as Socket, child.stdout as unknown as Socket];
  handles.push(child.stderr as unknown as Socket);
  let retire = (): void => {};
  // Told before the input closes, so that no question can follow it into a process that ends.
  const idle = setTimeout(() => {
    retire();
    child.stdin.end();
  }, IDLE_MS).unref();
  const rest = () => {
    for (const handle of handles) handle.unref();
    idle.refresh();
  };
  rest();
  let received: Buffer = Buffer.alloc(0);
  let stderr = '';
  let busyMs = 0;
  let askedAt = 0;

  child.stdout.on('data', (chunk: Buffer) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    for (let question = questions[0]; question !== undefined; question = questions[0]) {
      const taken = takeAnswer(received, question.hasContent);
      if (taken === null) return;
      received = received.subarray(taken.length);
      questions.shift();
      question.answer(taken.object);
    }
    rest();
    busyMs += performance.now() - askedAt;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString()).slice(-2000);
  });
  child.stdin.on('error', () => {});
  const ended = new Promise<void>((resolve) => {
    const finish = (why: string) => {
      clearTimeout(idle);
      onEnd(busyMs);
      for (const { fail } of questions.splice(0))
        fail(new ExternalError('GIT_READER', `git cat-file ended: ${stderr.trim() || why}`));
      resolve();
    };
    child.once('error', (cause) => finish(cause.message));
    child.once('close', (code, signal) => finish(`exit ${code ?? signal}`));
  });

  return {
    ask: (verb: 'contents' | 'info', name: string) =>
      new Promise<GitObject | null>((answer, fail) => {
        if (questions.length === 0) {
          askedAt = performance.now();
          for (const handle of handles) handle.ref();
        }
        questions.push({ hasContent: verb === 'contents', answer, fail });
        child.stdin.write(`${verb} ${name}\n`);
      }),
    onIdle(listener: () => void) {
      retire = listener;
    },
    async end() {
      for (const handle of handles) handle.ref();
      child.stdin.end();
      await ended;
    },
  };
}

/** The first complete answer of the buffer and how many bytes it takes; null = more must come. */
function takeAnswer(
  buffer: Buffer,
  hasContent: boolean,
): { readonly object: GitObject | null; readonly length: number } | null {
  const end = buffer.indexOf(10);
  if (end < 0) return null;
  const match = /^([0-9a-f]{40,64}) (\w+) (\d+)$/.exec(buffer.toString('utf8', 0, end));
  if (match === null) return { object: null, length: end + 1 };
  const [, id = '', type = '', size = '0'] = match;
  if (!hasContent) return { object: { id, type, content: Buffer.alloc(0) }, length: end + 1 };
  const length = end + 1 + Number(size) + 1;
  if (buffer.length < length) return null;
  return { object: { id, type, content: Buffer.from(buffer.subarray(end + 1, length - 1)) }, length };
}
