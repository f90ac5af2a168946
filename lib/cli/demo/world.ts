import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { TRAILS_ISSUE, type TrailsScenario, createTrails, stopTrails } from '../../../examples/trails/create.ts';
import { seedRepository } from '../../adapters/git/seed.ts';
import { createIssue } from '../../adapters/tracker/file.ts';
import { type LocalEngine, type LocalOptions, createLocalEngine, nodeFolder } from '../../engines/local.ts';
import { CONFIG_PATH } from '../../steps/engine.ts';
import { type Config, parseConfig } from '../../pipeline/config.ts';
import { InternalError } from '../../base/errors.ts';
import { findFreePorts } from './free-ports.ts';
import { installFirstVersion } from './first-version.ts';

export interface DemoOptions extends Pick<LocalOptions, 'env' | 'log' | 'onGit' | 'onRun' | 'onStep'> {
  readonly scenario: TrailsScenario;
  readonly pid: number;
  /** Leaves folder and services where they are at the end. */
  readonly keep: boolean;
  readonly signal: AbortSignal;
}
export interface DemoWorld extends AsyncDisposable {
  readonly folder: string;
  readonly repository: string;
  readonly config: Config;
  readonly engine: LocalEngine;
  /** Number of the issue that Ada created. */
  readonly issue: string;
  /** Resolves when main's version serves in production; it is being brought there while the item starts. */
  readonly firstVersion: Promise<unknown>;
}

export const ADA = 'ada';

/**
 * The demo's small world in a temporary folder: repository, target host with main's version in production, board with
 * one issue, engine. Disposing of it ends the services and removes the folder, also after a failure half-way.
 */
export async function createDemoWorld(options: DemoOptions): Promise<DemoWorld> {
  const { scenario, keep, signal, log } = options;
  await using undo = new AsyncDisposableStack();
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'conveyor-demo-')));
  if (!keep) undo.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const deployRoot = join(folder, 'target');
  const work = join(folder, 'work');
  const repository = join(folder, 'repository.git');
  await mkdir(work);
  // Commands find the same Node as we run on.
  const env = { ...options.env, PATH: `${nodeFolder()}${delimiter}${options.env['PATH'] ?? ''}` };
  const ports = await findFreePorts(options.pid);
  const files = await createTrails({
    folder: work,
    stagingPort: ports.staging,
    productionPort: ports.production,
    deployRoot,
    scenario,
    config: CONFIG,
  });
  const parsed = parseConfig(files.get(CONFIG_PATH)?.toString() ?? '');
  if (!parsed.ok) throw new InternalError('DEMO_CONFIG', parsed.errors.join('; '));
  if (!keep) undo.defer(() => stopTrails(deployRoot));
  const commit = await seedRepository({
    folder: work,
    repository,
    branch: 'main',
    author: { name: 'Ada', email: 'ada@example.test' },
    env,
  });
  const engine = await createLocalEngine({
    ...options,
    repository,
    folder: join(folder, 'engine'),
    mainBranch: 'main',
    env,
    log,
  });
  undo.use(engine);
  const firstVersion = installFirstVersion({
    folder: work,
    commit,
    git: engine.git,
    config: parsed.config,
    env,
    clock: engine.clock,
    signal,
  });
  // Whoever waits for it hears of a failure; the end waits for it in any case.
  undo.defer(() => Promise.allSettled([firstVersion]).then(() => undefined));
  const issue = await createIssue(engine.issues, TRAILS_ISSUE, ADA);
  const owned = undo.move();
  return {
    folder,
    repository,
    config: parsed.config,
    engine,
    issue,
    firstVersion,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** What the demo needs besides the repository's own configuration: no forge runs its CI, and tests start without npm. */
const CONFIG = {
  ci: { mode: 'local' },
  tests: {
    command:
      'mkdir -p reports && node --test --test-isolation=none --test-reporter=spec --test-reporter-destination=stdout --test-reporter=junit --test-reporter-destination=reports/junit.xml test/*.test.mjs',
  },
} as const;
