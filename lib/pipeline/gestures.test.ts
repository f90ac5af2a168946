import { describe, expect, it } from 'vitest';
import {
  PATH,
  type Place,
  type World,
  createWorld,
  digest,
  errs,
  fails,
  holds,
  owed,
  passOf,
  settleEffects,
  sha,
} from '../../tests/property/kernel-world.ts';
import { startGesture } from '../../tests/support/ledger.ts';
import type { GestureAction } from './events.ts';
import { fail } from './verdict.ts';

/** Ways into the states of pipeline §3.2; the key is how `at()` writes the state. */
const STATES: Readonly<Record<string, (world: World) => unknown>> = {
  'created/queued': (world) => {
    world.drive('R(analysis)', 9);
    world.board('start', 1);
  },
  'analysis/dispatched': (world) => world.drive('R(analysis)'),
  'analysis/queued': (world) => {
    world.drive('R(analysis)');
    world.end({ class: 'transient' });
  },
  'analysis/waiting(approval)': (world) => world.drive('W(approval)'),
  'analysis/held(questions)': (world) => {
    world.drive('R(analysis)');
    world.verdict(holds('analysis-complete', 'ANALYSIS_QUESTIONS'));
  },
  'architecture/dispatched': (world) => world.drive('R(architecture)'),
  'architecture/held(agent-failed)': (world) => {
    world.drive('R(architecture)');
    for (let run = 0; run < 3; run += 1) world.end({ class: 'crash' });
  },
  'development/dispatched': (world) => world.drive('R(development)'),
  'development/waiting(ci)': (world) => world.drive('W(ci)'),
  'development/held(ci-silent)': (world) => {
    world.drive('W(ci)');
    world.ci(holds('ci', 'CI_SILENT'));
  },
  'development/held(no-progress)': (world) => {
    world.drive('W(ci)');
    world.ci(fails('ci', 'CI_RED'));
    world.land();
    world.ci(fails('ci', 'CI_RED'));
  },
  'review/dispatched': (world) => world.drive('R(review)'),
  'review/held(agent-unavailable)': (world) => {
    world.drive('R(review)');
    world.end({ class: 'auth' });
  },
  'review/held(report-untrusted)': (world) => {
    world.drive('R(review)');
    world.verdict(holds('review', 'REPORT_UNTRUSTED'));
  },
  'testing/dispatched': (world) => world.drive('R(testing)'),
  'testing/held(infra)': (world) => {
    world.drive('R(testing)');
    world.verdict(holds('tests', 'TESTS_TOOL_ERROR'));
  },
  'deploy-staging/dispatched': (world) => world.drive('R(deploy-staging)'),
  'deploy-staging/waiting(slot)': (world) => {
    world.drive('W(confirm)', 9);
    world.drive('W(slot)');
    world.land();
  },
  'deploy-staging/held(infra)': (world) => {
    world.drive('R(deploy-staging)');
    world.verdict(holds('staging', 'STG_ENV'));
  },
  'deploy/waiting(confirm-deploy)': (world) => world.drive('W(confirm)'),
  'deploy/dispatched': (world) => world.drive('R(approved)'),
  'critical: deploy/dispatched': (world) => world.drive('R(initiated)'),
  'critical: deploy/held(not-landed)': (world) => {
    world.drive('R(landing)');
    world.land('ET-1', { verdicts: [passOf('deploy'), holds('landed', 'NOT_LANDED')] });
  },
  'done/settled': (world) => world.drive('done'),
  'cancelled/settled': (world) => {
    world.drive('W(approval)');
    world.board('cancel');
  },
};

const inState = (name: string): World => {
  const world = createWorld(name === 'created/queued' ? 'limits: {runs: 1}' : undefined);
  STATES[name]!(world);
  expect(world.at()).toBe(name.replace('critical: ', ''));
  return world;
};

