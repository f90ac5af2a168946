import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TRAILS_ISSUE } from '../../examples/trails/create.ts';
import type { ItemState } from '../../lib/pipeline/state.ts';
import { type Stack, startStackOrSkip } from '../stack/stack.ts';
import {
  boardText,
  commitsOf,
  linesOf,
  onStep,
  quiet,
  reconcileNow,
  runsOf,
  scenarioWith,
  statusesOf,
  untilSeen,
} from './observe.ts';
import { type World, buildRelease, createWorld } from './world.ts';

const CI = 'ci / test (push)';
/** Agents go on without a person; one relaunch of the developer is all there is. */
const ONE_RETRY = { labels: { auto_approve: 'autoApprove' }, retry: { developer_max: 1 } };

/** Red for the first version, green for the second; CI does not run it, the stage testing does. */
const ACCEPTANCE = `import assert from 'node:assert/strict';
import { it } from 'node:test';

it('ACC-7: no cell of the export is a formula', async () => {
  const { renderCsv } = await import('../src/csv.mjs').catch(() => ({ renderCsv: null }));
  for (const start of renderCsv === null ? [] : ['=', '+', '-', '@'])
    assert.equal(renderCsv(['title'], [{ title: start + '1' }]), "title\\r\\n'" + start + '1\\r\\n');
});
`;
const WITH_ACCEPTANCE =
  'mkdir -p reports && node --test --test-reporter=spec --test-reporter-destination=stdout --test-reporter=junit --test-reporter-destination=reports/junit.xml test/*.test.mjs acceptance/*.test.mjs';

function start(world: World, labels: readonly string[]) {
  const issue = world.plane.createIssue({ name: TRAILS_ISSUE.title, description: TRAILS_ISSUE.description, labels });
  world.plane.moveIssue('ada', issue.id, 'To Analyse');
  return issue;
}

const held = (code: string) => (item: ItemState) => item.hold?.code === code;

/** Runs of the repository's own CI for the item's branch, oldest first. */
async function ciRuns(world: World, branch: string) {
  const runs = await world.stack.forge.runs(world.repository.fullName);
  return runs.filter((run) => run.workflow === 'ci.yml' && run.event === 'push' && run.branch === branch).toReversed();
}

