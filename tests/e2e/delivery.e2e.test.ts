import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TRAILS_ISSUE } from '../../examples/trails/create.ts';
import type { ItemState } from '../../lib/pipeline/state.ts';
import { type Stack, startStackOrSkip } from '../stack/stack.ts';
import {
  type ScenarioStep,
  boardText,
  ended,
  onStep,
  quiet,
  reconcileNow,
  runsOf,
  scenarioWith,
  statusesOf,
} from './observe.ts';
import { type World, buildRelease, createWorld } from './world.ts';

/** No person but the one who confirms. */
const config = { labels: { auto_approve: 'autoApprove' } };
const LABELS = ['Bug', 'autoApprove'];

const start = (world: World, name: string) => {
  const issue = world.plane.createIssue({ name, description: TRAILS_ISSUE.description, labels: LABELS });
  world.plane.moveIssue('ada', issue.id, 'To Analyse');
  return issue;
};

const waitsForConfirmation = (request: number) => (item: ItemState) =>
  item.waitingFor === 'confirm-deploy' && item.delivery?.request?.n === request;
const digestOf = (item: ItemState) => (item.delivery?.request?.digest ?? '').replace('sha256:', '');

/** What production answers about itself; null = nobody answers. */
async function production(world: World) {
  const answer = await fetch(`${world.productionUrl}/health`).catch(() => null);
  return answer === null
    ? null
    : { http: answer.status, ...((await answer.json()) as { status: string; digest: string; environment: string }) };
}

const confirm = (world: World, item: string, digest: string) =>
  world.dispatch('conveyor-confirm-deploy.yml', { item, digest });

/** The form is filled in; the run is red and names the rule, and nothing has begun. */
async function expectRefused(world: World, digest: string, rule: string, text: RegExp): Promise<void> {
  const before = await world.item('ET-1');
  const { conclusion, log } = await ended(world, await confirm(world, 'ET-1', digest));
  expect(conclusion).toBe('failure');
  expect(log).toContain(rule);
  expect(log).toMatch(text);
  const after = await world.item('ET-1');
  expect({ seq: after?.seq, stage: after?.stage, phase: after?.delivery?.phase }).toEqual({
    seq: before?.seq,
    stage: before?.stage,
    phase: before?.delivery?.phase,
  });
  expect(await runsOf(world, 'deploy'), 'no deploy has begun').toEqual([]);
}

const head = async (world: World) =>
  (await world.stack.forge.call<{ commit: { id: string } }>('GET', `/repos/${world.repository.fullName}/branches/main`))
    .commit.id;

/** ET-1 is a good release; ET-2 is sick in production alone. */
function goodThenSick(): string {
  const stepsOf = (item: string) => (steps: ScenarioStep[]) =>
    steps
      .filter((step) => step.match.role === 'analyst' || step.match.round === 1)
      .map((step) => ({ ...step, match: { ...step.match, item } }));
  return scenarioWith('sick-production', (steps) => {
    const sick = stepsOf('ET-2')(steps);
    const good = structuredClone(stepsOf('ET-1')(steps));
    onStep(
      'developer',
      1,
      (step) => void step.do.push({ write: { path: 'server.mjs', file: 'fixtures/round-1/server.mjs.txt' } }),
    )(good);
    return [...good, ...sick];
  });
}

