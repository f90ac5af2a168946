import { describe, expect, it } from 'vitest';
import {
  PATH,
  type Place,
  createWorld,
  errs,
  fails,
  holds,
  owed,
  passOf,
  sha,
} from '../../tests/property/kernel-world.ts';

const beforeLanding = PATH.filter((place) => !place.startsWith('W(') && place !== 'done');

describe('run lost', () => {
  it.each(beforeLanding)('PL-K-6: at %s the stage goes on with a new token, at no developer retry', (place) => {
    const world = createWorld();
    world.drive(place);
    const before = world.item();
    expect(world.lose().answers).toMatchObject([{ applied: true, rule: 'PL-K-6' }]);
    const item = world.item();
    const mode = /initiated|deployed|landing/.test(place)
      ? 'finalize'
      : place === 'R(deploy-staging)'
        ? 'resume'
        : 'work';
    expect(item).toMatchObject({
      stage: before.stage,
      activity: 'dispatched',
      mode,
      head: before.head,
      counters: { run: 1, developer: 0 },
    });
    expect(item.token).not.toBe(before.token);
  });

  it('pipeline §8.1: two lost runs are repeated, the third holds; loss of an old token is I-RUN', () => {
    const world = createWorld();
    world.drive('R(review)');
    const { token } = world.item();
    world.lose();
    expect(world.feed({ type: 'run.lost', item: 'ET-1', token: token!, text: 'x' }).answers).toMatchObject([
      { applied: false, rule: 'I-RUN' },
    ]);
    expect(world.feed({ type: 'run.lost', item: 'ET-9', token: token!, text: 'x' }).answers).toMatchObject([
      { rule: 'I-NOITEM' },
    ]);
    world.lose();
    world.lose();
    expect(world.at()).toBe('review/held(agent-failed)');
    expect(world.item().hold?.cause).toBe('RUN_LOST');
  });

  it('PL-Q9-6: a lost run of deploy-staging gives the slot back', () => {
    const world = createWorld();
    world.drive('W(confirm)', 2);
    world.drive('W(slot)');
    world.land();
    world.board('reject', 2);
    expect(world.snapshot.repo.slot).toMatchObject({ item: 'ET-1' });
    expect(world.at()).toBe('deploy-staging/dispatched');
    world.lose();
    expect(world.snapshot.repo.slot).toBeNull();
    expect(world.item()).toMatchObject({ stage: 'deploy-staging', activity: 'dispatched', mode: 'resume' });
  });

  it.each([
    ['R(initiated)', 'deploy-unknown'],
    ['R(deployed)', 'not-landed'],
    ['R(landing)', 'not-landed'],
  ] as const)(
    'PL-K-6: runs lost again and again at %s hold %s with the slot kept; recheck leads on',
    (place, reason) => {
      const world = createWorld();
      world.drive(place);
      for (let n = 0; n < 3; n += 1) world.lose();
      expect(world.at()).toBe(`deploy/held(${reason})`);
      expect(world.snapshot.repo.slot).toMatchObject({ item: 'ET-1' });
      world.command('recheck');
      expect(world.item()).toMatchObject({ activity: 'dispatched', mode: 'finalize', counters: { run: 0 } });
    },
  );
});

describe('preflight failed', () => {
  it.each([
    ['config', 'config-invalid'],
    ['auth', 'agent-unavailable'],
  ] as const)('AG-PRE-2: %s holds %s at once', (cause, reason) => {
    const world = createWorld();
    world.drive('R(review)');
    const event = {
      type: 'preflight.failed',
      item: 'ET-1',
      token: world.item().token!,
      run: '1',
      cause,
      text: 'no',
    } as const;
    expect(world.ask({ ...event, token: 'x' }).answers).toMatchObject([{ rule: 'I-RUN' }]);
    world.feed(event);
    expect(world.at()).toBe(`review/held(${reason})`);
    expect(world.item().counters).toMatchObject({ run: 0, developer: 0 });
  });

  it.each([
    ['transient', 6, 'agent-unavailable'],
    ['infra', 3, 'infra'],
  ] as const)(
    'AG-PRE-2: %s hands the item back %i times, uncounted as a run, then holds %s',
    (cause, times, reason) => {
      const world = createWorld();
      world.drive('R(review)');
      const refuse = () =>
        world.feed({ type: 'preflight.failed', item: 'ET-1', token: world.item().token!, run: '1', cause, text: 'no' });
      for (let n = 0; n < times; n += 1) {
        refuse();
        expect(world.at()).toBe('review/queued');
        world.later(900);
        expect(world.at()).toBe('review/dispatched');
      }
      refuse();
      expect(world.at()).toBe(`review/held(${reason})`);
      expect(world.item().counters.run).toBe(0);
    },
  );
});