describe.concurrent('ways back to the developer on the real forge', () => {
  let stack: Stack | null = null;
  let actions = { repository: '', ref: '' };
  beforeAll(async () => {
    stack = await startStackOrSkip({ fetchIntervalS: 1, runners: [{ capacity: 4 }] });
    if (stack === null) return;
    using release = await buildRelease();
    actions = await stack.publishActions(release.folder);
  });
  afterAll(async () => stack?.[Symbol.asyncDispose]());

  it('PL-R-1, PL-R-3, G-CI-1: red CI sends its findings to the developer, whose green second round goes on to review; all gates share the budget', async (context) => {
    if (stack === null) return context.skip();
    const steps = (all: Parameters<ReturnType<typeof onStep>>[0]) => {
      onStep(
        'developer',
        2,
        (step) => void ((step.expect ??= {}).prompt_has = ['Gate ci: fail', `${CI}: failure`]),
      )(all);
      return onStep(
        'reviewer',
        1,
        (step) =>
          void (step.do = [
            {
              artifact: {
                file: '12-review.md',
                verdict: 'REQUEST_CHANGES',
                p1: ['The header row has no test for an empty list'],
              },
            },
          ]),
      )(all);
    };
    await using world = await createWorld(stack, actions, 'red-ci', {
      scenarioText: scenarioWith('broken-tests', steps),
      config: ONE_RETRY,
    });
    const issue = start(world, ['autoApprove']);
    const red = await world.until('ET-1', 'sent back by ci', (item) => item.bounce?.gate === 'ci', 300);
    expect(red).toMatchObject({
      stage: 'development',
      activity: 'dispatched',
      counters: { developer: 1 },
      rounds: { development: 2 },
      bounce: { code: 'CI_RED' },
    });
    expect(await runsOf(world, 'review'), 'nobody reviews what is red').toEqual([]);

    const end = await world.until('ET-1', 'held after its review', held('retries-exhausted'), 300);
    expect(end).toMatchObject({
      stage: 'development',
      counters: { developer: 1 },
      rounds: { development: 2, review: 1 },
      gates: {},
    });
    expect(end.findings).toContain('The header row has no test for an empty list');
    await quiet(world);
    const runs = await ciRuns(world, end.branch ?? '');
    expect(runs.slice(0, 2).map((run) => run.conclusion)).toEqual(['failure', 'success']);
    expect(await statusesOf(world, runs[0]!.sha)).toMatchObject({ 'conveyor/ci': 'failure' });
    expect(await statusesOf(world, runs[1]!.sha)).toMatchObject({ 'conveyor/ci': 'success' });
    expect(await statusesOf(world, end.head ?? '')).toMatchObject({
      'conveyor/ci': 'success',
      'conveyor/review': 'failure',
    });
    expect(await runsOf(world, 'development')).toHaveLength(2);
    expect(await runsOf(world, 'testing')).toEqual([]);
    expect(boardText(world, issue.id)).toContain(`${CI}`);
    expect(world.plane.stateName(issue.id)).toBe('Blocked');
  });

  it('PL-R-3, G-TST-2: a test that only the stage testing runs sends its output to the developer, whose second round passes', async (context) => {
    if (stack === null) return context.skip();
    const steps = (all: Parameters<ReturnType<typeof onStep>>[0]) => {
      onStep(
        'reviewer',
        1,
        (step) => void (step.do = [{ artifact: { file: '12-review.md', verdict: 'APPROVED' } }]),
      )(all);
      return onStep(
        'developer',
        2,
        (step) =>
          void ((step.expect ??= {}).prompt_has = ['Gate tests: fail', 'ACC-7: no cell of the export is a formula']),
      )(all);
    };
    await using world = await createWorld(stack, actions, 'red-tests', {
      scenarioText: scenarioWith('happy', steps),
      config: { ...ONE_RETRY, tests: { command: WITH_ACCEPTANCE } },
      files: { 'acceptance/csv.test.mjs': ACCEPTANCE },
    });
    const issue = start(world, ['autoApprove', 'Bug']);
    const red = await world.until('ET-1', 'sent back by tests', (item) => item.bounce?.gate === 'tests', 300);
    expect(red).toMatchObject({ stage: 'development', counters: { developer: 1 }, bounce: { code: 'TESTS_FAIL' } });
    expect(red.findings).toContain('ACC-7: no cell of the export is a formula');
    const green = await world.until(
      'ET-1',
      'waiting for Confirm Deploy',
      (item) => item.waitingFor === 'confirm-deploy',
      300,
    );
    expect(green).toMatchObject({ counters: { developer: 1 }, rounds: { development: 2, review: 2, testing: 2 } });
    await quiet(world);
    const runs = await ciRuns(world, green.branch ?? '');
    expect(new Set(runs.map((run) => run.conclusion)), 'CI saw nothing wrong').toEqual(new Set(['success']));
    const landed = await linesOf(world, 'ET-1', 'stage.landed');
    expect(landed.filter((line) => JSON.stringify(line).includes('tests fail TESTS_FAIL'))).toHaveLength(1);
    expect(landed.filter((line) => JSON.stringify(line).includes('tests pass TESTS_PASS'))).toHaveLength(1);
    expect(await runsOf(world, 'testing')).toHaveLength(2);
    expect(await runsOf(world, 'architecture'), 'a bug has no architecture').toEqual([]);
    expect(boardText(world, issue.id)).toContain('TESTS_FAIL');
  });

  it('G-STA-5: a forged success of our contexts moves nothing, whoever wrote it and wherever the item stands', async (context) => {
    if (stack === null) return context.skip();
    const { forge, outsider, owner } = stack;
    await using world = await createWorld(stack, actions, 'forged', {
      scenarioText: scenarioWith(
        'happy',
        onStep('reviewer', 1, (step) => void step.do.unshift({ sleep: '10s' })),
      ),
      config: { retry: { developer_max: 0 } },
    });
    const { fullName } = world.repository;
    const post = (sha: string, name: string, token: string) =>
      forge.api(
        `/repos/${fullName}/statuses/${sha}`,
        {
          method: 'POST',
          body: JSON.stringify({ context: name, state: 'success', description: 'pass · REVIEW_APPROVED · forged' }),
        },
        token,
      );
    const forgeAll = async (sha: string) => {
      for (const name of [
        'conveyor/analysis-approved',
        'conveyor/ci',
        'conveyor/review',
        'conveyor/tests',
        'conveyor/ready',
      ]) {
        expect((await post(sha, name, outsider.token)).status, 'an outsider may not write').toBe(403);
        expect((await post(sha, name, owner.token)).status).toBe(201);
      }
    };
    const issue = start(world, []);
    const complete = await world.until('ET-1', 'waiting for approval', (item) => item.waitingFor === 'approval', 300);
    await quiet(world);
    await forgeAll(complete.head ?? '');
    await reconcileNow(world);
    expect(await world.item('ET-1')).toMatchObject({
      stage: 'analysis',
      waitingFor: 'approval',
      head: complete.head,
      approval: null,
    });
    expect(await runsOf(world, 'architecture')).toEqual([]);

    world.plane.moveIssue('ada', issue.id, 'Approved');
    const reviewed = await world.until(
      'ET-1',
      'in review',
      (item) => item.stage === 'review' && typeof item.dispatch?.run === 'string',
      300,
    );
    await forgeAll(reviewed.head ?? '');
    expect(await statusesOf(world, reviewed.head ?? '')).toMatchObject({ 'conveyor/review': 'success' });
    const end = await world.until('ET-1', 'held after its review', held('retries-exhausted'), 300);
    expect(end).toMatchObject({ stage: 'development', bounce: { gate: 'review', code: 'REVIEW_CHANGES' } });
    await quiet(world);
    await forgeAll(end.head ?? '');
    await reconcileNow(world);
    await quiet(world);
    expect(await world.item('ET-1')).toMatchObject({
      stage: 'development',
      hold: { code: 'retries-exhausted' },
      head: end.head,
    });
    expect(await runsOf(world, 'testing')).toEqual([]);
    expect((await commitsOf(world, end.branch ?? ''))[0]?.sha).toBe(end.head);
    await untilSeen(world, 'the board says Blocked', async () => world.plane.stateName(issue.id) === 'Blocked', 30);
  });
});
