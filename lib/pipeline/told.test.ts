import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createWorld, fails } from '../../tests/property/kernel-world.ts';
import { fail } from './verdict.ts';
import { tellWorker } from './told.ts';

const review = (findings: string) =>
  fail({
    gate: 'review',
    code: 'REVIEW_CHANGES',
    text: 'changes',
    findings,
    report: 'docs/work-items/ET-1/12-review.md',
  });
const atReview = (overrides?: string) => {
  const world = createWorld(overrides);
  world.drive('R(review)');
  return world;
};

describe('AR-FB-1, PL-R-3: what a bounce leaves for the developer', () => {
  it('the findings verbatim, and where their report stands', () => {
    const world = atReview();
    world.verdict(review('### P1\n- **No test** `a.ts:1`'));
    const { findings, bounce, head } = world.item();
    expect(findings).toBe('### P1\n- **No test** `a.ts:1`');
    expect(bounce).toEqual({
      gate: 'review',
      code: 'REVIEW_CHANGES',
      verdict: 'fail',
      attempt: 1,
      limit: 3,
      round: 1,
      sha: head,
      report: 'docs/work-items/ET-1/12-review.md',
    });
  });

  it('AR-FB-5: the next bounce keeps the findings of the last three before it', () => {
    const world = createWorld('retry: {developer_max: 9, same_fingerprint_max: 0}');
    for (const round of [1, 2, 3, 4, 5]) {
      world.drive('R(review)');
      world.verdict(review(`### P0\n- finding ${'x'.repeat(round)}`));
    }
    expect(world.item().findings).toBe('### P0\n- finding xxxxx');
    expect(world.item().rejections).toEqual(
      [2, 3, 4].map((round) => ({ round, findings: `### P0\n- finding ${'x'.repeat(round)}` })),
    );
  });

  it('a good run of the developer answers it: nothing is told any more, the findings stay as an earlier round', () => {
    const world = atReview();
    world.verdict(review('### P1\n- one'));
    world.land();
    expect(world.item()).toMatchObject({
      findings: null,
      bounce: null,
      rejections: [{ round: 1, findings: '### P1\n- one' }],
    });
  });

  it('H-CMT-8, H-FUI-7: the comment names the attempt only when the developer starts again', () => {
    const world = createWorld('retry: {developer_max: 1}');
    const comments = () =>
      world
        .item()
        .outbox.flatMap(({ effect }) =>
          effect.kind === 'tracker-comment' ? [[effect.comment, effect.stage, effect.data]] : [],
        );
    world.drive('R(review)');
    world.verdict(review('### P1\n- one'));
    expect(comments()).toContainEqual([
      'gate_failed',
      'review',
      expect.objectContaining({ gate: 'review', verdict: 'fail', class: 'code', attempt: '1', limit: '1' }),
    ]);
    world.drive('R(review)');
    world.verdict(fails('review', 'REVIEW_CHANGES', 'something else'));
    expect(world.at()).toBe('development/held(retries-exhausted)');
    const last = comments().slice(-2);
    expect(last.map(([kind]) => kind)).toEqual(['gate_failed', 'held']);
    expect(last[0]?.[2]).not.toHaveProperty('attempt');
  });
});

describe('what people and the run before add', () => {
  it('PL-H-4: a rejection is told in place of a bounce', () => {
    const world = atReview();
    world.verdict(review('### P1\n- one'));
    world.drive('R(review)');
    world.board('reject', 1, { reason: 'the header is wrong' });
    expect(world.item()).toMatchObject({ findings: 'Rejected by a person:\nthe header is wrong', bounce: null });
  });

  it('words of a retry stand beside the findings and go with them', () => {
    const world = createWorld('retry: {developer_max: 0}');
    world.drive('R(review)');
    world.verdict(review('### P1\n- one'));
    world.command('retry', 'ET-1', { reason: 'look at a.ts first' });
    expect(world.item()).toMatchObject({
      findings: '### P1\n- one',
      words: 'look at a.ts first',
      bounce: { gate: 'review' },
    });
    world.land();
    expect(world.item().words).toBeNull();
  });

  it('AG-PORT-4: the class and seconds of a run that did not end well are kept until one does', () => {
    const world = createWorld();
    world.drive('R(development)');
    world.end({ class: 'timeout', seconds: 3600, text: 'no end after 3600 s' });
    expect(world.item().lastRun).toEqual({ class: 'timeout', seconds: 3600, text: 'timeout: no end after 3600 s' });
    world.land();
    expect(world.item().lastRun).toBeNull();
  });

  it('AG-PORT-4, PL-K-6: a lost run counts its time since the dispatch', () => {
    const world = createWorld();
    world.drive('R(development)');
    world.tick(90);
    world.lose();
    expect(world.item().lastRun).toMatchObject({ class: 'killed', seconds: 90 });
  });

  it('a run before does not follow the item into another stage', () => {
    const world = createWorld();
    world.drive('R(review)');
    world.end({ class: 'crash', seconds: 5 });
    world.verdict(review('### P1\n- one'));
    expect(world.item()).toMatchObject({ stage: 'development', lastRun: null });
  });

  it.each([
    ['questions are answered', 'only own tracks', 1],
    ['nobody wrote anything', null, 0],
  ])('AR-Q-3: %s: the start carries %j to the writer', (_, reason, count) => {
    const world = createWorld();
    world.drive('R(analysis)');
    world.end({ class: 'auth' });
    const { clarifications } = world.board('start', 1, { reason });
    expect(clarifications).toEqual(
      Array.from({ length: count }, () => ({ item: 'ET-1', at: expect.stringMatching(/^2026-/), text: reason })),
    );
    expect(world.item().findings).toBe(reason);
  });
});

describe('tellWorker', () => {
  it('law: texts stay well-formed and bounded, and never more than three earlier rounds are kept', () => {
    const bounce = {
      gate: 'review',
      code: 'X',
      verdict: 'fail',
      attempt: 1,
      limit: 3,
      round: 1,
      sha: null,
      report: null,
    } as const;
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 50 }),
      fc.constantFrom('😀'.repeat(20_000), `a${'😀'.repeat(20_000)}`),
    );
    const start = createWorld().drive('R(analysis)');
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.option(text), fc.boolean()), { maxLength: 8 }), (told) => {
        const item = structuredClone(start);
        for (const [words, bounced] of told) tellWorker(item, words, bounced ? { ...bounce } : null);
        expect(item.rejections.length).toBeLessThanOrEqual(3);
        for (const kept of [item.findings ?? '', ...item.rejections.map(({ findings }) => findings)]) {
          expect(kept.isWellFormed()).toBe(true);
          expect(kept.length).toBeLessThanOrEqual(24_000);
        }
      }),
      { numRuns: 50 },
    );
  });
});
