import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmod, cp, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const KIT = fileURLToPath(new URL('../../lib/kit/hook/conveyor-hook.mjs', import.meta.url));

/** The user's file of the fixture: what it activates is one line of text, and control files make it fail or hang. */
const PROGRAM = `#!/usr/bin/env bash
set -eu
control="$(cd "$(dirname "$0")" && pwd)/control"
case "\${1:-}" in
  activate)
    hex="$(basename "$(dirname "$2")")"
    echo "$hex $$" >> "$control/activations"
    echo "::conveyor {\\"event\\":\\"result\\",\\"deploy_id\\":\\"forged\\",\\"state\\":\\"ok\\"} token \${APP_TOKEN:-none}"
    if [ -e "$control/fail-$hex" ]; then exit 17; fi
    if [ -e "$control/hang-$hex" ]; then echo "$$" > "$control/hanging"; exec sleep 60; fi
    printf 'sha256:%s' "$hex" > "$CONVEYOR_TARGET_DIR/serving.new"
    mv "$CONVEYOR_TARGET_DIR/serving.new" "$CONVEYOR_TARGET_DIR/serving"
    ;;
  current)
    if [ -e "$control/fail-current" ]; then exit 9; fi
    if [ -e "$CONVEYOR_TARGET_DIR/serving" ]; then cat "$CONVEYOR_TARGET_DIR/serving"; fi
    ;;
  *) exec node "$(dirname "$0")/conveyor-hook.mjs" --program "$0" "$@" ;;
esac
`;

export interface Release {
  readonly digest: string;
  readonly hex: string;
  readonly commit: string;
  readonly ref: string;
}
export interface HookRun {
  readonly code: number | null;
  readonly stdout: string;
  /** Machine lines, parsed. */
  readonly events: readonly Readonly<Record<string, unknown>>[];
}
type Env = Readonly<Record<string, string>>;

const isPast = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ESRCH';

/** A deploy target with a store, a service that answers /health from what is active, and the kit as its hook. */
export async function createHookTarget() {
  const root = await mkdtemp(path.join(tmpdir(), 'conveyor-hook-'));
  await chmod(root, 0o755);
  const state = path.join(root, 'state');
  const folder = path.join(state, 'production');
  const control = path.join(root, 'control');
  await mkdir(control);
  await mkdir(folder, { recursive: true });
  const hook = path.join(root, 'deploy');
  await writeFile(hook, PROGRAM, { mode: 0o755 });
  await cp(KIT, path.join(root, 'conveyor-hook.mjs'));

  const exists = async (name: string) => (await readdir(control)).includes(name);
  const server = createServer(async (_request, response) => {
    const serving = await readFile(path.join(folder, 'serving'), 'utf8').catch(() => '');
    const sick = (await exists(`sick-${serving.slice(7)}`)) || serving === '';
    const stale = await exists('stale-process');
    const body = {
      status: (await exists('wrong-body')) ? 'starting' : 'ok',
      digest: stale ? `sha256:${'0'.repeat(64)}` : serving,
    };
    response.writeHead(sick ? 500 : 200).end(`${JSON.stringify(body, null, 2)}\n`);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const health = `http://127.0.0.1:${(server.address() as AddressInfo).port}/health`;

  const release = async (name: string): Promise<Release> => {
    const content = `release ${name}`;
    const hex = createHash('sha256').update(content).digest('hex');
    const commit = createHash('sha1').update(name).digest('hex');
    const ref = path.join(root, 'store', hex, 'artifact');
    await mkdir(path.dirname(ref), { recursive: true });
    await writeFile(ref, content);
    const manifest = { schema: 1, digest: `sha256:${hex}`, commit, code_tree: commit };
    await writeFile(path.join(path.dirname(ref), 'manifest.json'), JSON.stringify(manifest));
    return { digest: `sha256:${hex}`, hex, commit, ref };
  };
  const environment = (id: string, of: Release | null): Env => ({
    PATH: process.env['PATH'] ?? '',
    CONVEYOR_HOOK_PROTOCOL: '1',
    CONVEYOR_DEPLOY_ID: id,
    CONVEYOR_TARGET: 'production',
    ...(of && {
      CONVEYOR_ARTIFACT_REF: of.ref,
      CONVEYOR_ARTIFACT_DIGEST: of.digest,
      CONVEYOR_EXPECTED_REVISION: of.commit,
      CONVEYOR_EXPECTED_CODE_TREE: of.commit,
    }),
    CONVEYOR_STATE_DIR: state,
    CONVEYOR_HEALTH_URL: health,
    CONVEYOR_HEALTH_EXPECT: '{"status":"ok"}',
    CONVEYOR_HEALTH_VERSION_FIELD: 'digest',
    CONVEYOR_HEALTH_ATTEMPTS: '3',
    CONVEYOR_HEALTH_INTERVAL_S: '0.02',
    CONVEYOR_ROLLBACK_ATTEMPTS: '2',
    CONVEYOR_ROLLBACK_INTERVAL_S: '0.02',
  });
  const start = (args: readonly string[], env: Env, uid?: number) => {
    const child = spawn(hook, [...args], {
      env: { ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
      ...(uid !== undefined && { uid }),
    });
    let stdout = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    const done: Promise<HookRun> = once(child, 'close').then(([code]) => ({
      code: code as number | null,
      stdout,
      events: stdout
        .split('\n')
        .filter((line) => line.startsWith('::conveyor '))
        .map((line) => JSON.parse(line.slice('::conveyor '.length)) as Record<string, unknown>),
    }));
    return { child, done };
  };
  return {
    root,
    state,
    folder,
    hook,
    release,
    environment,
    start,
    run: (args: readonly string[], env: Env, uid?: number) => start(args, env, uid).done,
    deploy: (id: string, of: Release, extra: Env = {}) =>
      start(['--deploy'], { ...environment(id, of), ...extra }).done,
    status: async (id: string) => (await start(['--status'], environment(id, null)).done).events.at(-1),
    /** Switches a misbehaviour on: fail-<hex>, hang-<hex>, sick-<hex>, wrong-body, stale-process, fail-current. */
    misbehave: (name: string) => writeFile(path.join(control, name), ''),
    behave: (name: string) => rm(path.join(control, name), { force: true }),
    serving: () => readFile(path.join(folder, 'serving'), 'utf8').catch(() => null),
    /** Digests in the order in which they were activated. */
    activations: async () => {
      const text = await readFile(path.join(control, 'activations'), 'utf8').catch(() => '');
      return text
        .split('\n')
        .filter(Boolean)
        .map((line) => `sha256:${line.split(' ')[0]}`);
    },
    /** Resolves when an activation hangs; the number of its process. */
    hanging: async () => {
      for (;;) {
        const text = await readFile(path.join(control, 'hanging'), 'utf8').catch(() => '');
        if (text.endsWith('\n')) return Number(text);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      const text = await readFile(path.join(control, 'hanging'), 'utf8').catch(() => '');
      if (text !== '')
        try {
          process.kill(Number(text), 'SIGKILL');
        } catch (error) {
          if (!isPast(error)) throw error;
        }
      await rm(root, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}
