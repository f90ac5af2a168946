import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TRAILS_ISSUE } from '../../examples/trails/create.ts';
import { renderEvents } from '../../lib/pipeline/envelope.ts';
import type { ItemState } from '../../lib/pipeline/state.ts';
import { type Stack, startStackOrSkip } from '../stack/stack.ts';
import { catchDeliveries, deliver, startEnvelope } from './webhooks.ts';
import {
  branchesOf,
  commitsOf,
  ended,
  linesOf,
  onStep,
  quiet,
  reconcileNow,
  runsOf,
  scenarioWith,
  untilSeen,
} from './observe.ts';
import { type World, buildRelease, createWorld } from './world.ts';

const GONE = 'This stage has moved on. Use Approved (re-check) or the retry command.';

/** A machine that does other things is slow, not wrong. */
const PATIENCE_S = 300;

/** Label of a runner of its own, which can be switched off between the agent and the landing. */
const LANDING = 'landing-only';

/** The analyst takes this long, so that there is time to click. */
const slowAnalyst = (sleep: string) =>
  scenarioWith(
    'happy',
    onStep('analyst', undefined, (step) => void step.do.unshift({ sleep })),
  );

/** Starts the issue of the scenarios and answers the item as soon as the run of its analyst is known. */
async function startAnalysis(world: World): Promise<ItemState> {
  const issue = world.plane.createIssue({ name: TRAILS_ISSUE.title, description: TRAILS_ISSUE.description });
  world.plane.moveIssue('ada', issue.id, 'To Analyse');
  return world.until(
    'ET-1',
    'dispatched with a run',
    (item) => item.stage === 'analysis' && typeof item.dispatch?.run === 'string',
    PATIENCE_S,
  );
}

/** The agent of a run is at work: its job has begun a while ago. */
async function atWork(world: World, run: number): Promise<void> {
  const { fullName } = world.repository;
  const begun = async () =>
    (await world.stack.forge.jobs(fullName, run)).some((job) => job.name === 'work' && job.status === 'in_progress');
  await untilSeen(world, `the work job of run ${run} began`, begun);
}

/** The agent is done and the landing job waits for a runner. */
async function workDone(world: World, run: number): Promise<void> {
  const { fullName } = world.repository;
  const waits = async () => {
    const jobs = await world.stack.forge.jobs(fullName, run);
    return (
      jobs.some((job) => job.name === 'work' && job.conclusion === 'success') &&
      jobs.some((job) => job.name === 'land' && job.status !== 'completed')
    );
  };
  await untilSeen(world, `run ${run} waits to land`, waits);
}

/** The form of the stage, filled in with what the item's own dispatch carries. */
const dispatchAgain = (world: World, item: ItemState) =>
  world.dispatch(
    'conveyor-analysis.yml',
    {
      item: item.id,
      token: item.token ?? '',
      round: '1',
      attempt: '1',
      title: `${item.id} · analysis · again · ${item.token}`,
    },
    world.stack.bot,
  );

/** What must not change when something lands nothing. */
async function trace(world: World) {
  const item = await world.item('ET-1');
  return {
    seq: item?.seq,
    head: item?.head,
    stage: item?.stage,
    activity: item?.activity,
    journal: await world.journal('ET-1'),
    commits: await commitsOf(world, item?.branch ?? ''),
  };
}

async function expectOneLanding(world: World): Promise<void> {
  const item = await world.item('ET-1');
  expect(await linesOf(world, 'ET-1', 'stage.landed')).toHaveLength(1);
  // The business request of the branch's cut, and the analyst's package.
  expect(await commitsOf(world, item?.branch ?? '')).toHaveLength(2);
  expect(item).toMatchObject({
    stage: 'analysis',
    waitingFor: 'approval',
    token: null,
    rounds: { analysis: 1 },
    counters: { run: 0 },
  });
}

