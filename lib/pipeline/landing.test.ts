import { describe, expect, it } from 'vitest';
import {
  PATH,
  type Place,
  createWorld,
  digest,
  errs,
  fails,
  holds,
  landingGates,
  owed,
  passOf,
  settleEffects,
  sha,
} from '../../tests/property/kernel-world.ts';
import type { Stage } from './stages.ts';
import type { Delivery } from './state.ts';

const STAGE_PLACES = {
  analysis: 'R(analysis)',
  architecture: 'R(architecture)',
  development: 'R(development)',
  review: 'R(review)',
  testing: 'R(testing)',
  'deploy-staging': 'R(deploy-staging)',
  deploy: 'R(landing)',
} as const satisfies Partial<Record<Stage, Place>>;

describe('stage landed', () => {
  it.each([
    ['R(analysis)', 'analysis/waiting(approval)'],
    ['R(architecture)', 'development/dispatched'],
    ['R(development)', 'development/waiting(ci)'],
    ['R(review)', 'testing/dispatched'],
    ['R(testing)', 'deploy-staging/dispatched'],
    ['R(deploy-staging)', 'deploy/waiting(confirm-deploy)'],
    ['R(landing)', 'done/settled'],
  ] as const)('pipeline §2: a pass at %s leads to %s', (place, after) => {
    const world = createWorld();
    world.drive(place);
    const { token } = world.item();
    const decision = world.land();
    expect(decision.answers).toMatchObject([{ event: 'stage.landed', applied: true, rule: 'PL-K-3' }]);
    expect(world.at()).toBe(after);
    expect(world.item().token).not.toBe(token);
  });

  it.each(Object.entries(STAGE_PLACES))(
    'PL-P-4, G-GEN-8: without the verdict of each gate of %s nothing advances',
    (stage, place) => {
      const required = landingGates(stage as Stage);
      for (const missing of required) {
        const world = createWorld();
        world.drive(place);
        world.land('ET-1', { verdicts: required.filter((gate) => gate !== missing).map(passOf) });
        expect(world.item()).toMatchObject({ stage, activity: 'queued' });
        expect(world.item().counters.infra).toEqual({ [missing]: 1 });
      }
      // A pass of a gate that is none of the stage's proves nothing.
      const world = createWorld();
      world.drive(place);
      world.land('ET-1', { verdicts: [...required.map(passOf), passOf('entry')] });
      expect(world.item().stage).toBe(stage);
      expect(world.item().counters.infra).toEqual({ entry: 1 });
    },
  );

  it('PL-K-3, PL-K-7: only the current token lands; of two runs with one token the first does', () => {
    const world = createWorld();
    world.drive('R(review)');
    const first = world.landed();
    expect(world.ask({ ...first, token: 'aaaaaaaaaa' }).answers).toMatchObject([{ applied: false, rule: 'I-RUN' }]);
    expect(world.ask({ ...first, item: 'ET-9' }).answers).toMatchObject([{ applied: false, rule: 'I-NOITEM' }]);
    const decision = world.feed(first, { ...first, head: sha('other') });
    expect(decision.answers.map(({ applied, rule }) => [applied, rule])).toEqual([
      [true, 'PL-K-3'],
      [false, 'I-RUN'],
    ]);
    expect(world.item().head).toBe(first.head);
  });

  it('PL-P-4, G-STA-3: a head moved by the pipeline carries its statuses; a new head of the developer carries nothing', () => {
    const world = createWorld();
    world.drive('R(review)');
    const before = world.item().head!;
    const landed = world.landed('ET-1', { reports: { 'docs/work-items/ET-1/12-review.md': sha('blob') } });
    world.feed(landed);
    expect(world.item().head).toBe(landed.head);
    expect(world.item().outbox.map((entry) => entry.effect)).toContainEqual({
      kind: 'carry-statuses',
      from: before,
      to: landed.head,
    });
    expect(world.item().reports).toEqual({
      'docs/work-items/ET-1/12-review.md': { blob: sha('blob'), commit: landed.head, round: 1, run: '4711' },
    });
    const other = createWorld();
    other.drive('W(ci)');
    expect(owed(other.item())).toContain('pull-request');
    expect(
      other.item().outbox.filter(({ effect, seq }) => effect.kind === 'carry-statuses' && seq === other.item().seq),
    ).toEqual([]);
  });

  it('AG-OUT-1: what the agents used is added up per stage', () => {
    const world = createWorld();
    world.drive('R(review)');
    const usage = { input: 10, cacheRead: 5, cacheCreation: 3, output: 7 };
    world.end({ class: 'crash', seconds: 1.5, usage, costUsd: 0.25 });
    world.end({ class: 'crash', seconds: 2, usage, costUsd: 0.25 });
    expect(world.item().usage.review).toEqual({ seconds: 3.5, input: 36, cached: 10, output: 14, costUsd: 0.5 });
  });

  it('G-ANC-1: questions hold, with one comment of their own and none about a stop', () => {
    const world = createWorld();
    world.drive('R(analysis)');
    settleEffects(world);
    world.land('ET-1', { verdicts: [holds('analysis-complete', 'ANALYSIS_QUESTIONS')], message: 'CSV or JSON?' });
    expect(world.at()).toBe('analysis/held(questions)');
    expect(owed(world.item())).toContain('comment:questions');
    expect(owed(world.item())).not.toContain('comment:held');
    expect(
      world.item().outbox.map(({ effect }) => (effect.kind === 'tracker-comment' ? effect.data : null)),
    ).toContainEqual({ text: 'CSV or JSON?' });
  });

  it('G-ANA-2: a verdict of analysis-approved by label is the same path as a person', () => {
    const world = createWorld();
    world.drive('R(analysis)');
    world.land('ET-1', { verdicts: [passOf('analysis-complete'), passOf('analysis-approved')] });
    expect(world.item()).toMatchObject({
      stage: 'architecture',
      approval: { via: 'label' },
      gates: { 'analysis-approved': { code: 'APPROVED_VIA_LABEL' } },
    });
  });

  it('PL-P-4: a pending approval is no proof of a complete package', () => {
    const world = createWorld();
    world.drive('R(analysis)');
    world.verdict(holds('analysis-approved', 'APPROVAL_PENDING'));
    expect(world.item()).toMatchObject({
      stage: 'analysis',
      activity: 'queued',
      counters: { infra: { 'analysis-complete': 1 } },
    });
  });

  it('G-CI-9: CI judged in the run of the developer advances at once', () => {
    const world = createWorld();
    world.drive('R(development)');
    world.land('ET-1', { verdicts: [passOf('ci')] });
    expect(world.at()).toBe('review/dispatched');
    expect(owed(world.item())).toContain('pull-request');
  });
});

