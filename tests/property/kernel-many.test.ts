import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Decision } from '../../lib/pipeline/decide.ts';
import type { PipelineEvent } from '../../lib/pipeline/events.ts';
import { isTerminal } from '../../lib/pipeline/stages.ts';
import { ItemState, RepoState, type Snapshot, isCritical, stateFaults } from '../../lib/pipeline/state.ts';
import { choice, forward, make, setting, walk } from './kernel-walk.ts';
import { type World, createWorld } from './kernel-world.ts';

const steps = fc.array(choice, { minLength: 50, maxLength: 200 });
/** Shrinking a walk takes minutes; its seed repeats it. */
const RUNS = { numRuns: 600, endOnFailure: true };

const frozen = new WeakSet();
/** `decide` may change nothing of what it is given. */
function freeze(value: unknown): void {
  if (value === null || typeof value !== 'object' || frozen.has(value)) return;
  frozen.add(value);
  Object.freeze(value);
  for (const inner of Object.values(value)) freeze(inner);
}
function freezeSnapshot(snapshot: Snapshot): void {
  freeze(snapshot.repo);
  for (const item of snapshot.items.values()) freeze(item);
}

const typeOf = (event: PipelineEvent) => (event.type === 'gesture' ? event.action : event.type);
const subject = (event: PipelineEvent) => ('item' in event ? event.item : null);

/** Invariants of pipeline §14 that one decision can break. */
function checkDecision(world: World, before: Snapshot, event: PipelineEvent, decision: Decision): void {
  const [answer, ...timers] = decision.answers;
  expect(answer).toMatchObject({ event: typeOf(event) });
  expect(answer!.rule).not.toBe('');
  expect(timers.every(({ event: name }) => name === 'timer.due')).toBe(true);
  const { repo, items } = decision.next;
  expect(RepoState.safeParse(repo).error).toBeUndefined();
  for (const [id, item] of items) {
    const old = before.items.get(id);
    if (item === old) continue;
    expect(stateFaults(item)).toEqual([]);
    expect(ItemState.safeParse(item).error).toBeUndefined();
    const lines = decision.lines.filter((line) => line.item === id);
    // 7: seq only grows, by one per line; a terminal stage is final within a life.
    expect(lines.map((line) => line.seq)).toEqual(lines.map((_, index) => (old?.seq ?? 0) + 1 + index));
    expect(item.seq).toBe((old?.seq ?? 0) + lines.length);
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.at(-1)!.after).toContain(`${item.stage}/${item.activity}`);
    if (old !== undefined && isTerminal(old.stage)) expect([item.stage, item.gen]).toEqual([old.stage, old.gen]);
    // 8: only a red that was really judged burns a developer retry.
    if (old !== undefined && item.counters.developer > old.counters.developer) {
      const verdicts =
        event.type === 'stage.landed' ? event.verdicts : event.type === 'ci.judged' ? [event.verdict] : [];
      expect(
        verdicts.some(({ action, verdict }) => action === 'dev' && verdict !== 'pass') ||
          verdicts.some(({ verdict }) => verdict === 'fail'),
      ).toBe(true);
    }
    const keys = item.outbox.map((entry) => entry.key);
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.filter((key) => key.startsWith('dispatch:') && key !== `dispatch:${item.token}`)).toEqual([]);
    // An item is in deploy exactly while its delivery is between the request and its end.
    const phase = item.delivery?.phase ?? 'none';
    if (item.activity !== 'settled')
      expect([item.stage, phase, item.stage === 'deploy']).toEqual([
        item.stage,
        phase,
        ['requested', 'approved', 'initiated', 'deployed', 'landing'].includes(phase),
      ]);
  }
  for (const id of before.items.keys()) expect(items.has(id)).toBe(true);
  // 4: one token per item, none twice; runs within the limit, beside the critical one; one slot, with a live holder.
  const live = [...items.values()];
  const tokens = live.flatMap((item) => item.token ?? []);
  expect(new Set(tokens).size).toBe(tokens.length);
  const fresh = live.filter((item) => item.token !== null && item.token !== before.items.get(item.id)?.token);
  for (const item of fresh) expect(world.tokens).not.toContain(item.token);
  expect(live.filter((item) => item.activity === 'dispatched' && !isCritical(item)).length).toBeLessThanOrEqual(
    world.config.limits.runs,
  );
  const holder = repo.slot === null ? undefined : items.get(repo.slot.item);
  if (repo.slot !== null)
    expect([holder?.gen, ['deploy-staging', 'deploy'].includes(holder?.stage ?? '')]).toEqual([repo.slot.gen, true]);
  for (const item of live) if (item.stage === 'deploy') expect(repo.slot?.item).toBe(item.id);
  for (const item of live) if (item.activity === 'held' && !isCritical(item)) expect(repo.slot?.item).not.toBe(item.id);
  // Ignored: the item is as it was, but for the answer to a move on the board; nothing was written on its own.
  if (!answer!.applied && !(event.type === 'gesture' && event.via === 'tracker'))
    expect(decision.lines.filter((line) => line.event === typeOf(event))).toEqual([]);
  if (!decision.changed) for (const [id, item] of items) expect(item).toBe(before.items.get(id));
  // PL-R-8: no automatic action leaves a hold.
  if (event.type === 'clock')
    for (const [id, old] of before.items) if (old.activity === 'held') expect(items.get(id)).toBe(old);
}

