import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Stack, startStackOrSkip } from '../stack/stack.ts';
import { TRAILS_ISSUE } from '../../examples/trails/create.ts';
import { buildRelease, createWorld } from './world.ts';

describe('an item on the real forge', () => {
  let stack: Stack | null = null;
  let actions = { repository: '', ref: '' };
  beforeAll(async () => {
    stack = await startStackOrSkip({ fetchIntervalS: 1 });
    if (stack === null) return;
    using release = await buildRelease();
    actions = await stack.publishActions(release.folder);
  });
  afterAll(async () => stack?.[Symbol.asyncDispose]());

  it('goes from a signed webhook to done, with a rejected review, a human approval and a digest-bound confirmation', async (context) => {
    if (stack === null) return context.skip();
    await using world = await createWorld(stack, actions, 'happy');
    const { plane } = world;
    const issue = plane.createIssue({ name: TRAILS_ISSUE.title, description: TRAILS_ISSUE.description });
    plane.moveIssue('ada', issue.id, 'To Analyse');
    await world.until('ET-1', 'waiting for approval', (item) => item.waitingFor === 'approval', 25);
    plane.moveIssue('ada', issue.id, 'Approved');
    const waiting = await world.until(
      'ET-1',
      'waiting for Confirm Deploy',
      (item) => item.waitingFor === 'confirm-deploy',
      240,
    );
    expect(waiting.rounds).toMatchObject({ development: 2, review: 2 });
    const digest = waiting.delivery?.request?.digest ?? '';
    const run = await world.dispatch('conveyor-confirm-deploy.yml', { item: 'ET-1', digest: digest.slice(7, 19) });
    await world.until('ET-1', 'done', (item) => item.stage === 'done', 120);
    expect(run).toBeGreaterThan(0);
    const health = (await (await fetch(`${world.productionUrl}/health`)).json()) as { digest: string };
    expect(health.digest).toBe(digest);
  });
});