describe('the edge and the merge slot', () => {
  it('PL-Q9-6: staging passed → slot taken, request with digest and expiry, one comment', () => {
    const world = createWorld();
    world.drive('W(confirm)');
    expect(world.snapshot.repo.slot).toMatchObject({ item: 'ET-1', gen: 1 });
    const { request, phase, validated } = world.item().delivery!;
    expect([phase, request?.n, request?.digest]).toEqual(['requested', 1, digest('ET-1')]);
    expect(Date.parse(request!.expires_at) - Date.parse(request!.at)).toBe(24 * 3_600_000);
    expect(validated?.sha).toBe(world.item().head);
    expect(owed(world.item())).toContain('comment:confirm');
  });

  it('D-A-1: each request has a comment of its own, in a later pass too', () => {
    const world = createWorld();
    const keys = () =>
      world
        .item()
        .outbox.map((entry) => entry.key)
        .filter((key) => key.startsWith('comment:confirm:'));
    world.drive('W(confirm)');
    const first = keys();
    world.board('reject');
    world.drive('W(confirm)');
    expect(world.item().delivery).toMatchObject({ pass: 2, request: { n: 1 } });
    expect(keys()).toHaveLength(2);
    expect(keys()).toEqual(expect.arrayContaining(first));
  });

  it('D-A: without a deployment the digest is the validated commit; without confirmation it starts by itself', () => {
    const world = createWorld('deploy: {confirm: false}');
    world.drive('R(deploy-staging)');
    world.land();
    expect(world.item()).toMatchObject({
      stage: 'deploy',
      activity: 'dispatched',
      delivery: { phase: 'approved', approved: { via: 'config' }, request: { digest: world.item().head } },
    });
  });

  it('PL-Q9-6: a busy slot makes a waiter that needs no run; a freed one goes to the first in order in the same commit', () => {
    const world = createWorld('intake: {serial: false}\nlimits: {runs: 2}');
    world.drive('W(confirm)', 3);
    for (const number of [2, 1]) world.board('start', number);
    for (const number of [1, 2]) {
      world.drive('W(slot)', number);
      world.land(`ET-${number}`);
    }
    expect([world.at('ET-1'), world.at('ET-2')]).toEqual([
      'deploy-staging/waiting(slot)',
      'deploy-staging/waiting(slot)',
    ]);
    expect(world.item('ET-2').order).toBeLessThan(world.item('ET-1').order);
    const decision = world.board('reject', 3);
    expect(world.snapshot.repo.slot).toMatchObject({ item: 'ET-2' });
    expect(world.item('ET-2')).toMatchObject({ stage: 'deploy-staging', activity: 'dispatched', mode: 'resume' });
    expect(world.at('ET-1')).toBe('deploy-staging/waiting(slot)');
    expect(decision.lines.map((line) => line.item)).toEqual(expect.arrayContaining(['ET-3', 'ET-2']));
    world.land('ET-2');
    expect(world.at('ET-2')).toBe('deploy/waiting(confirm-deploy)');
  });

  it.each([
    ['done', (world: ReturnType<typeof createWorld>) => world.drive('done')],
    ['cancel', (world: ReturnType<typeof createWorld>) => world.board('cancel')],
    ['expiry', (world: ReturnType<typeof createWorld>) => world.later(86_401)],
    [
      'a push',
      (world: ReturnType<typeof createWorld>) => world.feed({ type: 'branch.moved', item: 'ET-1', head: sha('p') }),
    ],
    [
      'a hold from outside',
      (world: ReturnType<typeof createWorld>) =>
        world.feed({ type: 'held.outside', item: 'ET-1', hold: 'tracker-gone', text: 'gone' }),
    ],
    [
      'a merge by hand',
      (world: ReturnType<typeof createWorld>) =>
        world.feed({ type: 'pull.merged', item: 'ET-1', number: 1, mergeCommit: null }),
    ],
  ])('PL-Q9-6: %s frees the slot for the waiter', (_name, act) => {
    const world = createWorld();
    world.drive('W(confirm)');
    world.drive('W(slot)', 2);
    world.land('ET-2');
    expect(world.at('ET-2')).toBe('deploy-staging/waiting(slot)');
    act(world);
    expect(world.snapshot.repo.slot).toMatchObject({ item: 'ET-2' });
    expect(world.at('ET-2')).toBe('deploy-staging/dispatched');
    expect(world.item().stage).not.toBe('deploy');
  });

  it('PL-Q9-6: a slot whose holder is gone is reclaimed', () => {
    const world = createWorld();
    world.drive('W(slot)', 2);
    world.snapshot = {
      repo: { ...world.snapshot.repo, slot: { item: 'ET-99', gen: 1, since: world.now.toISOString() } },
      items: world.snapshot.items,
    };
    world.land('ET-2');
    expect(world.at('ET-2')).toBe('deploy-staging/dispatched');
    expect(world.snapshot.repo.slot).toMatchObject({ item: 'ET-2' });
  });

  it('PL-Q9-6: a hold outside the critical window frees the slot; in deploy the confirmation is void and the edge is judged again', () => {
    const world = createWorld();
    world.drive('R(approved)');
    world.verdict(holds('deploy', 'DEPLOY_NOT_STARTED'));
    expect(world.item()).toMatchObject({
      stage: 'deploy-staging',
      activity: 'held',
      hold: { code: 'infra' },
      delivery: { phase: 'building', approved: null },
    });
    expect(world.snapshot.repo.slot).toBeNull();
    world.command('retry');
    world.land();
    expect(world.item()).toMatchObject({
      stage: 'deploy',
      waitingFor: 'confirm-deploy',
      delivery: { request: { n: 2 } },
    });
  });

  it('delivery §5: a pass that names no candidate is no pass', () => {
    const world = createWorld();
    world.drive('R(deploy-staging)');
    world.land('ET-1', { validated: null });
    expect(world.item()).toMatchObject({
      stage: 'deploy-staging',
      activity: 'queued',
      counters: { infra: { staging: 1 } },
    });
    expect(world.snapshot.repo.slot).toBeNull();
  });

  it('G-DPL-5, D-B-4: DEPLOY_GUARD goes back to the edge with a new request; after three times it holds', () => {
    const world = createWorld();
    for (let n = 1; n <= 3; n += 1) {
      world.drive('R(approved)');
      world.verdict(errs('deploy', 'DEPLOY_GUARD'));
      expect(world.item()).toMatchObject({
        stage: 'deploy-staging',
        activity: 'dispatched',
        mode: 'resume',
        counters: { developer: 0, run: 0, infra: { 'deploy-guard': n } },
        delivery: { phase: 'building', approved: null },
      });
      expect(world.snapshot.repo.slot).toBeNull();
      world.land();
      expect(world.item().delivery?.request?.n).toBe(n + 1);
    }
    world.drive('R(approved)');
    world.verdict(errs('deploy', 'DEPLOY_GUARD'));
    expect(world.at()).toBe('deploy-staging/held(infra)');
    expect(world.snapshot.repo.slot).toBeNull();
  });

  it('G-DPL-5: DEPLOY_GUARD of any other stage or inside the critical window moves nothing backwards', () => {
    for (const place of ['R(review)', 'R(initiated)', 'R(deployed)'] as const) {
      const world = createWorld();
      world.drive(place);
      const { stage } = world.item();
      world.verdict(errs('deploy', 'DEPLOY_GUARD'));
      expect(world.item().stage).toBe(stage);
    }
  });

  it('G-DPL-7: a confirmation that expired before the start is asked again', () => {
    const world = createWorld();
    world.drive('R(approved)');
    world.verdict(holds('deploy', 'DEPLOY_AWAITING_CONFIRM'));
    expect(world.at()).toBe('deploy-staging/dispatched');
    world.land();
    expect(world.at()).toBe('deploy/waiting(confirm-deploy)');
  });
});

