import { readFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';
import type { TrailsScenario } from '../../examples/trails/create.ts';
import type { StackRun } from '../stack/forge-client.ts';
import type { World } from './world.ts';

/** Runs of `conveyor-<name>.yml` in a world's repository, newest first. */
export async function runsOf(world: World, name: string): Promise<readonly StackRun[]> {
  const all = await world.stack.forge.runs(world.repository.fullName);
  return all.filter((run) => run.workflow === `conveyor-${name}.yml`);
}

/** Repeats a look from outside until it finds something; fails with the item's state and the last runs. */
export async function untilSeen<T>(
  world: World,
  what: string,
  look: () => Promise<T | null | undefined | false>,
  timeoutS = 300,
): Promise<T> {
  const end = Date.now() + timeoutS * 1000;
  for (;;) {
    const seen = await look();
    if (seen !== null && seen !== undefined && seen !== false) return seen;
    if (Date.now() > end) throw new Error(`${what}: not within ${timeoutS} s\n${await world.report('ET-1')}`);
    await new Promise((done) => setTimeout(done, 400));
  }
}

/** Waits for the end of a run and answers its conclusion and its log. */
export async function ended(
  world: World,
  run: number,
  timeoutS = 300,
): Promise<{ conclusion: string | null; log: string }> {
  const { fullName } = world.repository;
  const { conclusion } = await world.stack.forge.waitForRun(fullName, run, { timeoutS });
  return { conclusion, log: await world.stack.forge.runLog(fullName, run) };
}

/** Nothing runs or waits in the world's repository any more. */
export async function quiet(world: World, timeoutS = 300): Promise<void> {
  const { fullName } = world.repository;
  const idle = async () => (await world.stack.forge.runs(fullName)).every((run) => run.status === 'completed');
  await untilSeen(world, 'all runs ended', idle, timeoutS);
}

/** Reconciles now, as the clock would, and answers when that run has ended green. */
export async function reconcileNow(world: World): Promise<void> {
  const { conclusion, log } = await ended(world, await world.dispatch('conveyor-reconcile.yml', {}));
  if (conclusion !== 'success') throw new Error(`the reconcile run ended ${conclusion}\n${log}`);
}

export interface BranchCommit {
  readonly sha: string;
  readonly message: string;
}
/** Commits of the item's branch that main does not have, newest first, by the forge. */
export async function commitsOf(world: World, branch: string): Promise<readonly BranchCommit[]> {
  const { commits } = await world.stack.forge.call<{
    commits: readonly { sha: string; commit: { message: string } }[];
  }>('GET', `/repos/${world.repository.fullName}/compare/main...${encodeURIComponent(branch)}`);
  return commits.map(({ sha, commit }) => ({ sha, message: commit.message }));
}

/** Names of the branches of the world's repository that begin so. */
export async function branchesOf(world: World, prefix: string): Promise<readonly string[]> {
  const path = `/repos/${world.repository.fullName}/branches?limit=50`;
  const branches = await world.stack.forge.call<readonly { name: string }[]>('GET', path);
  return branches.map(({ name }) => name).filter((name) => name.startsWith(prefix));
}

/** Newest state of each context of a commit. */
export async function statusesOf(world: World, sha: string): Promise<Readonly<Record<string, string>>> {
  const { statuses } = await world.stack.forge.call<{
    statuses: readonly { context: string; status: string }[] | null;
  }>('GET', `/repos/${world.repository.fullName}/commits/${sha}/status?limit=50`);
  return Object.fromEntries((statuses ?? []).map(({ context, status }) => [context, status]));
}

/** Journal lines of one event. */
export async function linesOf(world: World, id: string, event: string) {
  return (await world.journal(id)).filter((line) => line.event === event);
}

/** Text of the issue's comments on the board, markup removed. */
export function boardText(world: World, issue: string): string {
  return world.plane
    .comments(issue)
    .map((comment) => JSON.stringify(comment))
    .join('\n');
}

export interface ScenarioStep {
  match: { item?: string; role?: string; round?: number };
  expect?: { prompt_has?: string[]; files?: string[] };
  do: unknown[];
  [key: string]: unknown;
}
/** A shipped scenario with changes. */
export function scenarioWith(name: TrailsScenario, change: (steps: ScenarioStep[]) => ScenarioStep[]): string {
  const file = new URL(`../../examples/trails/scenarios/${name}.yml`, import.meta.url);
  const { version, steps } = parse(readFileSync(file, 'utf8')) as { version: number; steps: ScenarioStep[] };
  return stringify({ version, steps: change(steps) }, { lineWidth: 0 });
}

/** Changes the step of a role (and round) of a scenario. */
export const onStep =
  (role: string, round: number | undefined, change: (step: ScenarioStep) => void) => (steps: ScenarioStep[]) => {
    const found = steps.filter((step) => step.match.role === role && step.match.round === round);
    if (found.length !== 1) throw new Error(`${found.length} steps of ${role}, round ${round ?? 'any'}`);
    for (const step of found) change(step);
    return steps;
  };