describe('CI judged', () => {
  it('G-CI-5: pass → review, fail → developer, silence → hold that a late result ends', () => {
    const world = createWorld();
    world.drive('W(ci)');
    world.ci(holds('ci', 'CI_SILENT'));
    expect(world.at()).toBe('development/held(ci-silent)');
    expect(world.ci(holds('ci', 'CI_STUCK')).answers).toMatchObject([{ rule: 'I-INFO' }]);
    world.ci(fails('ci', 'CI_RED'));
    expect(world.at()).toBe('development/dispatched');
    world.land();
    expect(world.ci(passOf('ci')).answers).toMatchObject([{ applied: true, rule: 'G-CI-5' }]);
    expect(world.item()).toMatchObject({ stage: 'review', gates: { ci: { verdict: 'pass', sha: world.item().head } } });
  });

  it.each([
    ['pending', holds('ci', 'CI_PENDING')],
    ['a re-run', holds('ci', 'CI_RERUN_PENDING')],
    ['an unreadable forge', errs('ci', 'CI_API_ERROR')],
    ['a verdict of another gate', passOf('review')],
  ])('G-GEN-1: %s moves nothing and writes nothing', (_name, verdict) => {
    const world = createWorld();
    world.drive('W(ci)');
    const before = world.item();
    const decision = world.ci(verdict);
    expect(decision.answers).toMatchObject([{ applied: false, rule: 'I-INFO' }]);
    expect(decision.changed).toBe(false);
    expect(world.item()).toBe(before);
  });

  it('pipeline §3.3: another commit is I-SHA, another state I-STAGE, a finished item I-TERMINAL, none I-NOITEM', () => {
    const world = createWorld();
    world.drive('W(ci)');
    expect(world.ci(passOf('ci'), 'ET-1', sha('old')).answers).toMatchObject([{ rule: 'I-SHA' }]);
    expect(world.ci(passOf('ci'), 'ET-7', sha('old')).answers).toMatchObject([{ rule: 'I-NOITEM' }]);
    for (const place of PATH.filter((name) => name !== 'W(ci)' && name !== 'done')) {
      const other = createWorld();
      other.drive(place);
      expect([place, other.ci(passOf('ci')).answers[0]?.rule]).toEqual([place, 'I-STAGE']);
    }
    world.drive('done');
    expect(world.ci(passOf('ci')).answers).toMatchObject([{ rule: 'I-TERMINAL' }]);
  });
});