const APPLIED = 'applied';
/** Answer of each gesture in each state; a stage name = applied, and the item is there now. spec: pipeline §3.2, §3.4 */
const TABLE: Readonly<Record<string, Readonly<Record<Exclude<GestureAction, 'confirm'>, string>>>> = {
  'created/queued': {
    start: 'I-BUSY',
    approve: 'I-STAGE',
    reject: 'I-STAGE',
    cancel: 'cancelled',
    retry: 'I-STAGE',
    recheck: 'I-STAGE',
  },
  'analysis/dispatched': {
    start: 'I-BUSY',
    approve: 'I-EARLY',
    reject: 'analysis',
    cancel: 'cancelled',
    retry: 'I-STAGE',
    recheck: 'I-STAGE',
  },
  'analysis/queued': {
    start: 'I-BUSY',
    approve: 'I-EARLY',
    reject: 'analysis',
    cancel: 'cancelled',
    retry: 'I-STAGE',
    recheck: 'I-STAGE',
  },
  'analysis/waiting(approval)': {
    start: 'analysis',
    approve: 'architecture',
    reject: 'analysis',
    cancel: 'cancelled',
    retry: 'I-STAGE',
    recheck: 'I-STAGE',
  },
  'analysis/held(questions)': {
    start: 'analysis',
    approve: 'I-EARLY',
    reject: 'analysis',
    cancel: 'cancelled',
    retry: 'analysis',
    recheck: 'I-STAGE',
  },
  'architecture/dispatched': {
    start: 'I-STAGE',
    approve: 'I-BUSY',
    reject: 'analysis',
    cancel: 'cancelled',
    retry: 'I-STAGE',
    recheck: 'I-STAGE',
  },
  'architecture/held(agent-failed)': {
    start: 'I-STAGE',
    approve: 'I-STAGE',
    reject: 'analysis',
    cancel: 'cancelled',
    retry: 'architecture',
    recheck: 'I-STAGE',
  },
  'development/dispatched': {
    start: 'I-STAGE',
    approve: 'I-BUSY',
    reject: 'architecture',
    cancel: 'cancelled',
    retry: 'I-STAGE',
    recheck: 'I-STAGE',
  },
  'development/waiting(ci)': {
    start: 'I-STAGE',
    approve: 'development',
    reject: 'architecture',
    cancel: 'cancelled',
    retry: 'I-STAGE',
    recheck: 'development',
  },
  'development/held(ci-silent)': {
    start: 'I-STAGE',
    approve: 'development',
    reject: 'architecture',
    cancel: 'cancelled',
    retry: 'development',
    recheck: 'development',
  },
  'development/held(no-progress)': {
    start: 'I-STAGE',
    approve: 'development',
    reject: 'architecture',
    cancel: 'cancelled',
    retry: 'development',
    recheck: 'development',
  },
  'review/dispatched': {
    start: 'I-STAGE',
    approve: 'I-BUSY',
    reject: 'development',
    cancel: 'cancelled',
    retry: 'I-STAGE',
    recheck: 'I-STAGE',
  },
  'review/held(agent-unavailable)': {
    start: 'I-STAGE',
    approve: 'review',
    reject: 'development',
    cancel: 'cancelled',
    retry: 'review',
    recheck: 'review',
  },
  'review/held(report-untrusted)': {
    start: 'I-STAGE',
    approve: 'I-STAGE',
    reject: 'development',
    cancel: 'cancelled',
    retry: 'review',
    recheck: 'I-STAGE',
  },
  'testing/dispatched': {
    start: 'I-STAGE',
    approve: 'I-BUSY',
    reject: 'development',
    cancel: 'cancelled',
    retry: 'I-STAGE',
    recheck: 'I-STAGE',
  },
  'testing/held(infra)': {
    start: 'I-STAGE',
    approve: 'testing',
    reject: 'development',
    cancel: 'cancelled',
    retry: 'testing',
    recheck: 'testing',
  },
  'deploy-staging/dispatched': {
    start: 'I-STAGE',
    approve: 'I-BUSY',
    reject: 'development',
    cancel: 'cancelled',
    retry: 'I-STAGE',
    recheck: 'I-STAGE',
  },
  'deploy-staging/waiting(slot)': {
    start: 'I-STAGE',
    approve: 'I-BUSY',
    reject: 'development',
    cancel: 'cancelled',
    retry: 'I-STAGE',
    recheck: 'I-STAGE',
  },
  'deploy-staging/held(infra)': {
    start: 'I-STAGE',
    approve: 'deploy-staging',
    reject: 'development',
    cancel: 'cancelled',
    retry: 'deploy-staging',
    recheck: 'deploy-staging',
  },
  'deploy/waiting(confirm-deploy)': {
    start: 'I-STAGE',
    approve: 'I-STAGE',
    reject: 'development',
    cancel: 'cancelled',
    retry: 'I-STAGE',
    recheck: 'I-STAGE',
  },
  'deploy/dispatched': {
    start: 'I-STAGE',
    approve: 'I-STAGE',
    reject: 'development',
    cancel: 'cancelled',
    retry: 'I-STAGE',
    recheck: 'I-STAGE',
  },
  'critical: deploy/dispatched': {
    start: 'I-STAGE',
    approve: 'I-STAGE',
    reject: 'I-CRITICAL',
    cancel: 'deploy',
    retry: 'I-STAGE',
    recheck: 'I-STAGE',
  },
  'critical: deploy/held(not-landed)': {
    start: 'I-STAGE',
    approve: 'I-STAGE',
    reject: 'I-CRITICAL',
    cancel: 'deploy',
    retry: 'I-CRITICAL',
    recheck: 'deploy',
  },
  'done/settled': {
    start: 'I-TERMINAL',
    approve: 'I-TERMINAL',
    reject: 'I-TERMINAL',
    cancel: 'I-TERMINAL',
    retry: 'I-TERMINAL',
    recheck: 'I-TERMINAL',
  },
  'cancelled/settled': {
    start: 'I-BUSY',
    approve: 'I-TERMINAL',
    reject: 'I-TERMINAL',
    cancel: 'I-DUP',
    retry: 'I-TERMINAL',
    recheck: 'I-TERMINAL',
  },
};