const INTENT = { pr: 1, head: sha('m'), expected_tree: sha('t'), base: sha('main'), merge_commit: null };

describe('delivery recorded', () => {
  it('D-MOD-4: each phase once, in order, under the token; a hand-over gives a new token at once, whatever the limit', () => {
    const world = createWorld('intake: {serial: false}\nlimits: {runs: 1}');
    world.drive('R(approved)');
    world.board('start', 2);
    const { token } = world.item();
    world.record('initiated', 'ET-1', { delivery: { attempts: [world.attempt('running')] } });
    expect(world.item()).toMatchObject({ token, delivery: { phase: 'initiated' } });
    const deployed = world.recorded('ET-1', 'deployed', { delivery: { attempts: [world.attempt('ok')] } });
    world.feed(deployed);
    expect(world.item()).toMatchObject({ activity: 'dispatched', mode: 'finalize', delivery: { phase: 'deployed' } });
    expect(world.item().token).not.toBe(token);
    expect(world.item().outbox.filter(({ effect }) => effect.kind === 'dispatch')).toHaveLength(1);
    expect(world.feed(deployed).answers).toMatchObject([{ applied: false, rule: 'I-RUN' }]);
  });

  it('PL-K-3: a record from another phase, pass or token is I-RUN and changes nothing', () => {
    const world = createWorld();
    world.drive('R(approved)');
    const before = world.item();
    const record = world.recorded('ET-1', 'initiated');
    for (const event of [
      { ...record, from: 'building' as const },
      { ...record, token: 'aaaaaaaaaa' },
      { ...record, delivery: { ...record.delivery, pass: 2 } },
    ])
      expect(world.feed(event).answers).toMatchObject([{ applied: false, rule: 'I-RUN' }]);
    expect(world.item()).toBe(before);
  });

  it('delivery §6: a run may take a delivery only one step further', () => {
    const phases = [
      'building',
      'requested',
      'approved',
      'initiated',
      'deployed',
      'landing',
      'landed',
      'failed',
    ] as const satisfies readonly Delivery['phase'][];
    const legal = [
      'building→building',
      'approved→initiated',
      'initiated→initiated',
      'initiated→approved',
      'initiated→deployed',
      'deployed→landing',
      'landing→landing',
    ];
    for (const place of ['R(deploy-staging)', 'R(approved)', 'R(initiated)', 'R(deployed)', 'R(landing)'] as const)
      for (const phase of phases) {
        const world = createWorld();
        world.drive(place);
        const from = world.item().delivery!.phase;
        const { applied } = world.record(phase, 'ET-1', { delivery: { land: INTENT } }).answers[0]!;
        expect([from, phase, applied]).toEqual([from, phase, legal.includes(`${from}→${phase}`)]);
      }
  });

  it('G-LND-1: a landing without its intent is refused', () => {
    const world = createWorld();
    world.drive('R(deployed)');
    const before = world.item();
    expect(world.record('landing').answers).toMatchObject([{ applied: false, rule: 'I-RUN' }]);
    expect(world.item()).toBe(before);
  });

  it('G-DPL-5: the hook changed nothing → tried again under the same confirmation, then held with the slot free', () => {
    const world = createWorld();
    world.drive('R(approved)');
    for (let n = 1; n <= 3; n += 1) {
      world.record('initiated', 'ET-1', { delivery: { attempts: [world.attempt('running')] } });
      world.record('approved', 'ET-1', { delivery: { attempts: [world.attempt('refused', 'disk full')] } });
      expect(world.item()).toMatchObject({
        stage: 'deploy',
        activity: 'queued',
        counters: { infra: { 'deploy-hook': n }, developer: 0 },
        delivery: { phase: 'approved', approved: { by: 'ada' } },
      });
      expect(world.snapshot.repo.slot).toMatchObject({ item: 'ET-1' });
      world.later(600);
      expect(world.at()).toBe('deploy/dispatched');
    }
    world.record('initiated', 'ET-1', { delivery: { attempts: [world.attempt('running')] } });
    world.record('approved', 'ET-1', { delivery: { attempts: [world.attempt('refused', 'disk full')] } });
    expect(world.item()).toMatchObject({
      stage: 'deploy-staging',
      activity: 'held',
      hold: { code: 'infra', cause: 'DEPLOY_NOT_STARTED', text: 'disk full' },
      delivery: { approved: null },
    });
    expect(world.snapshot.repo.slot).toBeNull();
  });

  it('G-DPL-6: an outcome that nobody knows holds deploy-unknown with the slot; recheck asks again', () => {
    const world = createWorld();
    world.drive('R(initiated)');
    world.record('initiated', 'ET-1', { delivery: { attempts: [world.attempt('unknown')] } });
    expect(world.at()).toBe('deploy/held(deploy-unknown)');
    expect(world.snapshot.repo.slot).toMatchObject({ item: 'ET-1' });
    expect(world.command('retry').answers).toMatchObject([{ rule: 'I-CRITICAL' }]);
    world.command('recheck');
    expect(world.item()).toMatchObject({ activity: 'dispatched', mode: 'finalize' });
  });

  it('G-LND-1, PL-P-6: done only from a recorded landing', () => {
    for (const place of ['R(approved)', 'R(initiated)', 'R(deployed)'] as const) {
      const world = createWorld();
      world.drive(place);
      world.land();
      expect(world.item()).toMatchObject({ stage: 'deploy', activity: 'queued', counters: { infra: { landed: 1 } } });
    }
  });

  it('G-LND-10: landed → done, slot free, last landing recorded, branch deleted at the merged head', () => {
    const world = createWorld();
    world.drive('R(landing)');
    settleEffects(world);
    world.land();
    expect(world.item()).toMatchObject({
      stage: 'done',
      activity: 'settled',
      token: null,
      delivery: { phase: 'landed', land: { merge_commit: sha('merge ET-1') } },
    });
    expect(world.snapshot.repo).toMatchObject({
      slot: null,
      lastLanding: { item: 'ET-1', mergeCommit: sha('merge ET-1') },
    });
    expect(world.item().outbox.map(({ effect }) => effect)).toContainEqual({
      kind: 'delete-branch',
      branch: 'feature/ET-1-x',
      expect: sha('m'),
    });
    expect(owed(world.item())).toEqual(
      expect.arrayContaining(['tracker-status', 'comment:summary', 'conveyor/landed=pass']),
    );
  });

  it('G-LND-7, pipeline §9 row 0: a landing that could not be proven waits its back-off, inside the critical window too', () => {
    const world = createWorld();
    world.drive('R(landing)');
    world.land('ET-1', { verdicts: [passOf('deploy'), errs('landed', 'NOT_LANDED')] });
    expect(world.item()).toMatchObject({
      stage: 'deploy',
      activity: 'queued',
      mode: 'finalize',
      counters: { infra: { landed: 1 } },
    });
    world.later(59);
    expect(world.at()).toBe('deploy/queued');
    world.later(1);
    expect(world.at()).toBe('deploy/dispatched');
  });
});

