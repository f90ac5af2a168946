import { describe, expect, it } from 'vitest';
import { createWorld } from '../../tests/property/kernel-world.ts';
import { createRepositoryFixture } from '../../tests/support/session.ts';
import { createRedactor } from '../base/redact.ts';
import { type Verdict, error, fail, hold, pass } from '../pipeline/verdict.ts';
import { performAndSettle } from './effects.ts';
import { carryStatuses } from './forge-effects.ts';

/** Performs the commit status of a review verdict on a real commit and answers what the forge then has. */
async function statusOf(verdict: Verdict, secret = 'none here') {
  await using fixture = await createRepositoryFixture();
  const session = await fixture.session({ redact: createRedactor([secret]) });
  const world = createWorld();
  world.drive('R(review)');
  world.land('ET-1', { head: fixture.main, verdicts: [verdict] });
  const { engine, config } = session;
  const performed = await performAndSettle(
    { session, tracker: engine.createTracker(config), chat: null, snapshot: world.snapshot, repeat: true },
    [world.item()],
    ({ effect }) => effect.kind === 'commit-status' && effect.sha === fixture.main,
  );
  expect(performed.map(({ failed }) => failed)).toEqual([{}]);
  return (await engine.forge.listStatuses(fixture.main))![0]!;
}
const shape = { gate: 'review', code: 'CODE', text: 'why' } as const;

describe('gates §1.3: commit status of a gate', () => {
  it.each([
    ['success', 'pass · CODE · why', pass(shape)],
    ['failure', 'fail · CODE · why', fail(shape)],
    ['pending', 'hold · CODE · why', hold(shape)],
    ['error', 'error · CODE · why', error(shape)],
  ])('a status is %s with the description %j', async (state, description, verdict) => {
    expect(await statusOf(verdict)).toMatchObject({ context: 'conveyor/review', state, description });
  });

  it('H-FUI-6, G-STA-1: a description is cut between characters, never inside one', async () => {
    const { description } = await statusOf(fail({ ...shape, text: '😀'.repeat(200) }));
    expect(description.isWellFormed()).toBe(true);
    expect(Array.from(description)).toHaveLength(140);
    expect(description).toMatch(/^fail · CODE · 😀+…$/u);
  });

  it('H-CMT-14: a secret in it is masked before it is cut', async () => {
    const secret = 'canary-of-forty-characters-and-no-pattern';
    const { description } = await statusOf(fail({ ...shape, text: `${'x'.repeat(110)} ${secret}` }), secret);
    expect(description).not.toContain('canary');
  });
});

describe('G-STA-3: carried statuses', () => {
  it('name where they come from and keep their characters whole', async () => {
    await using fixture = await createRepositoryFixture();
    const session = await fixture.session();
    const { forge, code } = session.engine;
    const next = await code.commit({
      base: fixture.main,
      parents: [fixture.main],
      changes: [{ path: 'x', content: 'x' }],
      message: 'x',
      author: { name: 'Ada', email: 'ada@example.test' },
      at: new Date(0),
    });
    await forge.setStatus(fixture.main, {
      context: 'conveyor/ci',
      state: 'success',
      description: '😀'.repeat(130),
      targetUrl: null,
    });
    await forge.setStatus(fixture.main, {
      context: 'ci/other',
      state: 'success',
      description: 'not required',
      targetUrl: null,
    });
    await forge.setStatus(fixture.main, {
      context: 'conveyor/review',
      state: 'failure',
      description: 'red',
      targetUrl: null,
    });
    await carryStatuses(session, fixture.main, next);
    const rows = (await forge.listStatuses(next))!;
    expect(rows.map(({ context }) => context)).toEqual(['conveyor/ci']);
    expect(rows[0]!.description).toMatch(new RegExp(`^😀{111}… \\(carried from ${fixture.main.slice(0, 8)}\\)$`, 'u'));
  });
});