describe('gestures in every state', () => {
  const cells = Object.entries(TABLE).flatMap(([state, row]) =>
    Object.entries(row).flatMap(([action, answer]) => [
      { state, action: action as GestureAction, answer, via: 'tracker' as const },
      { state, action: action as GestureAction, answer, via: 'dispatch' as const },
    ]),
  );
  it.each(cells)('pipeline §3.2: $action ($via) in $state → $answer', ({ state, action, answer, via }) => {
    const world = inState(state);
    settleEffects(world);
    const before = world.item();
    const decision = via === 'tracker' ? world.board(action) : world.command(action);
    const given = decision.answers[0]!;
    expect(given.applied ? APPLIED : given.rule).toBe(answer.startsWith('I-') ? answer : APPLIED);
    expect(world.item().stage).toBe(answer.startsWith('I-') ? before.stage : answer);
    if (given.applied) return;
    const consumed = state !== 'cancelled/settled' || action !== 'start';
    if (via === 'dispatch' || !consumed) {
      // No push is made for an ignored event alone. spec: pipeline §3.1
      expect(world.item()).toBe(before);
      expect(decision.lines.filter((line) => line.item === 'ET-1')).toEqual([]);
      return;
    }
    // The board is put back; a comment explains unless it is nothing new. spec: PL-E-6
    expect(owed(world.item())).toEqual(
      given.rule === 'I-DUP' ? ['tracker-status'] : ['tracker-status', 'comment:ignored'],
    );
    const { seq, seen, outbox } = world.item();
    expect(seq).toBe(before.seq + 1);
    expect(seen).not.toEqual(before.seen);
    expect(outbox.every((entry) => entry.seq === seq)).toBe(true);
    expect({ ...before, seq, seen, outbox }).toEqual(world.item());
  });

  it('pipeline §3.2: a gesture on an issue or an id without an item is I-NOITEM', () => {
    for (const action of ['approve', 'reject', 'confirm', 'cancel', 'retry', 'recheck'] as const) {
      const world = createWorld();
      expect(world.board(action).answers).toMatchObject([{ applied: false, rule: 'I-NOITEM' }]);
      expect(world.command(action).answers).toMatchObject([{ applied: false, rule: 'I-NOITEM' }]);
      expect(world.snapshot.items.size).toBe(0);
    }
    expect(createWorld().command('start').answers).toMatchObject([{ applied: false, rule: 'I-NOITEM' }]);
  });

  it('PL-D-1: a padded spelling names the same item', () => {
    const world = inState('analysis/waiting(approval)');
    expect(world.command('approve', 'ET-001').answers).toMatchObject([{ applied: true, item: 'ET-1' }]);
    expect(world.command('cancel', 'ET-002').answers).toMatchObject([{ rule: 'I-NOITEM' }]);
  });

  it('PL-E-3: a row that was consumed, or an older one, is I-DUP and leaves the item as it is', () => {
    const world = inState('analysis/waiting(approval)');
    const row = world.row();
    const event = startGesture(1, { action: 'approve', row, entry: null });
    expect(world.feed(event).answers[0]).toMatchObject({ applied: true });
    const after = world.item();
    for (const again of [
      event,
      { ...event, action: 'reject' as const },
      { ...event, row: { id: 'old', at: '2026-01-01T00:00:00.000Z' } },
    ]) {
      const decision = world.feed(again);
      expect(decision.answers).toMatchObject([{ applied: false, rule: 'I-DUP' }]);
      expect(decision.changed).toBe(false);
    }
    expect(world.item()).toBe(after);
  });
});

