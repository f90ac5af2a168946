import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Place,
  type World,
  createWorld,
  errs,
  fails,
  holds,
  owed,
  passOf,
  settleEffects,
} from '../../tests/property/kernel-world.ts';
import { backoffS, fingerprint, holdReason } from './retries.ts';
import { STAGE_TABLE } from './stages.ts';
import { HOLD_REASONS, type HoldReason } from './state.ts';
import type { OutcomeClass } from './outcome.ts';

/** Lets the back-off pass; answers how long it was, in seconds. */
function waitOut(world: World, id = 'ET-1'): number {
  const { notBefore } = world.item(id);
  const wait = notBefore === null ? 0 : (Date.parse(notBefore) - world.now.getTime()) / 1000;
  if (wait > 0) {
    world.later(wait - 0.001);
    expect(world.item(id).activity).toBe('queued');
    world.later(0.001);
  }
  return wait;
}

describe('pipeline §8.1 outcome classes', () => {
  it('PL-R-1: three developer relaunches, the fourth red holds; the first implementation run is not counted', () => {
    const world = createWorld();
    world.drive('W(ci)');
    for (const n of [1, 2, 3]) {
      world.ci(fails('ci', 'CI_RED', `fault ${'abc'[n]}`));
      expect(world.at()).toBe('development/dispatched');
      expect(world.item().counters.developer).toBe(n);
      expect(world.item().bounce).toMatchObject({ attempt: n, limit: 3, gate: 'ci', code: 'CI_RED' });
      world.land();
    }
    world.ci(fails('ci', 'CI_RED', 'fault z'));
    expect(world.at()).toBe('development/held(retries-exhausted)');
    expect(world.item().hold).toMatchObject({ cause: 'CI_RED' });
    expect(world.item().counters.developer).toBe(3);
    expect(world.item().bounce).toMatchObject({ attempt: 3, limit: 3 });
  });

  it('G-GEN-2: one budget for all gates of a life', () => {
    const world = createWorld();
    world.drive('R(review)');
    world.verdict(fails('review', 'REVIEW_CHANGES', 'names'));
    expect(world.at()).toBe('development/dispatched');
    world.drive('R(testing)');
    world.verdict(fails('tests', 'TESTS_FAILED', 'two fail'));
    world.drive('R(deploy-staging)');
    world.verdict(fails('staging', 'STG_FAILED', 'C1'));
    expect(world.item()).toMatchObject({ stage: 'development', activity: 'dispatched', counters: { developer: 3 } });
    world.drive('R(review)');
    world.verdict(fails('review', 'REVIEW_CHANGES', 'other'));
    expect(world.at()).toBe('development/held(retries-exhausted)');
  });

  it('PL-R-4, G-GEN-3: the same red twice holds no-progress, though numbers, paths, hashes and times differ', () => {
    const world = createWorld();
    world.drive('W(ci)');
    world.ci(fails('ci', 'CI_RED', 'test a fails at src/a.ts:12 in 31 ms on 0123abcd'));
    world.land();
    world.ci(fails('ci', 'CI_RED', 'test a fails at lib/a.ts:99 in 7 ms on 99fedcba'));
    expect(world.at()).toBe('development/held(no-progress)');
    expect(world.item().counters).toMatchObject({ developer: 1, noProgress: 2 });
  });

  it('PL-R-4: the same red of a later gate counts although earlier gates passed in between; another red begins anew', () => {
    const world = createWorld();
    world.drive('R(review)');
    world.verdict(fails('review', 'REVIEW_CHANGES', 'names'));
    world.drive('R(review)');
    world.verdict(fails('review', 'REVIEW_CHANGES', 'names'));
    expect(world.at()).toBe('development/held(no-progress)');
    const other = createWorld();
    other.drive('R(review)');
    other.verdict(fails('review', 'REVIEW_CHANGES', 'names'));
    other.land();
    other.ci(fails('ci', 'CI_RED', 'x'));
    other.drive('R(review)');
    other.verdict(fails('review', 'REVIEW_CHANGES', 'names'));
    expect(other.at()).toBe('development/dispatched');
  });

  it('PL-R-4: a developer run that changed nothing counts; 0 switches the rule off and the count of runs ends it', () => {
    const world = createWorld();
    world.drive('R(development)');
    world.end({ class: 'no-change' });
    expect(world.item()).toMatchObject({ activity: 'dispatched', counters: { noProgress: 1, developer: 0 } });
    world.end({ class: 'no-change' });
    expect(world.at()).toBe('development/held(no-progress)');
    const off = createWorld('retry: {same_fingerprint_max: 0}');
    off.drive('R(development)');
    for (let run = 0; run < 2; run += 1) {
      off.end({ class: 'no-change' });
      expect(off.at()).toBe('development/dispatched');
    }
    off.end({ class: 'no-change' });
    expect(off.at()).toBe('development/held(agent-failed)');
    off.command('retry');
    off.land();
    for (const n of [1, 2, 3]) {
      off.ci(fails('ci', 'CI_RED', 'same'));
      expect(off.item().counters.developer).toBe(n);
      off.land();
    }
  });

  it('PL-R-4: more than 20 stage entries in a life hold loop; a person leads on, and it does not stop the item again', () => {
    const world = createWorld('intake: {serial: false}\nretry: {entries_max: 4, developer_max: 20}');
    world.drive('R(review)');
    expect(world.item().counters.entries).toBe(4);
    world.land();
    expect(world.item()).toMatchObject({
      stage: 'testing',
      activity: 'held',
      hold: { code: 'loop', cause: 'entries' },
    });
    world.board('approve');
    expect(world.item()).toMatchObject({ stage: 'testing', activity: 'dispatched', counters: { entries: 0 } });
    world.land();
    expect(world.at()).toBe('deploy-staging/dispatched');
    const endless = createWorld('retry: {entries_max: 0}');
    endless.drive('R(review)');
    for (let turn = 0; turn < 30; turn += 1) {
      endless.board('reject');
      endless.drive('R(review)');
    }
    expect(endless.at()).toBe('review/dispatched');
  });

  it('PL-R-4: entries are counted at the edge too, so that expiring requests do not go on for ever', () => {
    const world = createWorld();
    world.drive('W(confirm)');
    let asked = 1;
    while (world.item().hold === null && asked < 100) {
      world.later(24 * 3600 + 1);
      expect(world.at()).toBe('deploy-staging/dispatched');
      world.land();
      asked += 1;
    }
    expect(world.item()).toMatchObject({ stage: 'deploy-staging', hold: { code: 'loop' } });
    expect(world.snapshot.repo.slot).toBeNull();
    expect(asked).toBeLessThanOrEqual(20);
  });

  it('G-ARC-1: two conflicts of the architect go to the analyst with the text, the third holds loop', () => {
    const world = createWorld();
    for (const n of [1, 2]) {
      world.drive('R(architecture)');
      world.land('ET-1', {
        verdicts: [fails('architecture', 'ARCH_CONFLICT', 'short')],
        message: `requirement ${n} contradicts`,
      });
      expect(world.item()).toMatchObject({
        stage: 'analysis',
        activity: 'dispatched',
        approval: null,
        findings: `requirement ${n} contradicts`,
        counters: { conflict: n, developer: 0 },
      });
    }
    world.drive('R(architecture)');
    world.land('ET-1', { verdicts: [fails('architecture', 'ARCH_CONFLICT', 'short')] });
    expect(world.at()).toBe('architecture/held(loop)');
    world.command('retry');
    world.verdict(fails('architecture', 'ARCH_CONFLICT', 'short'));
    expect(world.at()).toBe('analysis/dispatched');
  });

  it('PL-R-2, INF of gates §1: judged again after 60, 120 and 240 s, then held; no retry, no rollback', () => {
    const world = createWorld();
    world.drive('R(testing)');
    const waits: number[] = [];
    for (let n = 0; n < 3; n += 1) {
      world.verdict(errs('tests', 'TESTS_TOOL_ERROR'));
      expect(world.at()).toBe('testing/queued');
      waits.push(waitOut(world));
      expect(world.at()).toBe('testing/dispatched');
    }
    world.verdict(errs('tests', 'TESTS_TOOL_ERROR'));
    expect(waits).toEqual([60, 120, 240]);
    expect(world.at()).toBe('testing/held(infra)');
    expect(world.item().counters).toMatchObject({ developer: 0, run: 0, infra: { tests: 3 } });
    expect(world.item().hold).toMatchObject({ cause: 'TESTS_TOOL_ERROR' });
  });

  it('pipeline §8.1: infra back-off ends at the cap', () => {
    const world = createWorld('retry: {infra_max: 6}');
    world.drive('R(testing)');
    const waits: number[] = [];
    for (let n = 0; n < 6; n += 1) {
      world.verdict(errs('tests', 'TESTS_TOOL_ERROR'));
      waits.push(waitOut(world));
    }
    expect(waits).toEqual([60, 120, 240, 480, 600, 600]);
  });

  it('pipeline §8.1: each gate has its own infra counter, and a pass resets it', () => {
    const world = createWorld();
    world.drive('R(testing)');
    world.verdict(errs('tests', 'TESTS_TOOL_ERROR'));
    waitOut(world);
    world.end({ class: 'infra', cause: 'BRANCH_MOVED' });
    expect(world.item().counters.infra).toEqual({ tests: 1, work: 1 });
    waitOut(world);
    world.land();
    expect(world.item()).toMatchObject({ stage: 'deploy-staging', counters: { infra: {}, run: 0, transient: 0 } });
  });

  it('pipeline §8.1: six transient failures wait 60 s·2ⁿ up to 900 s, the seventh holds agent-unavailable', () => {
    const world = createWorld();
    world.drive('R(review)');
    const waits: number[] = [];
    for (let n = 0; n < 6; n += 1) {
      world.end({ class: 'transient' });
      waits.push(waitOut(world));
    }
    world.end({ class: 'transient' });
    expect(waits).toEqual([60, 120, 240, 480, 900, 900]);
    expect(world.at()).toBe('review/held(agent-unavailable)');
    expect(world.item().counters).toMatchObject({ run: 0, developer: 0 });
  });

  it.each([
    ['crash', 'agent-failed', 2],
    ['timeout', 'agent-failed', 2],
    ['killed', 'agent-failed', 2],
    ['garbage', 'agent-failed', 2],
    ['invalid', 'agent-failed', 2],
    ['scope', 'agent-failed', 2],
    ['cancelled', 'agent-failed', 2],
    ['auth', 'agent-unavailable', 0],
    ['usage-limit', 'agent-unavailable', 0],
    ['config', 'config-invalid', 0],
    ['budget', 'budget', 0],
    ['infra', 'infra', 3],
    ['transient', 'agent-unavailable', 6],
  ] as const satisfies readonly (readonly [OutcomeClass, HoldReason, number])[])(
    'AG-OUT-1: %s ends in hold %s after %i repeats, at no developer retry',
    (outcome, reason, repeats) => {
      const world = createWorld();
      world.drive('R(review)');
      for (let n = 0; n < repeats; n += 1) {
        world.end({ class: outcome });
        waitOut(world);
        expect(world.at()).toBe('review/dispatched');
      }
      world.end({ class: outcome });
      expect(world.at()).toBe(`review/held(${reason})`);
      expect(world.item().counters.developer).toBe(0);
    },
  );

  it('pipeline §8.1: the run budget belongs to one stage entry', () => {
    const world = createWorld();
    world.drive('R(review)');
    world.end({ class: 'crash' });
    world.end({ class: 'crash' });
    expect(world.item().counters.run).toBe(2);
    world.land();
    expect(world.item()).toMatchObject({ stage: 'testing', counters: { run: 0 } });
  });

  it.each([
    ['R(analysis)', 'analysis-complete', 'ANALYSIS_EMPTY', 1, 'analysis-empty'],
    ['R(architecture)', 'architecture', 'ARCH_EMPTY', 1, 'agent-failed'],
    ['R(review)', 'review', 'REVIEW_NOT_JUDGED', 2, 'agent-failed'],
    ['R(review)', 'review', 'REVIEW_STALE', 2, 'agent-failed'],
  ] as const)('RERUN of gates §1: %s %s %s is repeated %i times, then %s', (place, gate, code, repeats, reason) => {
    const world = createWorld();
    world.drive(place);
    for (let n = 0; n < repeats; n += 1) {
      world.verdict(errs(gate, code, 'rerun'));
      expect(world.item()).toMatchObject({ activity: 'dispatched', counters: { run: n + 1, developer: 0 } });
    }
    world.verdict(errs(gate, code, 'rerun'));
    expect(world.item().hold).toMatchObject({ code: reason, cause: code });
  });
});