const step = (world: World, event: PipelineEvent): void => {
  const before = world.snapshot;
  freezeSnapshot(before);
  const decision = world.ask(event);
  checkDecision(world, before, event, decision);
  world.feed(event);
};

describe('decide, on random walks from an empty ledger', () => {
  it(
    'design §4, pipeline §14: is total and keeps every invariant, for fitting and for garbage events',
    { timeout: 550_000 },
    () => {
      fc.assert(
        fc.property(setting, steps, (config, choices) => {
          const world = walk(config, choices, step);
          const lives = Map.groupBy(world.journal, (line) => line.item);
          for (const [id, item] of world.snapshot.items)
            expect(
              lives
                .get(id)!
                .slice(-item.seq)
                .map((line) => line.seq),
            ).toEqual(Array.from({ length: item.seq }, (_, index) => index + 1));
          expect(new Set(world.tokens).size).toBe(world.tokens.length);
        }),
        RUNS,
      );
    },
  );

  it('PL-E-3: the same event twice is applied once', { timeout: 550_000 }, () => {
    fc.assert(
      fc.property(setting, steps, (config, choices) => {
        walk(config, choices, (world, event) => {
          const [first, second] = world.ask(event, event).answers;
          // A command is meant each time it is given; a record that keeps its phase writes the same again.
          const again =
            (event.type === 'gesture' && event.row === null) ||
            (event.type === 'delivery.recorded' && event.from === event.delivery.phase);
          if (first!.applied && !again)
            expect([typeOf(event), subject(event), second!.applied]).toEqual([typeOf(event), subject(event), false]);
          world.feed(event);
        });
      }),
      RUNS,
    );
  });

  it(
    'design §4: the same question has the same answer, and events together are decided like events one by one',
    { timeout: 550_000 },
    () => {
      fc.assert(
        fc.property(setting, fc.array(choice, { minLength: 20, maxLength: 60 }), (config, choices) => {
          walk(config, choices, (world, event) => {
            expect(world.ask(event)).toEqual(world.ask(event));
            world.feed(event);
          });
        }),
        { ...RUNS, numRuns: 20 },
      );
    },
  );

  it(
    'PL-R-8: from every reachable state a person leads on: every hold has a way out, every wait an end, STOP is never lost',
    { timeout: 550_000 },
    () => {
      fc.assert(
        fc.property(setting, steps, (config, choices) => {
          walk(config, choices, (world, event) => {
            world.feed(event);
            for (const item of world.snapshot.items.values()) {
              if (isTerminal(item.stage)) continue;
              const stop = world.ask(stopOf(item));
              const stopped = stop.next.items.get(item.id)!;
              if (isCritical(item) || item.cancel !== null) expect(stopped.cancel).not.toBeNull();
              else
                expect([
                  item.stage,
                  stopped.stage === 'cancelled' || (stopped.cancel !== null && stopped.activity === 'dispatched'),
                ]).toEqual([item.stage, true]);
              if (item.activity !== 'held' && item.activity !== 'waiting') continue;
              const lead = forward(world, item);
              if (lead === null) {
                // Waits for the slot: somebody else has it, and a rejection leads out.
                expect(item.waitingFor).toBe('slot');
                expect(world.snapshot.repo.slot?.item).not.toBe(item.id);
                continue;
              }
              const { next, answers } = world.ask(lead);
              expect([item.stage, item.hold?.code, answers[0]]).toMatchObject([
                item.stage,
                item.hold?.code,
                { applied: true },
              ]);
              expect(next.items.get(item.id)!.hold).toBeNull();
            }
          });
        }),
        { ...RUNS, numRuns: 30 },
      );
    },
  );

  it(
    'pipeline §9: once everybody does their part, every item ends: no deadlock of queue, slot, limit or STOP',
    { timeout: 550_000 },
    () => {
      fc.assert(
        fc.property(setting, steps, (config, choices) => {
          const world = walk(config, choices, (current, event) => current.feed(event));
          for (
            let round = 0;
            round < 120 && [...world.snapshot.items.values()].some((item) => !isTerminal(item.stage));
            round += 1
          ) {
            for (const id of world.snapshot.items.keys()) {
              const item = world.item(id);
              const event = isTerminal(item.stage) ? null : forward(world, item);
              if (event !== null) step(world, event);
            }
            world.tick(900);
            step(world, { type: 'clock' });
          }
          expect(
            [...world.snapshot.items.values()]
              .filter((item) => !isTerminal(item.stage))
              .map((item) => world.at(item.id)),
          ).toEqual([]);
          expect(world.snapshot.repo.slot).toBeNull();
        }),
        RUNS,
      );
    },
  );

  it('the walks reach every stage, activity, hold of this path and every kind of event', { timeout: 550_000 }, () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(setting, steps, (config, choices) => {
        walk(config, choices, (world, event) => {
          for (const answer of world.feed(event).answers)
            seen.add(`${answer.event} ${answer.applied ? 'applied' : answer.rule}`);
          for (const item of world.snapshot.items.values()) {
            seen.add(`${item.stage}/${item.activity}`);
            if (item.hold !== null) seen.add(item.hold.code);
            if (isCritical(item)) seen.add(`critical ${item.activity}`);
            if (item.gen > 1) seen.add('second life');
          }
        });
      }),
      { ...RUNS, numRuns: 400, seed: 20_260_120 },
    );
    const wanted = [
      'created/queued',
      'analysis/dispatched',
      'analysis/waiting',
      'analysis/held',
      'architecture/dispatched',
      'architecture/held',
      'development/dispatched',
      'development/waiting',
      'development/held',
      'review/dispatched',
      'review/held',
      'testing/dispatched',
      'testing/held',
      'deploy-staging/dispatched',
      'deploy-staging/queued',
      'deploy-staging/waiting',
      'deploy-staging/held',
      'deploy/dispatched',
      'deploy/queued',
      'deploy/waiting',
      'deploy/held',
      'done/settled',
      'cancelled/settled',
      'critical dispatched',
      'critical held',
      'second life',
      'retries-exhausted',
      'no-progress',
      'loop',
      'infra',
      'agent-failed',
      'agent-unavailable',
      'deploy-unknown',
      'not-landed',
      'merged-outside',
      'questions',
      'ci-silent',
      'config-invalid',
      'budget',
      'stage.landed I-RUN',
      'delivery.recorded I-RUN',
      'delivery.recorded applied',
      'run.lost applied',
      'preflight.failed applied',
      'ci.judged I-SHA',
      'ci.judged applied',
      'branch.moved applied',
      'branch.moved I-CRITICAL',
      'pull.merged applied',
      'held.outside applied',
      'timer.due applied',
      'confirm I-SHA',
      'confirm applied',
      'cancel I-DUP',
      'recheck applied',
      'retry I-CRITICAL',
      'reject I-CRITICAL',
      'approve I-EARLY',
      'start I-TERMINAL',
    ];
    expect(wanted.filter((name) => !seen.has(name))).toEqual([]);
  });
});

const stopOf = (item: ItemState): PipelineEvent => ({
  type: 'gesture',
  action: 'cancel',
  item: item.id,
  issue: null,
  row: null,
  by: 'ops',
  via: 'dispatch',
  reason: 'x',
  digest: null,
  entry: null,
  archived: null,
  known: [],
});

describe('several events in one decision', () => {
  it('PL-Q9: a batch of starts together is what they are one by one', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([1, 2, 3, 4, 5], { minLength: 1 }), fc.boolean(), (numbers, serial) => {
        const config = `intake: {serial: ${serial}}\nlimits: {runs: 2}`;
        const [together, apart] = [createWorld(config), createWorld(config)];
        const events = numbers.flatMap(
          (number) => make(together, { what: 'go', issue: number, a: 0, b: 0, c: 0, odd: 0 }) ?? [],
        );
        together.feed(...events);
        for (const event of events) apart.feed(event);
        const view = (world: World) =>
          [...world.snapshot.items.values()].map((item) => [
            item.id,
            item.order,
            item.seq,
            world.at(item.id),
            item.token,
          ]);
        expect(view(together)).toEqual(view(apart));
      }),
    );
  });
});
