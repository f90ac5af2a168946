import { describe, expect, it } from 'vitest';
import { createWorld, holds, owed } from '../../tests/property/kernel-world.ts';
import { blockedBy } from './queue.ts';
import { createDraft } from './draft.ts';

const why = (world: ReturnType<typeof createWorld>, id: string) =>
  blockedBy(createDraft(world.snapshot, world.config, world.now, 'r'), world.item(id));

describe('queue table', () => {
  it('PL-Q9-1: three issues started together: the first runs, the others name it; then each in its order, no deadlock', () => {
    const world = createWorld('limits: {runs: 2}');
    for (const number of [3, 1, 2]) world.board('start', number);
    expect([3, 1, 2].map((number) => world.at(`ET-${number}`))).toEqual([
      'analysis/dispatched',
      'created/queued',
      'created/queued',
    ]);
    expect(why(world, 'ET-1')).toBe('active-item: ET-3 is before it');
    expect(why(world, 'ET-2')).toBe('active-item: ET-3 is before it');
    expect(world.item('ET-1').branch).toBeNull();
    for (const [number, next] of [
      [3, 1],
      [1, 2],
    ] as const) {
      world.drive('done', number);
      expect(world.at(`ET-${next}`)).toBe('analysis/dispatched');
    }
  });

  it('PL-Q9-1: with intake.serial off only the limit holds; ties go to the smaller order', () => {
    const world = createWorld('intake: {serial: false}\nlimits: {runs: 2}');
    for (const number of [4, 3, 2, 1]) world.board('start', number);
    expect([4, 3, 2, 1].map((number) => world.item(`ET-${number}`).activity)).toEqual([
      'dispatched',
      'dispatched',
      'queued',
      'queued',
    ]);
    expect(why(world, 'ET-1')).toBe('limit: 2 of 2 runs are out');
    world.land('ET-4');
    expect(world.at('ET-2')).toBe('analysis/dispatched');
    expect(world.at('ET-1')).toBe('created/queued');
  });

  it('PL-Q9-3: an item held for a person lets the next one pass, unless it is at the edge or intake.park_held is off', () => {
    const world = createWorld('limits: {runs: 1}');
    for (const number of [1, 2]) world.board('start', number);
    world.end({ class: 'auth' });
    expect(world.at()).toBe('analysis/held(agent-unavailable)');
    expect(world.at('ET-2')).toBe('analysis/dispatched');

    const strict = createWorld('intake: {park_held: false}');
    for (const number of [1, 2]) strict.board('start', number);
    strict.end({ class: 'auth' });
    expect(strict.at('ET-2')).toBe('created/queued');
    strict.board('start');
    strict.verdict(holds('analysis-complete', 'ANALYSIS_QUESTIONS'));
    // Questions always let the next one pass. spec: PL-H-5
    expect(strict.at('ET-2')).toBe('analysis/dispatched');

    const edge = createWorld('limits: {runs: 1}');
    for (const number of [1, 2]) edge.board('start', number);
    edge.drive('R(deploy-staging)');
    edge.verdict(holds('staging', 'STG_ENV'));
    expect([edge.at(), edge.at('ET-2')]).toEqual(['deploy-staging/held(infra)', 'created/queued']);
  });

  it('PL-Q9-3: coming back, a parked item keeps its order and waits only for the limit', () => {
    const world = createWorld('limits: {runs: 1}');
    for (const number of [1, 2]) world.board('start', number);
    world.end({ class: 'auth' });
    world.board('start');
    expect(world.at()).toBe('analysis/queued');
    world.land('ET-2');
    expect(world.at()).toBe('analysis/dispatched');
    expect(world.item().order).toBe(1);
  });

  it('row 7: waiting and held items use no run', () => {
    const world = createWorld('intake: {serial: false}\nlimits: {runs: 1}');
    for (const number of [1, 2]) world.board('start', number);
    world.land();
    expect([world.at(), world.at('ET-2')]).toEqual(['analysis/waiting(approval)', 'analysis/dispatched']);
  });

  it('row 0: the finalizer runs beside a full house; row 7 then counts it', () => {
    const world = createWorld('intake: {serial: false}\nlimits: {runs: 1}');
    world.drive('R(initiated)');
    world.board('start', 2);
    expect(world.at('ET-2')).toBe('created/queued');
    world.record('initiated', 'ET-1', { delivery: { attempts: [world.attempt('unknown')] } });
    expect([world.at(), world.at('ET-2')]).toEqual(['deploy/held(deploy-unknown)', 'analysis/dispatched']);
    world.command('recheck');
    expect([world.at(), world.at('ET-2')]).toEqual(['deploy/dispatched', 'analysis/dispatched']);
    world.board('start', 3);
    expect(world.at('ET-3')).toBe('created/queued');
  });

  it('timer: a back-off is waited for, to the millisecond, and frees the run for others meanwhile', () => {
    const world = createWorld('intake: {serial: false}\nlimits: {runs: 1}');
    world.board('start');
    world.board('start', 2);
    world.end({ class: 'transient' });
    expect([world.at(), world.at('ET-2')]).toEqual(['analysis/queued', 'analysis/dispatched']);
    world.land('ET-2');
    world.later(59.9);
    expect(world.at()).toBe('analysis/queued');
    world.later(0.1);
    expect(world.at()).toBe('analysis/dispatched');
  });

  it('PL-D-7: the branch is cut at admission, once, in the decision that dispatches', () => {
    const world = createWorld('limits: {runs: 1}');
    world.board('start', 1);
    const second = world.board('start', 2);
    expect(second.cuts).toEqual([]);
    const freed = world.board('cancel', 1);
    expect(freed.cuts).toEqual([{ item: 'ET-2' }]);
    expect(owed(world.item('ET-2'))).toContain('dispatch');
    world.end({ class: 'crash' }, 'ET-2');
    expect(world.later().cuts).toEqual([]);
  });

  it('design §3: a decision about nothing changes nothing', () => {
    const world = createWorld();
    world.drive('R(review)');
    const decision = world.later(60);
    expect(decision).toMatchObject({
      changed: false,
      lines: [],
      cuts: [],
      answers: [{ event: 'clock', applied: false, rule: 'I-INFO' }],
    });
  });

  it('design §11: the cost of a decision grows with the length of the queue, not with its square', () => {
    // Counted, not timed: each live item's activity is read a bounded number of times.
    const world = createWorld('limits: {runs: 1}');
    world.drive('R(review)', 1);
    const items = new Map(world.snapshot.items);
    let reads = 0;
    for (let number = 2; number <= 1000; number += 1) {
      const waiting = {
        ...world.item('ET-1'),
        id: `ET-${number}`,
        issue: `i${number}`,
        order: number,
        stage: 'created' as const,
        token: null,
        dispatch: null,
      };
      Object.defineProperty(waiting, 'activity', { enumerable: true, get: () => ((reads += 1), 'queued') });
      items.set(waiting.id, waiting);
    }
    world.snapshot = { repo: { ...world.snapshot.repo, order: 1000 }, items };
    expect(world.ask({ type: 'clock' }).changed).toBe(false);
    expect(reads).toBeLessThan(1000 * 10);
  });
});