describe('pipeline §8.2 rollback per gate', () => {
  it.each([
    ['W(ci)', 'ci', 'CI_RED'],
    ['R(review)', 'review', 'REVIEW_CHANGES'],
    ['R(review)', 'review', 'DOCS_MISSING'],
    ['R(testing)', 'tests', 'TESTS_FAILED'],
    ['R(deploy-staging)', 'staging', 'STG_FAILED'],
  ] as const)(
    'PL-R-3, PL-R-7: at %s gate %s %s → developer again with the findings, verdicts of later gates gone',
    (place, gate, code) => {
      const world = createWorld();
      world.drive(place);
      settleEffects(world);
      const verdict = { ...fails(gate, code), findings: 'P0 first\n- second: 12 of 13\n' };
      if (gate === 'ci') world.ci(verdict);
      else world.verdict(verdict);
      const item = world.item();
      expect(item).toMatchObject({
        stage: 'development',
        activity: 'dispatched',
        counters: { developer: 1 },
        findings: 'P0 first\n- second: 12 of 13\n',
      });
      expect(item.bounce).toMatchObject({ gate, code, attempt: 1, limit: 3 });
      expect(Object.keys(item.gates).filter((name) => /^(ci|review|tests|staging|deploy|landed)$/.test(name))).toEqual(
        [],
      );
      expect(owed(item)).toEqual(
        expect.arrayContaining([`conveyor/${gate}=fail`, 'comment:gate_failed', 'dispatch', 'tracker-status']),
      );
      expect(item.approval).not.toBeNull();
    },
  );

  it.each([
    ['DEPLOY_FAILED', 'R(deployed)'],
    ['DEPLOY_ROLLBACK_FAILED', 'R(deployed)'],
  ] as const)(
    'G-DPL-3…4: %s → development, held deploy-failed, nothing is relaunched, slot free, marks of the pass gone',
    (code, place) => {
      const world = createWorld();
      world.drive(place);
      world.verdict(fails('deploy', code, 'not healthy', 'dev!'));
      expect(world.at()).toBe('development/held(deploy-failed)');
      expect(world.item()).toMatchObject({
        counters: { developer: 0 },
        findings: 'not healthy',
        delivery: { phase: 'failed', request: null, approved: null, land: null },
      });
      expect(world.snapshot.repo.slot).toBeNull();
      expect(world.item().token).toBeNull();
      for (const way of ['approve', 'reject'] as const) {
        const next = createWorld();
        next.snapshot = world.snapshot;
        next.tick(3600);
        expect(next.board(way).answers).toMatchObject([{ applied: true }]);
      }
      // A second deploy is a new pass with a new confirmation. spec: delivery §7
      world.command('retry');
      world.land();
      world.drive('W(confirm)');
      expect(world.item().delivery).toMatchObject({
        pass: 2,
        phase: 'requested',
        request: { n: 1 },
        approved: null,
        attempts: [],
      });
    },
  );

  it('G-DPL-3: a failed deploy stays a failed deploy also when the life has had too many entries', () => {
    const world = createWorld('retry: {entries_max: 7}');
    world.drive('R(deployed)');
    expect(world.item().counters.entries).toBe(7);
    world.verdict(fails('deploy', 'DEPLOY_FAILED', 'x', 'dev!'));
    expect(world.at()).toBe('development/held(deploy-failed)');
  });

  it('pipeline §8.2: landed, PR and merge trouble hold in place: no rollback, no retry, slot kept', () => {
    for (const [code, reason] of [
      ['NOT_LANDED', 'not-landed'],
      ['LANDED_TREE_MISMATCH', 'not-landed'],
      ['LANDED_BASE_MOVED', 'not-landed'],
      ['PR_CREATE_FAILED', 'pr-create-failed'],
      ['MERGE_REFUSED', 'merge-refused'],
    ] as const) {
      const world = createWorld();
      world.drive('R(landing)');
      world.land('ET-1', { verdicts: [passOf('deploy'), holds('landed', code)] });
      expect(world.at()).toBe(`deploy/held(${reason})`);
      expect(world.item().counters.developer).toBe(0);
      expect(world.snapshot.repo.slot).toMatchObject({ item: 'ET-1' });
    }
  });
});

