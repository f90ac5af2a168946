import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AgentRuntime } from '../../../lib/adapters/agent/agent-process.ts';
import { createShell } from '../../../lib/adapters/shell/process.ts';
import type { AgentRunSpec } from '../../../lib/ports/agent.ts';

export interface AgentFixture {
  readonly runtime: AgentRuntime;
  /** Folder for whatever the adapter needs: scenario, configuration. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Known to the redactor of the workspace. */
export const SECRET = 's3cr3t-canary-value';
const env = { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LANG: 'C.UTF-8', CI: 'true' };

export interface Workspace extends AgentFixture, AsyncDisposable {
  readonly spec: AgentRunSpec;
  readonly lines: readonly string[];
}

/** Private folders of one run, a prompt and a work tree with one file. Removed with `await using`. */
export async function openWorkspace(): Promise<Workspace> {
  const folder = await mkdtemp(join(tmpdir(), 'conveyor-agent-'));
  const [workdir, home, tmp, out] = ['tree', 'home', 'tmp', 'out'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
    string,
  ];
  for (const path of [workdir, home, tmp]) await mkdir(path);
  await writeFile(join(workdir, 'given.txt'), 'given\n');
  await writeFile(join(folder, 'system.md'), 'You are the developer.');
  await writeFile(join(folder, 'prompt.md'), 'CSV export, please: žluť');
  const lines: string[] = [];
  const note = (text: string): void => void lines.push(text);
  return {
    folder,
    env,
    lines,
    runtime: {
      shell: createShell(),
      clock: {
        now: () => new Date(),
        sleep: (_ms, signal) => new Promise((resolve) => signal?.addEventListener('abort', () => resolve())),
      },
      redact: (text) => text.replaceAll(SECRET, '***'),
      log: { debug: note, info: note, warn: note, error: note },
    },
    spec: {
      runId: 'r-17',
      item: 'ET-12',
      role: 'developer',
      stage: 'development',
      round: 1,
      attempt: 1,
      repair: 0,
      workdir,
      home,
      tmp,
      out,
      systemPromptFile: join(folder, 'system.md'),
      promptFile: join(folder, 'prompt.md'),
      model: 'm-1',
      effort: 'high',
      timeoutS: 20,
      graceS: 0.3,
      env: { ...env, HOME: home, TMPDIR: tmp, CONVEYOR_ITEM: 'ET-12' },
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Aborts as soon as a file holds a text: what happens next does not depend on how fast the machine is. */
export function abortWhenWritten(path: string, text: string): AbortSignal {
  const controller = new AbortController();
  const timer = setInterval(() => {
    if (!existsSync(path) || !readFileSync(path, 'utf8').includes(text)) return;
    clearInterval(timer);
    controller.abort();
  }, 20);
  return controller.signal;
}
