import { TRAILS_SCENARIOS, type TrailsScenario } from '../../examples/trails/create.ts';
import { type Health, readHealth } from '../adapters/service/health.ts';
import { ConfigError } from '../base/errors.ts';
import { journalPath } from '../ledger/codec.ts';
import { holdExit } from '../report/exits.ts';
import type { ItemState } from '../pipeline/state.ts';
import { ADA, type DemoWorld, createDemoWorld } from './demo/world.ts';
import { driveItem } from './drive-item.ts';
import { EXIT } from './exit-code.ts';
import type { LiveView } from './live-view.ts';
import { createPlainView, createTerminalView } from './live-view.ts';
import { moveIssue } from '../adapters/tracker/file.ts';
import { createStory } from './story.ts';
import { type Summary, summarise } from './summary.ts';
import { renderTable } from './table.ts';

export interface DemoCommand {
  readonly scenario?: string;
  readonly json?: boolean;
  readonly keep?: boolean;
}
export interface DemoIo {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly pid: number;
  /** The result. */
  readonly print: (text: string) => void;
  /** Progress. */
  readonly tell: (text: string) => void;
  readonly isTerminal: boolean;
  readonly signal: AbortSignal;
}

/** What `--json` prints. Seconds; `git_s` sums all git processes, of which some run side by side. */
export interface DemoResult {
  readonly item: string;
  readonly stage: string;
  readonly hold: string | null;
  readonly attempts: Readonly<Record<string, number>>;
  readonly gates: Readonly<Record<string, string>>;
  readonly deployed: { readonly url: string; readonly version: string; readonly digest: string } | null;
  readonly wall_s: number;
  readonly git_s: number;
}

const HEALTH_MS = 5000;

/** `conveyor demo`: one work item from the board to production on the local engine; exit code 0 only when it is done. */
export async function demoCommand(options: DemoCommand, io: DemoIo): Promise<number> {
  const scenario = parseScenarioName(options.scenario ?? 'happy');
  const started = performance.now();
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
    log: { debug: quiet, info: quiet, warn: (text) => view.line(`⚠️ ${text}`), error: quiet },
    onGit: (ms) => {
      git.ms += ms;
      git.processes += 1;
    },
    onRun: story.onRun,
    onStep: story.onStep,
  });
  const before = await world.engine.view();
  const item = await play(world, story, view, io.signal);
  await story.look();
  const after = await tellProduction(world, view, 'Production now');
  await view.close();
  if (item === null) return EXIT.negative;
  const result = describe(item, world, after, (performance.now() - started) / 1000, git.ms / 1000);
  const end = await world.engine.view();
  const journal = (await world.engine.git.readFile(end.head, journalPath(item.id)))?.toString() ?? '';
  const commits = (await world.engine.git.firstParents(before.head, end.head)).length;
  for (const line of renderSummary(item, result, summarise(journal), { commits, processes: git.processes })) io.tell(line);
  if (options.keep === true) io.tell(`Kept: ${world.folder} (services run on; npm run demo removes nothing of it)`);
  if (options.json === true) io.print(JSON.stringify(result));
  return item.stage === 'done' ? EXIT.done : EXIT.negative;
}

function parseScenarioName(name: string): TrailsScenario {
  const scenario = TRAILS_SCENARIOS.find((known) => known === name);
  if (scenario === undefined) throw new ConfigError('DEMO_SCENARIO', `--scenario ${name}: there is no such scenario, choose from ${TRAILS_SCENARIOS.join(', ')}`);
  return scenario;
}

/** Ada wants the issue done: she approves what is complete, answers what is asked and confirms the deployment. */
async function play(world: DemoWorld, story: ReturnType<typeof createStory>, view: LiveView, signal: AbortSignal): Promise<ItemState | null> {
  const { engine, issue } = world;
  story.follow(engine, issue);
  await tellProduction(world, view, 'Production before');
  await moveIssue(engine.issues, issue, 'to_analyse', ADA);
  await story.look();
  const ada = {
    name: ADA,
    approves: async () => {
      await story.look();
      return true;
    },
    answers: async () => 'Only the own tracks.',
    confirms: async () => {
      await story.look();
      return true;
    },
  };
  return driveItem(engine, issue, ada, signal);
}

async function tellProduction({ config }: DemoWorld, view: LiveView, what: string): Promise<Health | null> {
  const target = config.deploy.targets.production;
  const health = target === undefined ? null : await readHealth(`${target.url}${target.health}`, HEALTH_MS);
  view.line(health === null ? `🌐 ${what}: no answer` : `🌐 ${what}: ${target?.url} answers ${health.status}, commit ${health.commit?.slice(0, 8)}, ${health.digest?.slice(0, 19)}`);
  return health;
}

function describe(item: ItemState, { config }: DemoWorld, health: Health | null, wall: number, git: number): DemoResult {
  const round = (seconds: number) => Math.round(seconds * 1000) / 1000;
  return {
    item: item.id,
    stage: item.stage,
    hold: item.hold?.code ?? null,
    attempts: { ...item.rounds },
    gates: Object.fromEntries(Object.entries(item.gates).map(([gate, record]) => [gate, record.verdict])),
    deployed: health === null ? null : { url: config.deploy.targets.production?.url ?? '', version: health.commit ?? '', digest: health.digest ?? '' },
    wall_s: round(wall),
    git_s: round(git),
  };
}

function renderSummary(item: ItemState, result: DemoResult, summary: Summary, git: { readonly commits: number; readonly processes: number }): string[] {
  const where = item.hold === null ? `${item.stage}` : `${item.stage}, held: ${item.hold.code}`;
  const rows = summary.stages.map(({ stage, seconds, attempts }) => [stage, `${seconds.toFixed(2)} s`, attempts === 0 ? '' : String(attempts)]);
  return [
    '',
    `${item.id} is in ${where}`,
    ...(item.hold === null ? [] : [`  ${item.hold.text.split('\n')[0] ?? ''}`, `  ${holdExit(item.hold.code, item.stage)}`]),
    '',
    ...renderTable(['stage', 'time', 'runs'], rows),
    '',
    `${git.commits} ledger commits · ${summary.decisions} decisions · ${summary.effects} effects, ${summary.receipts} receipts`,
    `${result.wall_s.toFixed(1)} s in all · ${git.processes} git processes ${result.git_s.toFixed(1)} s · ratio ${(result.wall_s / result.git_s).toFixed(2)}`,
  ];
}