describe('pipeline §8.4', () => {
  const TABLE: Readonly<Record<HoldReason, readonly string[]>> = {
    questions: ['ANALYSIS_QUESTIONS'],
    'analysis-empty': ['ANALYSIS_EMPTY'],
    'ci-silent': ['CI_SILENT', 'CI_STUCK', 'CI_NEVER_REPORTED', 'CI_ALL_SKIPPED', 'CI_SHA_UNKNOWN'],
    'agent-failed': ['ARCH_EMPTY', 'REVIEW_NOT_JUDGED', 'REVIEW_STALE'],
    'report-untrusted': ['REPORT_UNTRUSTED'],
    infra: [
      'CI_API_ERROR',
      'TESTS_TOOL_ERROR',
      'TESTS_TIMEOUT',
      'TESTS_NOT_JUDGED',
      'STG_ENV',
      'STG_TRANSIENT',
      'STG_WRONG_REVISION',
      'STG_NOT_JUDGED',
      'DEPLOY_NOT_STARTED',
      'DEPLOY_GUARD',
      'REPORT_READBACK',
      'REVIEW_INTERNAL',
      'MERGE_BASE_MOVING',
      'SOMETHING_NEW',
    ],
    'config-invalid': ['GATE_NO_PRODUCER'],
    'deploy-failed': ['DEPLOY_FAILED', 'DEPLOY_ROLLBACK_FAILED'],
    'deploy-unknown': ['DEPLOY_UNKNOWN'],
    'not-landed': ['NOT_LANDED', 'LANDED_TREE_MISMATCH', 'LANDED_BASE_MOVED'],
    'merged-outside': ['LANDED_OUT_OF_BAND'],
    'pr-create-failed': ['PR_CREATE_FAILED'],
    'merge-refused': ['MERGE_REFUSED'],
    'agent-unavailable': [],
    'retries-exhausted': [],
    'no-progress': [],
    loop: [],
    budget: [],
    'tracker-gone': [],
    'branch-gone': [],
  };
  it('every verdict code has its hold reason, and none is lost', () => {
    for (const [reason, codes] of Object.entries(TABLE))
      for (const code of codes) expect([code, holdReason(code)]).toEqual([code, reason]);
    expect(Object.keys(TABLE).sort()).toEqual([...HOLD_REASONS].sort());
  });

  it('a hold keeps code and text of the verdict and is explained once', () => {
    const world = createWorld();
    world.drive('W(ci)');
    world.ci(holds('ci', 'CI_SILENT'));
    expect(world.item().hold).toMatchObject({ code: 'ci-silent', cause: 'CI_SILENT', text: 'CI_SILENT happened' });
    expect(owed(world.item()).filter((name) => name === 'comment:held')).toHaveLength(1);
    world.ci(passOf('ci'));
    expect(world.at()).toBe('review/dispatched');
  });

  it('PL-P-4: codes that wait are no holds', () => {
    const world = createWorld();
    world.drive('R(analysis)');
    world.land('ET-1', { verdicts: [passOf('analysis-complete'), holds('analysis-approved', 'APPROVAL_PENDING')] });
    expect(world.at()).toBe('analysis/waiting(approval)');
    world.drive('R(development)');
    world.land('ET-1', { verdicts: [holds('ci', 'CI_PENDING')] });
    expect(world.at()).toBe('development/waiting(ci)');
    world.drive('R(review)');
    world.verdict(holds('review', 'CI_PENDING'));
    expect(world.at()).toBe('review/held(infra)');
  });
});

