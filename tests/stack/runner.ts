import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Binaries } from './binaries.ts';
import { killMarked, MARK, start, type Started } from './processes.ts';

const run = promisify(execFile);

export const STACK_LABELS = ['conveyor-agent', 'conveyor', 'conveyor-deploy', 'ubuntu-latest'] as const;

export interface RunnerSpec {
  readonly name?: string;
  readonly labels?: readonly string[];
  /** Jobs at the same time. Default 2. */
  readonly capacity?: number;
  /** Added to the environment of the runner, thus of every job. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface Runner {
  readonly name: string;
  readonly labels: readonly string[];
  readonly running: boolean;
  /** Starts the runner again under the same registration. Does nothing while it runs. */
  start(): Promise<void>;
  /** SIGKILL for the runner and everything it started, as when its machine dies. The forge is told nothing. */
  kill9(): Promise<void>;
  readonly logFile: string;
}

interface Surroundings {
  readonly binaries: Binaries;
  readonly url: string;
  /** The runner's own folder: registration, action cache, HOME. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly fetchIntervalS: number;
  registrationToken(): Promise<string>;
}

/** A registered and started runner in host mode with Node 24 first on the PATH of its jobs. */
export async function startRunner(spec: RunnerSpec, around: Surroundings): Promise<Runner> {
  const name = spec.name ?? 'stack';
  const labels = spec.labels ?? STACK_LABELS;
  const logFile = path.join(around.folder, 'runner.log');
  const home = path.join(around.folder, 'home');
  const tools = path.join(around.folder, 'bin');
  for (const folder of [home, tools]) mkdirSync(folder, { recursive: true });
  symlinkSync(node24(), path.join(tools, 'node'));
  const mark = `${around.env[MARK]}-${randomBytes(4).toString('hex')}`;
  // Two marks: the stack's own finds all of its processes, this one only this runner's.
  const env: Record<string, string> = {
    ...around.env,
    ...spec.env,
    [`${MARK}_RUNNER`]: mark,
    HOME: home,
    PATH: [tools, around.env['PATH']].join(path.delimiter),
  };
  const settings = { name, labels: labels.map((label) => `${label}:host`).join(','), capacity: spec.capacity ?? 2 };
  const prepare = around.binaries.runnerKind === 'act_runner' ? prepareActRunner : prepareStackRunner;
  const argv = await prepare(around, settings, env);

  let current: Started | null = null;
  const runner: Runner = {
    name,
    labels,
    logFile,
    get running() {
      return current !== null && current.child.exitCode === null && current.child.signalCode === null;
    },
    async start() {
      if (runner.running) return;
      current = start(argv, { env, cwd: around.folder, output: logFile });
    },
    async kill9() {
      const was = current;
      current = null;
      killMarked(was?.pid ?? null, mark, `${MARK}_RUNNER`);
      await was?.gone;
    },
  };
  await runner.start();
  return runner;
}

type Prepare = (
  around: Surroundings,
  settings: { name: string; labels: string; capacity: number },
  env: Record<string, string>,
) => Promise<readonly [string, ...string[]]>;

const prepareStackRunner: Prepare = async (around, settings) => [
  around.binaries.runner,
  `-instance=${around.url}`,
  `-token=${await around.registrationToken()}`,
  `-name=${settings.name}`,
  `-labels=${settings.labels}`,
  `-state=${around.folder}`,
  `-interval=${around.fetchIntervalS}s`,
  `-capacity=${settings.capacity}`,
];

const prepareActRunner: Prepare = async (around, settings, env) => {
  const config = path.join(around.folder, 'config.yaml');
  const yaml = {
    runner: {
      file: path.join(around.folder, '.runner'),
      capacity: settings.capacity,
      fetch_interval: `${around.fetchIntervalS}s`,
      labels: settings.labels.split(','),
    },
    cache: { enabled: false },
    host: { workdir_parent: path.join(around.folder, 'work') },
  };
  // JSON is YAML.
  writeFileSync(config, JSON.stringify(yaml));
  const register = ['--config', config, 'register', '--no-interactive', '--instance', around.url];
  const identity = ['--token', await around.registrationToken(), '--name', settings.name, '--labels', settings.labels];
  await run(around.binaries.runner, [...register, ...identity], { env, cwd: around.folder });
  return [around.binaries.runner, '--config', config, 'daemon'];
};

/** The Node of the development dependencies, so that the jobs run on what the product is built for. */
function node24(): string {
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath;
  const file = path.join(path.dirname(createRequire(import.meta.url).resolve('node/package.json')), 'bin', 'node');
  if (!existsSync(file)) throw new Error('Node 24 for the jobs is missing: run npm ci');
  return file;
}
