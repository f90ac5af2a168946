import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createShell } from '../../adapters/shell/process.ts';
import { InternalError } from '../../base/errors.ts';
import { buildBundle } from '../../delivery/bundle.ts';
import { type TargetName, deployId, hookDeadline, hookEnvironment } from '../../delivery/hook-environment.ts';
import { deployWithHook } from '../../delivery/hook.ts';
import { buildKey } from '../../delivery/manifest.ts';
import { storeFolder } from '../../delivery/paths.ts';
import { type StoredArtifact, createDirectoryStore } from '../../delivery/store.ts';
import type { Config } from '../../pipeline/config.ts';
import type { Clock } from '../../ports/clock.ts';
import type { GitPort } from '../../ports/git.ts';

/** No work item of the pipeline. */
const FIRST = 'ET-0';

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

/** Brings main's version to staging and production with the repository's own hook, as somebody did before the pipeline came. */
export async function installFirstVersion(first: FirstVersion): Promise<void> {
  const artifact = await storeArtifact(first);
  await Promise.all([install(first, artifact, 'staging'), install(first, artifact, 'production')]);
}

const plainEnvironment = ({ env, folder }: FirstVersion) => ({ PATH: env['PATH'] ?? '', HOME: folder });
const graceMs = ({ config }: FirstVersion) => config.process.kill_grace_s * 1000;

async function storeArtifact(first: FirstVersion): Promise<StoredArtifact> {
  const { folder, commit, git, config, clock } = first;
  const { build, output, timeout_s } = config.deploy.artifact;
  const codeTree = await git.codeTree(commit);
  const file = join(folder, '..', 'first.tar.gz');
  const built = await buildBundle(
    {
      folder,
      build,
      output,
      commit,
      codeTree,
      commitTime: await git.timeOf(commit),
      env: plainEnvironment(first),
      timeoutMs: timeout_s * 1000,
      graceMs: graceMs(first),
      file,
    },
    createShell(),
  );
  if (!built.ok)
    throw new InternalError(
      'DEMO_BUILD',
      `the first version of the service does not build: ${built.text}\n${built.log}`,
    );
  const stored = await createDirectoryStore(storeFolder(config.deploy.root)).put(file, {
    schema: 1,
    item: FIRST,
    kind: 'bundle',
    digest: built.digest,
    size: built.size,
    commit,
    tree: await git.treeOf(commit),
    code_tree: codeTree,
    base: commit,
    build_key: buildKey(codeTree, config.deploy.artifact),
    run: 0,
    created_at: clock.now().toISOString(),
  });
  await rm(file, { force: true });
  return stored;
}

async function install(first: FirstVersion, { ref, manifest }: StoredArtifact, target: TargetName): Promise<void> {
  const { folder, commit, config, clock, signal } = first;
  const { deploy } = config;
  const startedAt = clock.now();
  const id = deployId(FIRST, 1, 1, target);
  const artifact = { ref, digest: manifest.digest, commit, code_tree: manifest.code_tree };
  const environment = hookEnvironment(
    { item: FIRST, pass: 1, deployId: id, target, artifact, configSha: commit, startedAt },
    deploy,
    {},
    plainEnvironment(first),
  );
  if (!environment.ok) throw new InternalError('DEMO_HOOK', environment.text);
  const call = {
    file: join(folder, deploy.hook),
    cwd: folder,
    env: environment.env,
    secrets: [],
    deployId: id,
    digest: manifest.digest,
    deadline: hookDeadline(startedAt, deploy),
    graceMs: graceMs(first),
    signal,
  };
  const outcome = await deployWithHook(call, { shell: createShell(), clock });
  if (outcome.state === 'ok' || signal.aborted) return;
  throw new InternalError(
    'DEMO_HOOK',
    `the first version does not start on ${target}: ${outcome.text}\n${outcome.log}`,
  );
}