describe('start', () => {
  it('PL-D-6: registers the issue, admits it, cuts its branch and sends the analyst, in one decision', () => {
    const world = createWorld();
    const decision = world.board('start');
    expect(decision.answers).toMatchObject([{ event: 'start', item: 'ET-1', applied: true, rule: 'PL-D-6' }]);
    expect(decision.cuts).toEqual([{ item: 'ET-1' }]);
    expect(world.at()).toBe('analysis/dispatched');
    expect(owed(world.item())).toEqual(['dispatch', 'tracker-status']);
    expect(decision.lines).toMatchObject([{ seq: 1, before: 'created/queued', after: 'analysis/dispatched' }]);
    expect(world.item()).toMatchObject({
      order: 1,
      gen: 1,
      track: 'full',
      counters: { entries: 1 },
      rounds: { analysis: 1 },
      gates: { entry: { verdict: 'pass' } },
    });
  });

  it('PL-Q-4: an entry gate that did not pass, or was not judged, makes no item', () => {
    const world = createWorld();
    for (const [entry, rule] of [
      [fail({ gate: 'entry', code: 'ENTRY_TITLE_SHORT', text: 'short' }), 'ENTRY_TITLE_SHORT'],
      [errs('entry', 'ENTRY_TRACKER_ERROR'), 'ENTRY_TRACKER_ERROR'],
      [null, 'ENTRY_NOT_JUDGED'],
    ] as const) {
      const decision = world.board('start', 1, { entry });
      expect(decision.answers).toMatchObject([{ applied: false, rule }]);
      expect(decision.changed).toBe(false);
      expect(world.snapshot).toMatchObject({ repo: { order: 0 }, items: new Map() });
    }
  });

  it.each([
    ['no label', [], 'full'],
    ['Bug in any case and with spaces', [' bUG '], 'bug'],
    ['two labels of one name', ['Bug', 'bug'], 'full'],
    ['unreadable labels', null, 'full'],
    ['another label', ['Bugs'], 'full'],
  ] as const)('PL-L-1: %s → track %s', (_name, labels, track) => {
    const world = createWorld();
    world.feed(
      startGesture(1, {
        issue: {
          id: 'issue-1',
          sequence: 1,
          title: 'A title',
          description: '',
          labels: labels === null ? null : [...labels],
        },
      }),
    );
    expect(world.item().track).toBe(track);
  });

  it('PL-D-3: an id of another issue, live or archived, is passed over; PL-D-2: no number → the highest plus one', () => {
    const world = createWorld();
    const issue = (id: string, sequence: number | null) => ({
      id,
      sequence,
      title: 'A title',
      description: '',
      labels: [],
    });
    world.feed(startGesture(1, { issue: issue('a', 5) }));
    world.feed(startGesture(1, { issue: issue('b', 5), known: ['ET-6', 'OP-7'] }));
    world.feed(startGesture(1, { issue: issue('c', null) }));
    expect([...world.snapshot.items.values()].map(({ id, issue: of, order }) => [id, of, order])).toEqual([
      ['ET-5', 'a', 1],
      ['ET-7', 'b', 2],
      ['ET-8', 'c', 3],
    ]);
  });

  it('PL-D-3, PL-S-4: after STOP the same issue starts as gen+1 under its id, with a new order, and no token comes back', () => {
    const world = inState('cancelled/settled');
    const old = world.item();
    const archived = { id: 'ET-1', gen: 1, stage: 'cancelled', seen: old.seen?.at ?? null };
    world.snapshot = { repo: world.snapshot.repo, items: new Map() };
    expect(world.feed(startGesture(1, { archived, row: { id: 'x', at: old.seen!.at } })).answers).toMatchObject([
      { rule: 'I-DUP' },
    ]);
    const decision = world.board('start', 1, { archived });
    expect(decision.answers).toMatchObject([{ applied: true, item: 'ET-1' }]);
    expect(decision.cuts).toEqual([{ item: 'ET-1' }]);
    expect(world.item()).toMatchObject({ gen: 2, order: 2, seq: 1, counters: { entries: 1 }, approval: null });
    expect(new Set(world.tokens).size).toBe(world.tokens.length);
    expect(world.tokens).toHaveLength(2);
  });

  it('PL-D-3: the id of the earlier life went to another live issue → the next free one, and that item is untouched', () => {
    const world = createWorld();
    world.board('start', 1);
    const other = world.item();
    world.feed(
      startGesture(2, {
        issue: { id: 'again', sequence: 1, title: 'A title', description: '', labels: [] },
        archived: { id: 'ET-1', gen: 3, stage: 'cancelled', seen: null },
      }),
    );
    expect(world.item()).toBe(other);
    expect(world.item('ET-2')).toMatchObject({ issue: 'again', gen: 4 });
  });

  it('PL-D-9: a start of an archived, finished item is I-TERMINAL', () => {
    const world = createWorld();
    expect(
      world.board('start', 1, { archived: { id: 'ET-1', gen: 1, stage: 'done', seen: null } }).answers,
    ).toMatchObject([{ rule: 'I-TERMINAL' }]);
    expect(world.snapshot.items.size).toBe(0);
  });

  it('PL-H-1: while the stopped life is still live, a start waits unconsumed and changes nothing', () => {
    const world = inState('cancelled/settled');
    const before = world.item();
    expect(world.board('start').changed).toBe(false);
    expect(world.item()).toBe(before);
  });

  it('PL-H-1: answers reach the analyst, title and description are re-read, budgets are fresh', () => {
    const world = inState('analysis/held(questions)');
    world.board('start', 1, {
      reason: 'Use CSV.',
      issue: { id: 'issue-1', sequence: 1, title: 'New title', description: 'New text', labels: [] },
    });
    expect(world.item()).toMatchObject({
      stage: 'analysis',
      activity: 'dispatched',
      findings: 'Use CSV.',
      title: 'New title',
      description: 'New text',
      hold: null,
      rounds: { analysis: 2 },
    });
    expect(owed(world.item())).toContain('comment:resumed');
  });
});

