import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { moved } from '../../tests/support/relay/recordings.ts';
import { createRelayWorld } from '../../tests/support/relay/world.ts';
import { entryOf } from './entry.ts';
import { inOrder } from './lane.ts';
import type { DispatchedRunState } from './ports.ts';

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('deliver' as const),
      item: fc.integer({ min: 1, max: 3 }),
      to: fc.constantFrom('To Analyse', 'Approved', 'Rejected', 'STOP', 'Todo'),
      second: fc.integer({ min: 0, max: 59 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('advance' as const), ms: fc.constantFrom(1, 500, 3000, 20_000, 400_000) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('answers' as const),
      codes: fc.array(fc.constantFrom(500, 429, 404, 401), { maxLength: 4 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('ends' as const),
      ends: fc.array(
        fc.constantFrom<DispatchedRunState>('running', 'queued', 'success', 'failure', 'gone', 'cancelled'),
        { maxLength: 4 },
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('tracker' as const), down: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
);

describe('dispatch under faults', () => {
  it('RL-RLY-23…27 law: every event ends exactly once; what is not superseded or dead had a run that succeeded; one in flight, in order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const world = await createRelayWorld();
        const ends: DispatchedRunState[] = [];
        const last = new Map<number, DispatchedRunState>();
        world.forge.end = ({ runId }) => {
          const known = last.get(runId);
          if (known !== undefined && known !== 'running' && known !== 'queued') return known;
          const next = ends.shift() ?? 'success';
          last.set(runId, next);
          return next;
        };
        const overlaps: string[] = [];
        const dispatch = world.forge.dispatch;
        world.forge.dispatch = async (repository, envelopes) => {
          for (const { item } of envelopes)
            for (const earlier of world.forge.dispatches)
              if (earlier.envelopes.some((envelope) => envelope.item.tracker_id === item.tracker_id)) {
                const state = last.get(earlier.runId) ?? 'not asked';
                if (!['success', 'failure', 'gone', 'cancelled'].includes(state))
                  overlaps.push(`run ${earlier.runId} ${state}`);
              }
          return dispatch(repository, envelopes);
        };
        for (const one of steps) {
          if (one.kind === 'deliver') {
            const second = String(one.second).padStart(2, '0');
            await world.deliver(
              moved({
                to: one.to,
                issue: `00000000-0000-4000-8000-00000000000${one.item}`,
                sequence: one.item,
                at: `2026-05-04T09:00:${second}.5Z`,
              }),
            );
          } else if (one.kind === 'advance') await world.clock.advance(one.ms);
          else if (one.kind === 'answers') world.forge.answers = [...one.codes];
          else if (one.kind === 'ends') ends.push(...one.ends);
          else if (one.kind === 'tracker')
            world.tracker.down = { ...world.tracker.down, states: one.down, issue: one.down };
          else {
            await world.stop();
            await world.start();
          }
        }
        world.tracker.down = { states: false, issue: false, me: false };
        world.forge.answers = [];
        await world.clock.advance(1_800_000);
        expect(world.pending()).toBe(0);
        expect(overlaps).toEqual([]);

        const finals = world.acks().filter(({ status }) => status !== 'dispatched');
        const entries = world.records().map((record) => entryOf(record)!);
        expect(finals.map(({ seq }) => seq).toSorted((a, b) => a - b)).toEqual(entries.map(({ seq }) => seq));
        const outcome = new Map(finals.map(({ seq, status, reason }) => [seq, reason ?? status]));
        const succeeded = (correlation: string) =>
          world.forge.dispatches.findIndex(
            ({ runId, envelopes }) =>
              last.get(runId) === 'success' && envelopes.some((envelope) => envelope.correlation === correlation),
          );
        const confirmed = entries.filter(({ seq }) => outcome.get(seq) === 'confirmed');
        for (const { correlation } of confirmed) expect(succeeded(correlation)).toBeGreaterThanOrEqual(0);
        for (const [index, earlier] of confirmed.entries())
          for (const later of confirmed.slice(index + 1))
            if (earlier.issue === later.issue && inOrder(earlier, later) < 0)
              expect(succeeded(earlier.correlation)).toBeLessThanOrEqual(succeeded(later.correlation));
        for (const { envelopes } of world.forge.dispatches)
          for (const issue of new Set(envelopes.map(({ item }) => item.tracker_id))) {
            const sent = envelopes
              .filter(({ item }) => item.tracker_id === issue)
              .map(({ correlation }) => entries.find((entry) => entry.correlation === correlation)!);
            expect(sent).toEqual(sent.toSorted(inOrder));
          }
      }),
      { numRuns: 40 },
    );
  });

  it('RL-RLY-25: at most four issues of a repository are read at once', async () => {
    const world = await createRelayWorld();
    let reading = 0;
    let most = 0;
    world.tracker.issue = async () => {
      reading += 1;
      most = Math.max(most, reading);
      await world.clock.sleep(1000);
      reading -= 1;
      return null;
    };
    for (let item = 10; item < 40; item += 1)
      await world.deliver(
        moved({ to: 'To Analyse', issue: `00000000-0000-4000-8000-0000000000${item}`, sequence: item }),
      );
    await world.clock.advance(60_000);
    expect(most).toBe(4);
    expect(world.pending()).toBe(0);
  });
});