describe('push by somebody else', () => {
  const head = sha('foreign');
  const moved = (item = 'ET-1') => ({ type: 'branch.moved', item, head }) as const;

  it.each([
    ['R(analysis)', 'analysis/dispatched', true],
    ['W(approval)', 'analysis/dispatched', true],
    ['R(architecture)', 'architecture/dispatched', true],
    ['R(development)', 'development/dispatched', true],
    ['W(ci)', 'development/waiting(ci)', false],
    ['R(review)', 'development/waiting(ci)', false],
    ['R(testing)', 'development/waiting(ci)', false],
    ['R(deploy-staging)', 'development/waiting(ci)', false],
    ['W(confirm)', 'development/waiting(ci)', false],
    ['R(approved)', 'development/waiting(ci)', false],
  ] as const satisfies readonly (readonly [Place, string, boolean])[])(
    'pipeline §3.3: at %s → %s, no retry burned, nothing of the old head counts',
    (place, after, again) => {
      const world = createWorld();
      world.drive(place);
      const before = world.item();
      const late = before.token === null ? null : world.landed();
      expect(world.feed(moved()).answers).toMatchObject([{ applied: true, rule: 'PL-P-4' }]);
      expect(world.at()).toBe(after);
      const item = world.item();
      expect(item).toMatchObject({ head, counters: { developer: 0, run: 0 } });
      expect(item.token === null || item.token !== before.token).toBe(true);
      if (late !== null) expect(world.feed(late).answers).toMatchObject([{ rule: 'I-RUN' }]);
      if (!again) {
        expect(['ci', 'review', 'tests', 'staging', 'deploy', 'landed'].filter((gate) => gate in item.gates)).toEqual(
          [],
        );
        expect(owed(item)).toContain('pull-request');
        if (item.delivery !== null) expect(item.delivery).toMatchObject({ request: null, approved: null });
      }
      expect(world.snapshot.repo.slot).toBeNull();
      expect(world.feed(moved()).answers).toMatchObject([{ applied: false, rule: 'I-INFO' }]);
    },
  );

  it('pipeline §3.3: a held item of development waits for CI of the new head; a held analyst only learns the head', () => {
    const world = createWorld();
    world.drive('W(ci)');
    world.ci(fails('ci', 'CI_RED'));
    world.land();
    world.ci(fails('ci', 'CI_RED'));
    world.feed(moved());
    expect(world.at()).toBe('development/waiting(ci)');
    const analyst = createWorld();
    analyst.drive('R(analysis)');
    analyst.verdict(holds('analysis-complete', 'ANALYSIS_QUESTIONS'));
    analyst.feed(moved());
    expect(analyst.at()).toBe('analysis/held(questions)');
    expect(analyst.item().head).toBe(head);
  });

  it('pipeline §3.3: a developer that waits for its turn keeps it', () => {
    const world = createWorld('intake: {serial: false}\nlimits: {runs: 1}');
    world.drive('R(development)');
    world.end({ class: 'transient' });
    world.feed(moved());
    expect(world.at()).toBe('development/queued');
    world.later(60);
    expect(world.at()).toBe('development/dispatched');
    expect(world.item().head).toBe(head);
  });

  it('G-CI-9: where the run of the developer judges CI, the developer takes the new head over', () => {
    const world = createWorld('ci: {mode: local}');
    world.drive('R(development)');
    world.land('ET-1', { verdicts: [passOf('ci')] });
    world.feed(moved());
    expect(world.item()).toMatchObject({ stage: 'development', activity: 'dispatched', head });
  });

  it('pipeline §3.3: nothing happens in the critical window, to a finished item or to one without a branch', () => {
    const world = createWorld();
    world.drive('R(initiated)');
    expect(world.feed(moved()).answers).toMatchObject([{ rule: 'I-CRITICAL' }]);
    world.drive('done');
    expect(world.feed(moved()).answers).toMatchObject([{ rule: 'I-INFO' }]);
    expect(world.feed(moved('ET-7')).answers).toMatchObject([{ rule: 'I-NOITEM' }]);
    const waiting = createWorld('limits: {runs: 1}');
    waiting.board('start', 2);
    waiting.board('start', 1);
    expect(waiting.feed(moved()).answers).toMatchObject([{ rule: 'I-INFO' }]);
    expect(waiting.at()).toBe('created/queued');
  });
});

describe('pull merged and holds from outside', () => {
  it.each(PATH.filter((place) => !/initiated|deployed|landing|done/.test(place)))(
    'G-LND-9: merged by hand at %s holds and ends its run',
    (place) => {
      const world = createWorld();
      world.drive(place);
      world.feed({ type: 'pull.merged', item: 'ET-1', number: 3, mergeCommit: sha('m') });
      expect(world.item()).toMatchObject({ activity: 'held', token: null, hold: { code: 'merged-outside' } });
      expect(world.item().stage).not.toBe('done');
      expect(world.feed({ type: 'pull.merged', item: 'ET-1', number: 3, mergeCommit: sha('m') }).answers).toMatchObject(
        [{ rule: 'I-DUP' }],
      );
    },
  );

  it('PL-P-6: in the critical window the landing proves it; a finished item is left alone', () => {
    const world = createWorld();
    world.drive('R(landing)');
    const before = world.item();
    expect(world.feed({ type: 'pull.merged', item: 'ET-1', number: 3, mergeCommit: null }).answers).toMatchObject([
      { rule: 'I-CRITICAL' },
    ]);
    expect(world.item()).toBe(before);
    world.drive('done');
    expect(world.feed({ type: 'pull.merged', item: 'ET-1', number: 3, mergeCommit: null }).answers).toMatchObject([
      { rule: 'I-TERMINAL' },
    ]);
  });

  it('PL-R-9: a cause from outside lets a running run land first and never touches the critical window', () => {
    const event = { type: 'held.outside', item: 'ET-1', hold: 'branch-gone', text: 'gone' } as const;
    for (const place of PATH) {
      const world = createWorld();
      world.drive(place);
      const before = world.item();
      const { applied } = world.feed(event).answers[0]!;
      expect([place, applied]).toEqual([place, before.activity === 'waiting']);
      if (!applied) {
        expect(world.item()).toBe(before);
        continue;
      }
      expect(world.item().hold?.code).toBe('branch-gone');
      expect(world.item().stage).not.toBe('deploy');
      expect(world.feed(event).answers).toMatchObject([{ rule: 'I-INFO' }]);
      world.command('retry');
      expect(world.item().activity).toBe('dispatched');
    }
  });
});