describe('Approved', () => {
  it('PL-H-3: records package and person, passes the gate and sends the architect', () => {
    const world = inState('analysis/waiting(approval)');
    const { package: digestOfPackage } = world.item();
    world.board('approve', 1, { by: 'grace' });
    expect(world.item()).toMatchObject({
      stage: 'architecture',
      activity: 'dispatched',
      approval: { package: digestOfPackage, by: 'grace', via: 'tracker' },
      gates: { 'analysis-approved': { verdict: 'pass', code: 'APPROVED_VIA_STATUS' } },
    });
    expect(owed(world.item())).toContain('conveyor/analysis-approved=pass');
  });

  it('PL-P-3: the bug track skips architecture only', () => {
    const world = createWorld();
    world.board('start', 1, {
      issue: { id: 'issue-1', sequence: 1, title: 'A title', description: '', labels: ['Bug'] },
    });
    world.land();
    world.board('approve');
    expect(world.at()).toBe('development/dispatched');
    world.board('reject', 1, { reason: 'wrong' });
    expect(world.item()).toMatchObject({ stage: 'analysis', approval: null });
  });

  it('PL-H-3a: on a held item it judges again with the developer budget as it was', () => {
    const world = inState('development/held(no-progress)');
    const { developer } = world.item().counters;
    world.board('approve');
    expect(world.at()).toBe('development/waiting(ci)');
    expect(world.item().counters.developer).toBe(developer);
    world.ci(passOf('ci'));
    expect(world.at()).toBe('review/dispatched');
  });

  it('PL-H-3a: a held item whose CI is judged inside the run has nothing to read: the answer names it', () => {
    const world = createWorld('intake: {serial: false}\nci: {mode: local}');
    world.drive('R(development)');
    world.verdict(fails('ci', 'CI_RED'));
    world.verdict(fails('ci', 'CI_RED'));
    expect(world.at()).toBe('development/held(no-progress)');
    expect(world.board('approve').answers).toMatchObject([{ rule: 'I-STAGE' }]);
    world.command('retry');
    expect(world.at()).toBe('development/dispatched');
  });
});

