import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { ExternalError } from '../../base/errors.ts';

/** A process that nobody asked for this long ends itself; the next question starts another. */
const IDLE_MS = 5_000;

/** What one answer is, and how many bytes of the output it takes; null = more must come. */
export type TakeAnswer<Answer> = (output: Buffer) => { readonly answer: Answer; readonly length: number } | null;

/** One git process that answers many questions in turn: starting a process for each costs more than the answer. */
export interface Conversation extends AsyncDisposable {
  /** Throws ExternalError GIT_ENDED with git's last words when it ends meanwhile, or after the end. */
  ask<Answer>(input: string | Buffer, take: TakeAnswer<Answer>): Promise<Answer>;
}

interface Question {
  /** Takes the answer from the output and passes it on; null = more must come, else the bytes taken. */
  readonly read: (output: Buffer) => number | null;
  readonly fail: (error: Error) => void;
}

/**
 * The process starts with the first question. One that dies fails its open questions; the next one starts another.
 * Between questions it keeps nobody alive, and it ends with us: its input does. `onRun` is told how long it answered.
 */
export function createConversation(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  onRun: (ms: number) => void = () => {},
): Conversation {
  let running: ReturnType<typeof startProcess> | null = null;
  let isClosed = false;
  return {
    async ask(input, take) {
      if (isClosed) throw new ExternalError('GIT_ENDED', 'the repository is closed', { retryable: false });
      if (running === null) {
        const started = startProcess(args, env, (ms) => {
          if (running === started) running = null;
          if (ms !== null) onRun(ms);
        });
        running = started;
      }
      return running.ask(input, take);
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      await running?.end();
    },
  };
}

/** `onEnd` is told null when it takes no more questions, and how long it answered when it is gone. */
function startProcess(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  onEnd: (ms: number | null) => void,
) {
  const child = spawn('git', args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  const handles = [child, ...[child.stdin, child.stdout, child.stderr].map((pipe) => pipe as unknown as Socket)];
  const questions: Question[] = [];
  let received: Buffer = Buffer.alloc(0);
  let stderr = '';
  let busyMs = 0;
  let askedAt = 0;

  // Told before the input closes, so that no question can follow it into a process that ends.
  const idle = setTimeout(() => {
    onEnd(null);
    child.stdin.end();
  }, IDLE_MS).unref();
  const rest = () => {
    for (const handle of handles) handle.unref();
    idle.refresh();
  };
  rest();

  child.stdout.on('data', (chunk: Buffer) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    for (let question = questions[0]; question !== undefined; question = questions[0]) {
      const length = question.read(received);
      if (length === null) return;
      received = received.subarray(length);
      questions.shift();
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
        fail(new ExternalError('GIT_ENDED', `git ${args[0] ?? ''} ended: ${stderr.trim() || why}`));
      resolve();
    };
    child.once('error', (cause) => finish(cause.message));
    child.once('close', (code, signal) => finish(`exit ${code ?? signal}`));
  });

  return {
    ask: <Answer>(input: string | Buffer, take: TakeAnswer<Answer>) =>
      new Promise<Answer>((answer, fail) => {
        if (questions.length === 0) {
          askedAt = performance.now();
          for (const handle of handles) handle.ref();
        }
        const read = (output: Buffer) => {
          const taken = take(output);
          if (taken === null) return null;
          answer(taken.answer);
          return taken.length;
        };
        questions.push({ read, fail });
        child.stdin.write(input);
      }),
    async end() {
      for (const handle of handles) handle.ref();
      child.stdin.end();
      await ended;
    },
  };
}