describe.concurrent('what arrives twice on the real forge', () => {
  let stack: Stack | null = null;
  let actions = { repository: '', ref: '' };
  beforeAll(async () => {
    stack = await startStackOrSkip({ fetchIntervalS: 1, runners: [{ capacity: 4 }, { labels: [LANDING] }] });
    if (stack === null) return;
    using release = await buildRelease();
    actions = await stack.publishActions(release.folder);
  });
  afterAll(async () => stack?.[Symbol.asyncDispose]());

  it('RL-RLY-10, PL-E-3: one start delivered twenty times, dispatched twice by hand and found by the reconciler is one item, one branch and one analyst run', async (context) => {
    if (stack === null) return context.skip();
    await using world = await createWorld(stack, actions, 'webhooks');
    const { plane } = world;
    await using caught = await catchDeliveries();
    plane.setWebhook({ url: caught.url, secret: world.webhook.secret });
    const issue = plane.createIssue({ name: TRAILS_ISSUE.title, description: TRAILS_ISSUE.description });
    plane.moveIssue('ada', issue.id, 'To Analyse');
    await plane.webhookIdle();
    plane.setWebhook(null);
    const body =
      caught.bodies.find(
        (text) => (JSON.parse(text) as { activity: { field: string } }).activity.field === 'state_id',
      ) ?? '';
    expect(body).not.toBe('');

    const events = (correlation: string) =>
      world.dispatch(
        'conveyor-event.yml',
        { events: renderEvents([startEnvelope(world, issue.id, correlation)]) },
        stack!.bot,
      );
    const [answers, ...runs] = await Promise.all([
      Promise.all(Array.from({ length: 10 }, () => deliver(world, body))),
      events('cv-aaaaaaaaaa'),
      events('cv-bbbbbbbbbb'),
      world.dispatch('conveyor-reconcile.yml', {}),
    ]);
    expect(answers.map(({ code }) => code)).toEqual(Array(10).fill(200));
    expect(answers.map(({ status }) => status).toSorted()).toEqual(['accepted', ...Array(9).fill('duplicate')]);
    await world.until('ET-1', 'waiting for approval', (item) => item.waitingFor === 'approval', PATIENCE_S);
    for (let late = 0; late < 10; late += 1)
      expect(await deliver(world, body)).toEqual({ code: 200, status: 'duplicate' });
    for (const run of runs) expect(await ended(world, run)).toMatchObject({ conclusion: 'success' });
    await quiet(world);

    expect([...(await world.ledger()).snapshot.items.keys()]).toEqual(['ET-1']);
    expect(await branchesOf(world, 'feature/')).toHaveLength(1);
    expect(await runsOf(world, 'analysis')).toHaveLength(1);
    expect((await runsOf(world, 'event')).length).toBeGreaterThanOrEqual(3);
    await expectOneLanding(world);
    expect(plane.issues()).toHaveLength(1);
  });

  it('PL-K-8: Re-run of a cancelled run lands once, Re-run of the landed run lands nothing and says so', async (context) => {
    if (stack === null) return context.skip();
    await using world = await createWorld(stack, actions, 'reruns', { scenarioText: slowAnalyst('8s') });
    const { fullName } = world.repository;
    const started = await startAnalysis(world);
    const run = Number(started.dispatch?.run);
    await atWork(world, run);
    await stack.cancelRunInUi(fullName, run);
    expect(await ended(world, run)).toMatchObject({ conclusion: 'cancelled' });
    expect(await linesOf(world, 'ET-1', 'stage.landed')).toEqual([]);
    expect(await world.item('ET-1')).toMatchObject({ token: started.token, head: started.head });

    await stack.rerunInUi(fullName, run);
    await world.until('ET-1', 'waiting for approval', (item) => item.waitingFor === 'approval', PATIENCE_S);
    expect(await ended(world, run)).toMatchObject({ conclusion: 'success' });
    await quiet(world);
    await expectOneLanding(world);

    const before = await trace(world);
    await stack.rerunInUi(fullName, run);
    const again = await ended(world, run);
    expect(again.conclusion).toBe('success');
    expect(again.log).toContain('ET-1 is in analysis/waiting');
    expect(again.log).toContain(GONE);
    expect(await trace(world)).toEqual(before);
  });

  it('PL-K-8: a run whose landing failed is red; Re-run lands it once when the cause is gone', async (context) => {
    if (stack === null) return context.skip();
    await using world = await createWorld(stack, actions, 'failed', { scenarioText: slowAnalyst('8s') });
    const { fullName } = world.repository;
    const started = await startAnalysis(world);
    const run = Number(started.dispatch?.run);
    await atWork(world, run);
    // The forge hands secrets out when a job starts: the landing job gets a token that opens nothing.
    await stack.forge.setSecret(fullName, 'CONVEYOR_BOT_TOKEN', '0'.repeat(40));
    expect(await ended(world, run)).toMatchObject({ conclusion: 'failure' });
    await stack.forge.setSecret(fullName, 'CONVEYOR_BOT_TOKEN', stack.bot.token);
    expect(await linesOf(world, 'ET-1', 'stage.landed')).toEqual([]);
    expect(await world.item('ET-1')).toMatchObject({ token: started.token, head: started.head });

    await stack.rerunInUi(fullName, run);
    await world.until('ET-1', 'waiting for approval', (item) => item.waitingFor === 'approval', PATIENCE_S);
    expect(await ended(world, run)).toMatchObject({ conclusion: 'success' });
    await quiet(world);
    await expectOneLanding(world);
  });

  it('PL-K-2: of three runs with one token the two younger ones end green at their start and one lands', async (context) => {
    if (stack === null) return context.skip();
    await using world = await createWorld(stack, actions, 'tokens', { scenarioText: slowAnalyst('10s') });
    const started = await startAnalysis(world);
    const elder = Number(started.dispatch?.run);
    const younger = await Promise.all([dispatchAgain(world, started), dispatchAgain(world, started)]);
    for (const run of younger) {
      const { conclusion, log } = await ended(world, run);
      expect(conclusion).toBe('success');
      expect(log).toContain('with the same token is at work on ET-1');
    }
    await world.until('ET-1', 'waiting for approval', (item) => item.waitingFor === 'approval', PATIENCE_S);
    expect(await ended(world, elder)).toMatchObject({ conclusion: 'success' });
    await quiet(world);
    await expectOneLanding(world);
  });

  it('PL-K-3: of two runs with one token that both worked and land at once, one lands and the other ends green', async (context) => {
    if (stack === null) return context.skip();
    const landing = stack.runners[1]!;
    await using world = await createWorld(stack, actions, 'race', { config: { runners: { work: LANDING } } });
    const { fullName } = world.repository;
    const started = await startAnalysis(world);
    const elder = Number(started.dispatch?.run);
    await untilSeen(world, 'the intake ended', async () =>
      (await runsOf(world, 'event')).every((run) => run.status === 'completed'),
    );
    // Nobody takes landing jobs now.
    await landing.kill9();
    await workDone(world, elder);
    await stack.cancelRunInUi(fullName, elder);
    expect(await ended(world, elder)).toMatchObject({ conclusion: 'cancelled' });
    // While the elder is over the younger works; the elder, run again, has no elder: two results, one token.
    const younger = await dispatchAgain(world, started);
    await workDone(world, younger);
    await stack.rerunInUi(fullName, elder);
    await workDone(world, elder);
    expect(await linesOf(world, 'ET-1', 'stage.landed')).toEqual([]);
    await landing.start();
    const both = await Promise.all([ended(world, elder), ended(world, younger)]);
    expect(both.map(({ conclusion }) => conclusion)).toEqual(['success', 'success']);
    expect(
      both.filter(({ log }) => log.includes('analyst: ok')),
      'both agents worked',
    ).toHaveLength(2);
    expect(
      both.filter(({ log }) => log.includes(GONE)),
      'one is told that it came too late',
    ).toHaveLength(1);
    await quiet(world);
    await expectOneLanding(world);
    await reconcileNow(world);
    await expectOneLanding(world);
  });
});