describe('Rejected', () => {
  it.each([
    ['analysis/waiting(approval)', 'analysis'],
    ['architecture/dispatched', 'analysis'],
    ['development/waiting(ci)', 'architecture'],
    ['review/dispatched', 'development'],
    ['testing/held(infra)', 'development'],
    ['deploy-staging/dispatched', 'development'],
    ['deploy/waiting(confirm-deploy)', 'development'],
    ['deploy/dispatched', 'development'],
  ] as const)(
    'PL-H-4, PL-R-7: in %s → %s: reason verbatim, fresh budgets, slot, confirmation and later verdicts gone',
    (state, target) => {
      const world = inState(state);
      const { token } = world.item();
      const long = `too slow\n${'x'.repeat(5000)}`;
      world.board('reject', 1, { reason: long });
      const item = world.item();
      expect(item).toMatchObject({
        stage: target,
        activity: 'dispatched',
        hold: null,
        findings: `Rejected by a person:\n${long}`,
      });
      expect(item.counters).toEqual({
        developer: 0,
        run: 0,
        infra: {},
        transient: 0,
        noProgress: 0,
        conflict: 0,
        entries: 1,
      });
      expect(item.token).not.toBe(token);
      expect(world.snapshot.repo.slot).toBeNull();
      if (item.delivery !== null)
        expect(item.delivery).toMatchObject({ request: null, approved: null, validated: null, phase: 'failed' });
      const kept = Object.keys(item.gates);
      const later = {
        analysis: /./,
        architecture: /architecture|ci|review|tests|staging|deploy|landed/,
        development: /ci|review|tests|staging|deploy|landed/,
      }[target];
      expect(kept.filter((gate) => gate !== 'entry' && later.test(gate))).toEqual([]);
      expect(item.approval === null).toBe(target === 'analysis');
      expect(owed(item)).toContain('comment:rejected');
    },
  );

  it('PL-H-4: without a reason the worker is told so', () => {
    const world = inState('review/dispatched');
    world.board('reject');
    expect(world.item().findings).toBe('Rejected by a person, who gave no reason.');
  });

  it('PL-K-7: the run that was rejected away lands nothing', () => {
    const world = inState('review/dispatched');
    const late = world.landed();
    world.board('reject');
    const before = world.item();
    const decision = world.feed(late);
    expect(decision.answers).toMatchObject([{ applied: false, rule: 'I-RUN' }]);
    expect(decision.changed).toBe(false);
    expect(world.item()).toBe(before);
  });
});

