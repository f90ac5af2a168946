import { spawn } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../lib/cli/main.ts', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}
export interface CommandLine extends AsyncDisposable {
  /** Folder that the program takes for the machine's temporary one. */
  readonly temporary: string;
  /** Runs `conveyor <arguments>`; `onOutput` sees both streams so far. */
  run(
    args: readonly string[],
    onOutput?: (text: string, child: { kill(signal: NodeJS.Signals): boolean }) => void,
  ): Promise<Ended>;
  /** What programs left in the temporary folder, and processes that still mention it. */
  leftovers(): Promise<string[]>;
}

/** The program as people start it, in a world whose leftovers can be seen. */
export async function createCommandLine(): Promise<CommandLine> {
  const temporary = await mkdtemp(join(tmpdir(), 'conveyor-cli-'));
  const env = { PATH: `${dirname(process.execPath)}:${process.env['PATH']}`, HOME: temporary, TMPDIR: temporary };
  return {
    temporary,
    run: (args, onOutput) =>
      new Promise((resolve, reject) => {
        const child = spawn(process.execPath, [MAIN, ...args], {
          cwd: temporary,
          env,
          stdio: ['ignore', 'pipe', 'pipe'],
        });
        let stdout = '';
        let stderr = '';
        child.stdout.on('data', (chunk: Buffer) => {
          stdout += chunk.toString();
          onOutput?.(stdout + stderr, child);
        });
        child.stderr.on('data', (chunk: Buffer) => {
          stderr += chunk.toString();
          onOutput?.(stdout + stderr, child);
        });
        child.on('error', reject);
        child.on('close', (code) => resolve({ code, stdout, stderr }));
      }),
    async leftovers() {
      // Node's own cache of compiled code is not ours.
      const files = (await readdir(temporary)).filter((name) => name !== 'node-compile-cache');
      return [...files, ...(await processesThatMention(temporary))];
    },
    [Symbol.asyncDispose]: () => rm(temporary, { recursive: true, force: true, maxRetries: 5 }),
  };
}

async function processesThatMention(text: string): Promise<string[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter(
    (name) => /^\d+$/.test(name) && name !== String(process.pid),
  );
  const commands = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return commands.filter((command) => command.includes(text)).map((command) => command.replaceAll('\0', ' '));
}