describe('PL-R-6', () => {
  const ruined = { developer: 3, run: 2, infra: { tests: 3 }, transient: 6, noProgress: 2, conflict: 2, entries: 20 };
  it.each([
    ['Rejected', (world: World) => world.board('reject')],
    ['retry', (world: World) => world.command('retry')],
    ['push', (world: World) => world.feed({ type: 'branch.moved', item: 'ET-1', head: 'ab'.repeat(20) })],
  ])('%s opens fresh budgets', (_name, act) => {
    const world = createWorld();
    world.drive('W(ci)');
    world.ci(holds('ci', 'CI_SILENT'));
    world.snapshot = {
      repo: world.snapshot.repo,
      items: new Map([['ET-1', { ...world.item(), counters: ruined, fingerprint: 'abc' }]]),
    };
    act(world);
    const { entries, ...counters } = world.item().counters;
    expect(counters).toEqual({ developer: 0, run: 0, infra: {}, transient: 0, noProgress: 0, conflict: 0 });
    expect(entries).toBeLessThanOrEqual(1);
    expect(world.item()).toMatchObject({ fingerprint: null, hold: null });
  });

  it.each([
    'R(analysis)',
    'R(architecture)',
    'R(review)',
    'R(testing)',
    'R(deploy-staging)',
  ] as const satisfies readonly Place[])(
    'a pass at %s resets run, infra, transient and noProgress, not the developer budget',
    (place) => {
      const world = createWorld();
      world.drive(place);
      world.snapshot = {
        repo: world.snapshot.repo,
        items: new Map([['ET-1', { ...world.item(), counters: { ...ruined, entries: 3 } }]]),
      };
      world.land();
      if (place === 'R(analysis)') world.board('approve');
      expect(world.item().counters).toEqual({ ...ruined, run: 0, infra: {}, transient: 0, noProgress: 0, entries: 4 });
    },
  );
});

