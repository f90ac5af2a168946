import { TRAILS_SCENARIOS, type TrailsScenario } from '../../examples/trails/create.ts';
import { type Health, readHealth } from '../adapters/service/health.ts';
import { moveIssue } from '../adapters/tracker/file.ts';
import { ConfigError, InternalError } from '../base/errors.ts';
import { journalPath } from '../ledger/codec.ts';
import type { ItemState } from '../pipeline/state.ts';
import { demoResult, renderDemoSummary } from './demo/result.ts';
import { ADA, type DemoWorld, createDemoWorld } from './demo/world.ts';
import { driveItem } from './drive-item.ts';
import { EXIT } from './exit-code.ts';
import type { Io } from './io.ts';
import { type LiveView, createPlainView, createTerminalView } from './live-view.ts';
import { type Story, createStory } from './story.ts';
import { summarise } from './summary.ts';

export interface DemoOptions {
  readonly scenario: string;
  /** The result as one JSON line. */
  readonly json?: boolean;
  /** Leaves repository, records and services where they are. */
  readonly keep?: boolean;
}

const HEALTH_MS = 5000;

/**
 * `conveyor demo`: one work item from the board to production on the local engine. Answers the exit code: 0 only when
 * the item is done. Leaves nothing behind unless `keep`. Throws `ConfigError` DEMO_SCENARIO. spec: delivery §12
 */
export async function demoCommand(options: DemoOptions, io: Io): Promise<number> {
  const scenario = parseScenarioName(options.scenario);
  const startedAt = performance.now();
  const git = { ms: 0, processes: 0 };
  const view = io.isTerminal ? createTerminalView(io.tell) : createPlainView(io.tell);
  const story = createStory(view);
  const quiet = () => {};
  await using world = await createDemoWorld({
    scenario,
    keep: options.keep === true,
    pid: io.pid,
    env: io.env,
    signal: io.signal,
    // The story tells what happens; the log would tell it twice.
    log: { debug: quiet, info: quiet, warn: (text) => view.line(`⚠️ ${text}`), error: quiet },
    onGit: (ms) => {
      git.ms += ms;
      git.processes += 1;
    },
    onRun: story.onRun,
    onStep: story.onStep,
  });
  const { engine } = world;
  const before = await engine.view();
  const item = await play(world, story, view, io.signal);
  await story.look();
  if (io.signal.aborted) {
    await story.close();
    return EXIT.negative;
  }
  const health = await tellProduction(world, view, 'Production now');
  await view.settle();
  if (item === null) throw new InternalError('DEMO_REFUSED', 'the entry gate refused the issue of the demo');

  const end = await engine.view();
  const measured = {
    wallMs: performance.now() - startedAt,
    gitMs: git.ms,
    gitProcesses: git.processes,
    ledgerCommits: (await engine.git.firstParents(before.head, end.head)).length,
  };
  const journal = (await engine.git.readFile(end.head, journalPath(item.id)))?.toString() ?? '';
  for (const line of renderDemoSummary(item, summarise(journal), measured)) io.tell(line);
  if (options.keep === true) for (const line of renderKept(world)) io.tell(line);
  if (options.json === true) io.print(JSON.stringify(demoResult(item, world.config, health, measured)));
  return item.stage === 'done' ? EXIT.done : EXIT.negative;
}

function parseScenarioName(name: string): TrailsScenario {
  const scenario = TRAILS_SCENARIOS.find((known) => known === name);
  if (scenario !== undefined) return scenario;
  const choice = TRAILS_SCENARIOS.join(', ');
  throw new ConfigError('DEMO_SCENARIO', `--scenario ${name}: there is no such scenario, choose from ${choice}`);
}

/** Ada wants the issue done: she approves what is complete, answers what is asked and confirms the deployment. */
async function play(world: DemoWorld, story: Story, view: LiveView, signal: AbortSignal): Promise<ItemState | null> {
  const { engine, issue } = world;
  await story.follow(engine, issue);
  await moveIssue(engine.issues, issue, 'to_analyse', ADA);
  await story.look();
  const ada = {
    name: ADA,
    approves: async () => {
      await world.firstVersion;
      await tellProduction(world, view, 'Production before');
      return true;
    },
    answers: async () => 'Only the own tracks.',
    confirms: async () => true,
  };
  return driveItem(engine, issue, ada, signal);
}

async function tellProduction({ config }: DemoWorld, view: LiveView, what: string): Promise<Health | null> {
  const target = config.deploy.targets.production;
  const health = target === undefined ? null : await readHealth(`${target.url}${target.health}`, HEALTH_MS);
  if (health === null) view.line(`🌐 ${what}: no answer`);
  else {
    const version = `commit ${health.commit?.slice(0, 8) ?? '–'}, ${health.digest?.slice(0, 19) ?? '–'}`;
    view.line(`🌐 ${what}: ${target?.url ?? ''} answers ${health.status}, ${version}`);
  }
  return health;
}

function renderKept({ folder, repository, config }: DemoWorld): string[] {
  const targets = Object.values(config.deploy.targets).map((target) => target?.url ?? '');
  return [
    `Kept: ${folder}`,
    `  repository ${repository}`,
    `  services ${targets.join(' and ')}: end them with kill, their pids are in target/`,
  ];
}