describe('effects of a decision', () => {
  const DUE = [
    'R(analysis)',
    'R(architecture)',
    'R(development)',
    'R(review)',
    'R(testing)',
    'R(deploy-staging)',
    'R(approved)',
    'R(deployed)',
  ] as const;
  it.each(DUE)('PL-K-1: %s owes exactly one dispatch, with its token, and the board', (place) => {
    const world = createWorld('chat: {kind: console}\nintake: {serial: false}');
    world.drive(place);
    const item = world.item();
    const dispatches = item.outbox.flatMap(({ effect }) => (effect.kind === 'dispatch' ? [effect] : []));
    expect(dispatches).toEqual([
      {
        kind: 'dispatch',
        stage: item.stage,
        token: item.token,
        round: item.rounds[item.stage],
        attempt: 1,
        title: `ET-1 · ${item.stage} · attempt ${item.rounds[item.stage]} · ${item.token}`,
      },
    ]);
    expect(owed(item).filter((name) => name === 'tracker-status')).toHaveLength(1);
    expect(owed(item).filter((name) => name === 'chat-card')).toHaveLength(1);
    expect(item.dispatch).toEqual({ at: item.since, sends: 0, run: null });
  });

  it('PL-S-5, PL-C-4: a newer level or status replaces the older one, a new token drops the older dispatch, acts stay', () => {
    const world = createWorld();
    for (const place of PATH.slice(0, 9)) {
      world.drive(place as Place);
      const keys = world.item().outbox.map((entry) => entry.key);
      expect(new Set(keys).size).toBe(keys.length);
      expect(keys.filter((key) => key.startsWith('dispatch:'))).toEqual(
        world.item().token === null ? [] : [`dispatch:${world.item().token}`],
      );
      expect(world.item().outbox.find((entry) => entry.key === 'tracker-status')?.seq).toBe(world.item().seq);
    }
    expect(owed(world.item())).toContain('pull-request');
    world.board('cancel');
    expect(owed(world.item()).filter((name) => name === 'dispatch' || name === 'pull-request')).toEqual([]);
  });

  it('design §3: each line of the journal says what it made due, once', () => {
    const world = createWorld();
    world.drive('done');
    for (const line of world.journal) expect(new Set(line.effects).size).toBe(line.effects.length);
    const dispatched = world.journal.flatMap((line) => line.effects.filter((key) => key.startsWith('dispatch:')));
    expect(dispatched).toEqual(world.tokens.map((token) => `dispatch:${token}`));
  });

  it('G-STA-1: a failed gate shows as its own status on the judged head', () => {
    const world = createWorld();
    world.drive('R(review)');
    const landed = world.landed('ET-1', { verdicts: [fails('review', 'REVIEW_CHANGES', 'two findings')] });
    world.feed(landed);
    expect(world.item().outbox.map(({ effect }) => effect)).toContainEqual(
      expect.objectContaining({
        kind: 'commit-status',
        sha: landed.head,
        context: 'conveyor/review',
        verdict: 'fail',
        code: 'REVIEW_CHANGES',
      }),
    );
  });
});
