import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createShell } from '../../adapters/shell/process.ts';
import { InternalError } from '../../base/errors.ts';
import { buildBundle } from '../../delivery/bundle.ts';
import { deployId, hookDeadline, hookEnvironment } from '../../delivery/hook-environment.ts';
import { deployWithHook } from '../../delivery/hook.ts';
import { buildKey } from '../../delivery/manifest.ts';
import { storeFolder } from '../../delivery/paths.ts';
import { createDirectoryStore } from '../../delivery/store.ts';
import type { Config } from '../../pipeline/config.ts';
import type { Clock } from '../../ports/clock.ts';
import type { GitPort } from '../../ports/git.ts';

export interface FirstVersion {
  /** Work folder with the files of the commit. */
  readonly folder: string;
  readonly commit: string;
  readonly git: GitPort;
  readonly config: Config;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Brings main's version to production with the repository's own hook, as it would run before the pipeline came; answers its digest. */
export async function installFirstVersion({
  folder,
  commit,
  git,
  config,
  env,
  clock,
  signal,
}: FirstVersion): Promise<string> {
  const shell = createShell();
  const { deploy, process } = config;
  const codeTree = await git.codeTree(commit);
  const file = join(folder, '..', 'first.tar.gz');
  const plain = { PATH: env['PATH'] ?? '', HOME: folder };
  const graceMs = process.kill_grace_s * 1000;
  const { build, output, timeout_s } = deploy.artifact;
  const commitTime = await git.timeOf(commit);
  const built = await buildBundle(
    { folder, build, output, commit, codeTree, commitTime, env: plain, timeoutMs: timeout_s * 1000, graceMs, file },
    shell,
  );
  if (!built.ok)
    throw new InternalError(
      'DEMO_BUILD',
      `the first version of the demo's service does not build: ${built.text}\n${built.log}`,
    );
  const { digest, size } = built;
  const stored = await createDirectoryStore(storeFolder(deploy.root)).put(file, {
    schema: 1,
    item: 'ET-0',
    kind: 'bundle',
    digest,
    size,
    commit,
    tree: await git.treeOf(commit),
    code_tree: codeTree,
    base: commit,
    build_key: buildKey(codeTree, deploy.artifact),
    run: 0,
    created_at: clock.now().toISOString(),
  });
  await rm(file, { force: true });
  const startedAt = clock.now();
  const id = deployId('ET-0', 1, 1, 'production');
  const artifact = { ref: stored.ref, digest, commit, code_tree: codeTree };
  const subject = {
    item: 'ET-0',
    pass: 1,
    deployId: id,
    target: 'production',
    artifact,
    configSha: commit,
    startedAt,
  } as const;
  const environment = hookEnvironment(subject, deploy, {}, plain);
  if (!environment.ok) throw new InternalError('DEMO_HOOK', environment.text);
  const call = {
    file: join(folder, deploy.hook),
    cwd: folder,
    env: environment.env,
    secrets: [],
    deployId: id,
    digest,
    deadline: hookDeadline(startedAt, deploy),
    graceMs,
    signal,
  };
  const outcome = await deployWithHook(call, { shell, clock });
  if (outcome.state !== 'ok')
    throw new InternalError('DEMO_HOOK', `the first version does not start: ${outcome.text}\n${outcome.log}`);
  return digest;
}