describe.concurrent('confirmation and failure of a deploy on the real forge', () => {
  let stack: Stack | null = null;
  let actions = { repository: '', ref: '' };
  beforeAll(async () => {
    stack = await startStackOrSkip({ fetchIntervalS: 1, runners: [{ capacity: 4 }] });
    if (stack === null) return;
    using release = await buildRelease();
    actions = await stack.publishActions(release.folder);
  });
  afterAll(async () => stack?.[Symbol.asyncDispose]());

  it('D-B, delivery §6 B: a wrong and an outdated digest are refused in red with the rule and start nothing, the right one deploys', async (context) => {
    if (stack === null) return context.skip();
    const approves = (round: number) =>
      onStep(
        'reviewer',
        round,
        (step) => void (step.do = [{ artifact: { file: '12-review.md', verdict: 'APPROVED' } }]),
      );
    const scenarioText = scenarioWith('happy', (steps) => {
      approves(1)(steps);
      return onStep(
        'developer',
        2,
        (step) => void ((step.expect ??= {}).prompt_has = ['Cells that start with + are formulas too']),
      )(steps);
    });
    await using world = await createWorld(stack, actions, 'digests', { scenarioText, config });
    const issue = start(world, TRAILS_ISSUE.title);
    const first = await world.until('ET-1', 'waiting for Confirm Deploy', waitsForConfirmation(1), 300);
    const old = digestOf(first);
    await expectRefused(
      world,
      'f'.repeat(64),
      'refused (I-SHA)',
      new RegExp(`is not what waits for confirmation; that is ${old}`),
    );
    await expectRefused(world, old.slice(0, 11), 'DIGEST_INVALID', /at least 12/);

    await world.dispatch('conveyor-control.yml', {
      command: 'reject',
      item: 'ET-1',
      reason: 'Cells that start with + are formulas too',
    });
    await world.until('ET-1', 'with the developer again', (item) => item.stage === 'development', 300);
    await expectRefused(world, old, 'refused (I-STAGE)', /nothing of ET-1 waits for Confirm Deploy/);
    const second = await world.until(
      'ET-1',
      'waiting for Confirm Deploy once more',
      (item) => item.waitingFor === 'confirm-deploy' && digestOf(item) !== old,
      300,
    );
    const now = digestOf(second);
    await expectRefused(
      world,
      old,
      'refused (I-SHA)',
      new RegExp(`digest ${old} is not what waits for confirmation; that is ${now}`),
    );
    expect(await production(world), 'production was not touched').toBeNull();
    expect(boardText(world, issue.id)).toContain(now.slice(0, 12));

    const right = await confirm(world, 'ET-1', now.slice(0, 12));
    expect(await ended(world, right)).toMatchObject({ conclusion: 'success' });
    const done = await world.until('ET-1', 'done', (item) => item.stage === 'done', 300);
    expect(done.delivery?.approved).toMatchObject({ by: stack.owner.login, via: 'dispatch' });
    expect(await production(world)).toMatchObject({ http: 200, status: 'ok', digest: `sha256:${now}` });
    const again = await ended(world, await confirm(world, 'ET-1', now));
    expect(again.conclusion).toBe('failure');
    expect(again.log).toContain('refused (I-TERMINAL)');
    await quiet(world);
  });

  it('D-HK-1, delivery §3 exit 1: a release that is sick in production is rolled back, held deploy-failed, not relaunched, not merged, and frees the slot', async (context) => {
    if (stack === null) return context.skip();
    await using world = await createWorld(stack, actions, 'sick', { scenarioText: goodThenSick(), config });
    const { forge } = stack;
    const { fullName } = world.repository;
    start(world, 'CSV export of tracks');
    const good = await world.until('ET-1', 'waiting for Confirm Deploy', waitsForConfirmation(1), 300);
    await confirm(world, 'ET-1', digestOf(good));
    await world.until('ET-1', 'done', (item) => item.stage === 'done', 300);
    const before = await production(world);
    expect(before).toMatchObject({ http: 200, status: 'ok', digest: `sha256:${digestOf(good)}` });
    const main = await head(world);

    const issue = start(world, 'CSV export of tracks, second part');
    const sick = await world.until('ET-2', 'waiting for Confirm Deploy', waitsForConfirmation(1), 300);
    expect(digestOf(sick)).not.toBe(digestOf(good));
    expect((await world.ledger()).snapshot.repo.slot).toMatchObject({ item: 'ET-2' });
    await confirm(world, 'ET-2', digestOf(sick));
    const end = await world.until('ET-2', 'held', (item) => item.hold !== null, 300);
    expect(end).toMatchObject({
      stage: 'development',
      activity: 'held',
      hold: { code: 'deploy-failed', cause: 'DEPLOY_FAILED' },
      token: null,
      delivery: { phase: 'failed', attempts: [{ state: 'rolled-back', exit: 1, previous: before?.digest }] },
    });
    expect(await production(world), 'the previous version answers again').toEqual(before);
    expect((await world.ledger()).snapshot.repo.slot).toBeNull();

    await quiet(world);
    await reconcileNow(world);
    await quiet(world);
    expect(await world.item('ET-2'), 'nobody tries again alone').toMatchObject({
      stage: 'development',
      hold: { code: 'deploy-failed' },
      rounds: { development: 1 },
    });
    expect(await runsOf(world, 'development')).toHaveLength(2);
    expect(await head(world), 'main stays where the good release left it').toBe(main);
    const pulls = await forge.call<readonly { state: string; merged: boolean; head: { ref: string } }[]>(
      'GET',
      `/repos/${fullName}/pulls?state=all`,
    );
    expect(pulls.find((pull) => pull.head.ref === end.branch)).toMatchObject({ state: 'open', merged: false });
    expect(await statusesOf(world, end.head ?? '')).not.toMatchObject({ 'conveyor/deploy': 'success' });
    expect(world.plane.stateName(issue.id)).toBe('Blocked');
    expect(boardText(world, issue.id)).toContain('DEPLOY_FAILED');
  });
});