describe('Confirm Deploy', () => {
  const whole = digest('ET-1');
  it.each([
    ['the board, without a digest', 'tracker', null, true],
    ['the whole digest', 'dispatch', whole, true],
    ['12 hex digits', 'dispatch', whole.slice(7, 19), true],
    ['upper case', 'dispatch', whole.slice(7, 19).toUpperCase(), true],
    ['11 hex digits', 'dispatch', whole.slice(7, 18), 'I-SHA'],
    ['an empty digest', 'dispatch', '', 'I-SHA'],
    ['another digest', 'dispatch', digest('other'), 'I-SHA'],
    ['more than the digest', 'dispatch', `${whole}00`, 'I-SHA'],
  ] as const)('G-DPL-7: %s', (_name, via, given, answer) => {
    const world = inState('deploy/waiting(confirm-deploy)');
    const decision = via === 'tracker' ? world.board('confirm') : world.command('confirm', 'ET-1', { digest: given });
    expect(decision.answers[0]).toMatchObject(
      answer === true ? { applied: true, rule: 'D-B' } : { applied: false, rule: answer },
    );
    expect(world.at()).toBe(answer === true ? 'deploy/dispatched' : 'deploy/waiting(confirm-deploy)');
    expect(world.item().delivery).toMatchObject(
      answer === true ? { phase: 'approved', approved: { via } } : { phase: 'requested', approved: null },
    );
  });

  it('delivery §6: a row older than the request is I-STALE and notifies nobody', () => {
    const world = inState('deploy/waiting(confirm-deploy)');
    settleEffects(world);
    const item = world.item();
    const at = new Date(Date.parse(item.delivery!.request!.at) - 1).toISOString();
    world.snapshot = {
      repo: world.snapshot.repo,
      items: new Map([['ET-1', { ...item, seen: { at: '2026-01-01T00:00:00.000Z', row: 'x' } }]]),
    };
    const decision = world.feed(startGesture(1, { action: 'confirm', entry: null, row: { id: 'late', at } }));
    expect(decision.answers).toMatchObject([{ rule: 'I-STALE' }]);
    expect(owed(world.item())).toEqual(['tracker-status']);
  });

  it('delivery §6: only an approver may, when approvers are named', () => {
    const world = createWorld('deploy: {approval: {approvers: [grace]}}');
    world.drive('W(confirm)');
    expect(world.board('confirm', 1, { by: 'ada' }).answers).toMatchObject([{ rule: 'I-OFF' }]);
    expect(world.board('confirm', 1, { by: 'grace' }).answers).toMatchObject([{ applied: true }]);
  });

  it('D-B-1: expired → refused, slot free, back at the edge, request n+1, nothing charged', () => {
    const world = inState('deploy/waiting(confirm-deploy)');
    world.tick(24 * 3600 + 1);
    const decision = world.board('confirm');
    expect(decision.answers[0]).toMatchObject({ applied: true, rule: 'D-B-1' });
    expect(decision.answers).toHaveLength(1);
    expect(world.item()).toMatchObject({
      stage: 'deploy-staging',
      activity: 'dispatched',
      mode: 'resume',
      counters: { developer: 0, run: 0 },
      delivery: { phase: 'building', approved: null, request: { n: 1 } },
    });
    expect(world.snapshot.repo.slot).toBeNull();
    world.land();
    expect(world.item().delivery).toMatchObject({ phase: 'requested', request: { n: 2 } });
  });

  it('D-B-1: at the last second it still counts; a second later the timer takes the slot away', () => {
    const world = inState('deploy/waiting(confirm-deploy)');
    const left = Date.parse(world.item().delivery!.request!.expires_at) - world.now.getTime();
    world.tick(left / 1000);
    expect(world.later(0).answers).toHaveLength(1);
    expect(world.at()).toBe('deploy/waiting(confirm-deploy)');
    expect(world.later(0.001).answers).toMatchObject([
      { event: 'clock' },
      { event: 'timer.due', rule: 'D-B-1', applied: true },
    ]);
    expect(world.at()).toBe('deploy-staging/dispatched');
    expect(owed(world.item())).toContain('comment:confirm_expired');
  });

  it.each(Object.keys(TABLE))('pipeline §3.2: in %s it starts nothing unless it is awaited', (state) => {
    const world = inState(state);
    const { delivery, token } = world.item();
    const answer = world.board('confirm').answers[0]!;
    const expected: Readonly<Record<string, string>> = {
      'deploy/waiting(confirm-deploy)': 'D-B',
      'deploy/dispatched': 'I-DUP',
      'critical: deploy/dispatched': 'I-DUP',
      'critical: deploy/held(not-landed)': 'I-DUP',
      'done/settled': 'I-TERMINAL',
      'cancelled/settled': 'I-TERMINAL',
    };
    expect(answer.rule).toBe(expected[state] ?? 'I-STAGE');
    if (answer.applied) return;
    expect(world.item()).toMatchObject({ delivery, token });
  });

  it('pipeline §15: a second confirmation starts no second deploy', () => {
    const world = inState('deploy/waiting(confirm-deploy)');
    world.board('confirm');
    const { token } = world.item();
    expect(world.board('confirm').answers).toMatchObject([{ rule: 'I-DUP' }]);
    expect(world.item().token).toBe(token);
  });
});

