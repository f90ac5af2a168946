// Prints "happy path on the real stack with an instant agent ÷ the same skeleton of runs, jobs and steps with empty
// actions" (design §11), at the runner's default poll and at one second. People act at once: what the board shows is
// watched in memory. The skeleton repeats the runs that the real path just left behind. Round 0 is not counted: a runner
// clones each action once, and forge and disk warm up.
import { TRAILS_ISSUE } from '../../examples/trails/create.ts';
import { type World, buildRelease, createWorld } from '../e2e/world.ts';
import { runsOf } from '../e2e/observe.ts';
import { startStack } from '../stack/stack.ts';
import { type PlanStep, planOf } from './happy/plan.ts';
import { runSkeleton } from './happy/skeleton.ts';
import { median, tellResult } from './report.ts';

const MEASURES = [
  { fetchIntervalS: 2, target: 1.15 },
  { fetchIntervalS: 1, target: 1.35 },
] as const;
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 2);
const NOT_LATER_THAN_MS = 600_000;

for (const { fetchIntervalS, target } of MEASURES) {
  await using stack = await startStack({ fetchIntervalS });
  using release = await buildRelease();
  const real: number[] = [];
  const skeleton: number[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const actions = await stack.publishActions(release.folder);
    let plan: readonly PlanStep[] = [];
    {
      await using world = await createWorld(stack, actions, `happy-${round}`);
      const ms = await walk(world);
      if (round > 0) real.push(ms);
      plan = planOf(await settledRuns(world));
    }
    const ms = await runSkeleton(stack, plan, `skeleton-${round}`);
    if (round === 0) {
      console.log(`chain of ${plan.length} dispatched runs: ${renderPlan(plan)}`);
      continue;
    }
    skeleton.push(ms);
    const [own, bare] = [real.at(-1) ?? 0, skeleton.at(-1) ?? 0];
    console.log(
      `poll ${fetchIntervalS} s, round ${round}: ${seconds(own)} ÷ ${seconds(bare)} = ${(own / bare).toFixed(2)}, ` +
        `${((own - bare) / plan.length).toFixed(0)} ms more per run`,
    );
  }
  const ratio = median(real) / median(skeleton);
  tellResult(`happy path ÷ its skeleton, runner polls every ${fetchIntervalS} s`, ratio, { sign: '≤', value: target });
}

/** From the person's first move to Done on the board, in milliseconds. */
async function walk(world: World): Promise<number> {
  const { plane } = world;
  const issue = plane.createIssue({ name: TRAILS_ISSUE.title, description: TRAILS_ISSUE.description });
  const started = performance.now();
  plane.moveIssue('ada', issue.id, 'To Analyse');
  await shown(world, issue.id, 'In Review');
  plane.moveIssue('ada', issue.id, 'Approved');
  await shown(world, issue.id, 'Awaiting Deploy');
  const digest = (await world.item('ET-1'))?.delivery?.request?.digest ?? '';
  await world.dispatch('conveyor-confirm-deploy.yml', { item: 'ET-1', digest: digest.slice(7, 19) });
  await shown(world, issue.id, 'Done');
  const ms = performance.now() - started;
  const item = await world.item('ET-1');
  if (item?.rounds.review !== 2) throw new Error(`the review was not rejected once: ${JSON.stringify(item?.rounds)}`);
  return ms;
}

async function shown(world: World, issue: string, status: string): Promise<void> {
  const end = performance.now() + NOT_LATER_THAN_MS;
  while (world.plane.stateName(issue) !== status) {
    const now = world.plane.stateName(issue);
    if (now === 'Blocked' || now === 'Needs Input' || performance.now() > end)
      throw new Error(`the board shows ${now}, not ${status}\n${await world.report('ET-1')}`);
    await new Promise((done) => setTimeout(done, 10));
  }
}

/** All runs of the path, the last one ended. */
async function settledRuns(world: World) {
  const [deploy] = await runsOf(world, 'deploy');
  if (deploy !== undefined) await world.stack.forge.waitForRun(world.repository.fullName, deploy.id);
  return world.stack.forge.runs(world.repository.fullName);
}

function renderPlan(plan: readonly PlanStep[]): string {
  return plan
    .map(
      ({ workflow, pushes, waitsForCi }) =>
        `${workflow.slice('conveyor-'.length, -'.yml'.length)}${pushes ? '+ci' : ''}${waitsForCi ? '+event' : ''}`,
    )
    .join(' → ');
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
