import { cp, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { createShell } from '../../lib/adapters/shell/process.ts';
import { ConfigError, ExternalError } from '../../lib/base/errors.ts';
import { stateFolder } from '../../lib/delivery/paths.ts';
import { parseConfig } from '../../lib/pipeline/config.ts';

const at = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const REPOSITORY = at('repository');
const SCENARIOS = at('scenarios');
const KIT = at('../../lib/kit/hook/conveyor-hook.mjs');

/** What the scripted agents of the demo repository do: files of scenarios/. */
export const TRAILS_SCENARIOS = ['happy', 'question', 'sick-production', 'sick-staging', 'broken-tests'] as const;
export type TrailsScenario = (typeof TRAILS_SCENARIOS)[number];

export interface ConfigTree {
  readonly [key: string]: ConfigTree | string | number | boolean | readonly (string | number)[];
}
export interface TrailsOptions {
  /** Existing folder, empty or a fresh work tree; the files are written there. */
  readonly folder: string;
  readonly stagingPort: number;
  readonly productionPort: number;
  /** Absolute folder that plays the target host: store, state, releases. */
  readonly deployRoot: string;
  readonly scenario?: TrailsScenario;
  /** Merged over the generated `.conveyor/config.yml`, key by key. */
  readonly config?: ConfigTree;
}

/** The issue the scenarios are about. */
export const TRAILS_ISSUE = {
  title: 'CSV export of tracks',
  description: 'As a user I want to download my tracks as CSV so that I can open them in a spreadsheet.',
} as const;

/**
 * Writes the demo repository and answers its files by path. Nothing is written when the configuration would be invalid:
 * throws `ConfigError` TRAILS_CONFIG. spec: delivery §12
 */
export async function createTrails(options: TrailsOptions): Promise<ReadonlyMap<string, Buffer>> {
  const config = stringify(merge(renderConfig(options), options.config ?? {}), { lineWidth: 0 });
  const parsed = parseConfig(config);
  if (!parsed.ok)
    throw new ConfigError('TRAILS_CONFIG', `the demo's configuration is not valid: ${parsed.errors.join('; ')}`);
  const conveyor = path.join(options.folder, '.conveyor');
  await cp(REPOSITORY, options.folder, { recursive: true });
  await cp(KIT, path.join(conveyor, 'hooks/conveyor-hook.mjs'));
  await cp(path.join(SCENARIOS, `${options.scenario ?? 'happy'}.yml`), path.join(conveyor, 'scenario.yml'));
  await cp(path.join(SCENARIOS, 'fixtures'), path.join(conveyor, 'fixtures'), { recursive: true });
  await mkdir(conveyor, { recursive: true });
  await writeFile(path.join(conveyor, 'config.yml'), config);
  return readFiles(options.folder);
}

/** Ends the services of both targets, by the pid each of them wrote; no service is not an error. */
export async function stopTrails(deployRoot: string): Promise<void> {
  await Promise.all(['staging', 'production'].map((target) => stopTarget(deployRoot, target)));
}

async function stopTarget(deployRoot: string, target: string): Promise<void> {
  const ran = await createShell().run({
    argv: [
      process.execPath,
      path.join(REPOSITORY, '.conveyor/hooks/target.mjs'),
      'stop',
      path.join(stateFolder(deployRoot), target),
    ],
    cwd: REPOSITORY,
    env: { PATH: process.env['PATH'] ?? '' },
    timeoutMs: 15_000,
    graceMs: 1000,
  });
  if (ran.code !== 0)
    throw new ExternalError('TRAILS_STOP', `the ${target} service does not stop: ${ran.output.trim()}`);
}

function renderConfig({ stagingPort, productionPort, deployRoot }: TrailsOptions): ConfigTree {
  const target = (port: number): ConfigTree => ({
    url: `http://127.0.0.1:${port}`,
    health: '/health',
    expect: { status: 'ok' },
    version_field: 'digest',
  });
  return {
    version: 1,
    project: { prefix: 'ET', name: 'Trails' },
    tracker: { kind: 'file' },
    agents: { adapter: 'scripted' },
    tests: { command: 'npm test', timeout_s: 120, junit: ['reports/junit.xml'] },
    deploy: {
      provider: 'command',
      root: deployRoot,
      // The build copies files, so it needs no install step.
      artifact: { build: 'node build.mjs', output: 'dist', timeout_s: 120 },
      timeout_s: 150,
      targets: { staging: target(stagingPort), production: target(productionPort) },
      health: { attempts: 10, interval_s: 0.2, timeout_s: 5, rollback_attempts: 10, rollback_interval_s: 0.2 },
      staging: { suite: '.conveyor/hooks/staging-suite', timeout_s: 60 },
    },
  };
}

const isTree = (value: ConfigTree[string] | undefined): value is ConfigTree =>
  typeof value === 'object' && !Array.isArray(value);

function merge(base: ConfigTree, over: ConfigTree): ConfigTree {
  const merged = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const below = base[key];
    merged[key] = isTree(value) && isTree(below) ? merge(below, value) : value;
  }
  return merged;
}

async function readFiles(folder: string): Promise<ReadonlyMap<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const name = path.relative(folder, path.join(entry.parentPath, entry.name));
    if (entry.isFile() && !name.startsWith(`.git${path.sep}`)) files.set(name, await readFile(path.join(folder, name)));
  }
  return files;
}