describe('retry and recheck', () => {
  it('PL-R-6: retry gives fresh budgets and adds the reason to what the worker is told', () => {
    const world = inState('development/held(no-progress)');
    world.command('retry', 'ET-1', { reason: 'the runner was broken' });
    expect(world.at()).toBe('development/dispatched');
    expect(world.item().counters).toEqual({
      developer: 0,
      run: 0,
      infra: {},
      transient: 0,
      noProgress: 0,
      conflict: 0,
      entries: 0,
    });
    expect(world.item()).toMatchObject({ words: 'the runner was broken', fingerprint: null });
    expect(world.item().findings).toContain('red');
    // The counter that stopped it does not stop it again.
    world.land();
    world.ci(fails('ci', 'CI_RED'));
    expect(world.at()).toBe('development/dispatched');
  });

  it('pipeline §3.4: recheck of a landing that is held sends the finalizer, and the slot stays', () => {
    const world = inState('critical: deploy/held(not-landed)');
    world.command('recheck');
    expect(world.item()).toMatchObject({ stage: 'deploy', activity: 'dispatched', mode: 'finalize' });
    expect(world.snapshot.repo.slot).toMatchObject({ item: 'ET-1' });
    world.land();
    expect(world.at()).toBe('done/settled');
  });

  it('PL-P-6: a pull request merged by hand leaves by recheck: the remaining gates judge', () => {
    for (const place of PATH.slice(2, 10) as Place[]) {
      const world = createWorld();
      world.drive(place);
      world.feed({ type: 'pull.merged', item: 'ET-1', number: 3, mergeCommit: sha('x') });
      expect(world.item().hold).toMatchObject({ code: 'merged-outside', cause: 'LANDED_OUT_OF_BAND' });
      expect(world.snapshot.repo.slot).toBeNull();
      expect(world.command('recheck').answers).toMatchObject([{ applied: true }]);
      expect(world.item().activity).toBe('dispatched');
      expect(world.item().stage).not.toBe('deploy');
    }
  });
});
