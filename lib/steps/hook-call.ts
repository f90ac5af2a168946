import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { HookCall } from '../delivery/hook.ts';
import { type HookSubject, hookDeadline, hookEnvironment } from '../delivery/hook-environment.ts';
import type { Session } from './engine.ts';

export type PreparedHook =
  | { readonly ok: true; readonly call: HookCall; readonly folder: string }
  | { readonly ok: false; readonly text: string };

/** Hooks of main in a folder of this job: a branch's hook never runs with deploy secrets. spec: D-MOD-3 */
export async function exportHooks(session: Session): Promise<string> {
  const { engine, configCommit } = session;
  const folder = join(engine.scratch, 'hooks');
  await mkdir(folder, { recursive: true });
  await engine.git.exportTree(`${configCommit}:.conveyor`, join(folder, '.conveyor'));
  return folder;
}

/** One start of the hook with its whole environment. Not ok when target or secret is missing: nothing may be started. */
export async function prepareHook(
  session: Session,
  folder: string,
  subject: Omit<HookSubject, 'configSha' | 'startedAt'>,
): Promise<PreparedHook> {
  const { engine, config, configCommit } = session;
  const startedAt = engine.clock.now();
  const home = join(engine.scratch, 'home');
  await mkdir(home, { recursive: true });
  const environment = hookEnvironment(
    { ...subject, configSha: configCommit, startedAt },
    config.deploy,
    engine.deploySecrets,
    {
      PATH: engine.env['PATH'] ?? '',
      HOME: home,
      TMPDIR: engine.scratch,
      LANG: 'C.UTF-8',
    },
  );
  if (!environment.ok) return environment;
  return {
    ok: true,
    folder,
    call: {
      file: join(folder, config.deploy.hook),
      cwd: folder,
      env: environment.env,
      secrets: Object.values(engine.deploySecrets),
      deployId: subject.deployId,
      digest: subject.artifact.digest,
      deadline: hookDeadline(startedAt, config.deploy),
      graceMs: config.process.kill_grace_s * 1000,
      signal: engine.stop,
    },
  };
}