describe('fingerprint and back-off', () => {
  it('G-GEN-3: numbers, paths, hashes, times and white space make no difference; gate, code and words do', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.nat(),
        fc.stringMatching(/^[0-9a-f]{7,40}$/),
        fc.stringMatching(/^[a-z]{1,8}$/),
        (a, b, hash, folder) => {
          const text = (n: number, path: string, commit: string) => `login fails\n at ${path} after ${n} ms ${commit}`;
          expect(fingerprint('ci', 'CI_RED', text(a, `${folder}/x.ts:${a}`, hash))).toBe(
            fingerprint('ci', 'CI_RED', text(b, `lib/y.ts:${b}`, '0123456')),
          );
        },
      ),
    );
    const print = fingerprint('ci', 'CI_RED', 'login fails');
    for (const other of [
      fingerprint('review', 'CI_RED', 'login fails'),
      fingerprint('ci', 'CI_STUCK', 'login fails'),
      fingerprint('ci', 'CI_RED', 'logout fails'),
    ])
      expect(other).not.toBe(print);
  });

  it('pipeline §8.1: the delay doubles, never exceeds the cap and never overflows', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 600 }),
        fc.nat({ max: 10_000 }),
        fc.integer({ min: 600, max: 86_400 }),
        (base, failures, cap) => {
          const delay = backoffS(base, failures, cap);
          expect(delay).toBe(Math.min(base * 2 ** Math.min(failures, 30), cap));
          expect(delay).toBeLessThanOrEqual(cap);
          expect(backoffS(base, failures + 1, cap)).toBeGreaterThanOrEqual(delay);
        },
      ),
    );
  });

  it('pipeline §2: rolling back voids exactly the gates from the target stage on', () => {
    const world = createWorld();
    world.drive('W(confirm)');
    world.board('reject');
    const left = Object.keys(world.item().gates);
    const before = STAGE_TABLE.slice(0, 3).flatMap((row) => row.gates);
    expect(left.every((gate) => before.includes(gate as (typeof before)[number]))).toBe(true);
    expect(left).toContain('architecture');
  });
});
