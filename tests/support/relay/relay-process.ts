import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SECRETS } from './recordings.ts';

const program = fileURLToPath(new URL('./relay-program.ts', import.meta.url));

export interface RelayProcess extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
  readonly output: () => string;
  /** Resolves when a line with the text was printed. */
  heard(text: string): Promise<void>;
  /** Sends a signal and resolves with how the process ended. */
  end(signal: NodeJS.Signals): Promise<{ code: number | null; signal: string | null }>;
  signal(signal: NodeJS.Signals): void;
}

export interface RelayProcessOptions {
  readonly directory: string;
  readonly plane: {
    readonly url: string;
    readonly workspace: string;
    readonly project: string;
    readonly token: string;
  };
  readonly forgeUrl: string;
  readonly hangAt?: 'torn' | 'synced';
  /** Largest file in KiB that the process may write (a limit of the kernel). */
  readonly fileKib?: number;
}

export function relayFile(
  { directory, plane, forgeUrl }: RelayProcessOptions,
  change: { readonly prefix?: string; readonly repository?: string } = {},
): string {
  return `version: 1
environment: staging
listen: 127.0.0.1:0
spool: {dir: ${join(directory, 'spool')}}
dispatch: {confirm_s: 5}
trackers: {plane: {url: "${plane.url}", workspace: ${plane.workspace}}}
forges: {gitea: {url: "${forgeUrl}"}}
projects:
  - {tracker: plane, project: ${plane.project}, forge: gitea, repository: ${change.repository ?? 'acme/gpx'}, prefix: ${change.prefix ?? 'ET'}}
`;
}

/** Starts `relay-program.ts` with real files, Plane and forge; resolves when it listens. Ended with its scope. */
export async function startRelayProcess(options: RelayProcessOptions): Promise<RelayProcess> {
  const config = join(options.directory, 'relay.yml');
  writeFileSync(config, relayFile(options));
  const argv = [process.execPath, program, options.hangAt ?? 'nowhere'];
  const limited =
    options.fileKib === undefined ? argv : ['bash', '-c', `ulimit -f ${options.fileKib}; exec "$@"`, 'relay', ...argv];
  const child = spawn(limited[0] ?? '', limited.slice(1), {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'] ?? '',
      CONVEYOR_RELAY_CONFIG: config,
      CONVEYOR_RELAY_TRACKER_TOKEN: options.plane.token,
      CONVEYOR_RELAY_FORGE_TOKEN: 'forge-token',
      CONVEYOR_RELAY_WEBHOOK_SECRET: SECRETS.main,
    },
  });
  let printed = '';
  const listeners = new Set<() => void>();
  const take = (chunk: Buffer) => {
    printed += chunk.toString();
    for (const listener of listeners) listener();
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.on('exit', (code, signal) => resolve({ code, signal }));
  });
  const heard = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (!printed.includes(text)) return;
        listeners.delete(look);
        resolve();
      };
      listeners.add(look);
      void ended.then(() => reject(new Error(`the relay ended before it said "${text}":\n${printed}`)));
      look();
    });
  const end = (signal: NodeJS.Signals) => {
    child.kill(signal);
    return ended;
  };
  await heard('READY ');
  return {
    port: Number(/READY (\d+)/.exec(printed)?.[1]),
    pid: child.pid ?? 0,
    output: () => printed,
    heard,
    end,
    signal: (signal) => void child.kill(signal),
    [Symbol.asyncDispose]: async () => void (await end('SIGKILL')),
  };
}
