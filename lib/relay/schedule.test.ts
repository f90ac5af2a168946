import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Entry } from './entry.ts';
import { Schedule } from './schedule.ts';
import { type Lane, newTask } from './work.ts';

const entry = (seq: number, issue: string, project = 'p'): Entry => ({
  seq,
  key: String(seq),
  correlation: 'cv-aaaaaaaaaa',
  project,
  issue,
  created: false,
  change: { kind: 'tracker.state', old: null, new: null },
  sequence: 1,
  title: '',
  updatedAt: '',
  receivedAt: '',
  actor: null,
  delivery: '',
  order: String(seq).padStart(6, '0'),
});

describe('schedule', () => {
  it('RL-RLY-25: items of a repository take turns, a busy one waits for its rest', () => {
    const schedule = new Schedule(() => 'acme/gpx');
    for (const [seq, issue] of [
      [1, 'a'],
      [2, 'a'],
      [3, 'b'],
    ] as const)
      schedule.add(newTask(entry(seq, issue)));
    const first = schedule.take('acme/gpx');
    expect([first?.issue, schedule.take('acme/gpx')?.issue, schedule.take('acme/gpx')]).toEqual(['a', 'b', null]);
    schedule.add(newTask(entry(4, 'a')));
    expect(schedule.take('acme/gpx')).toBeNull();
    schedule.rest(first!, 0);
    expect(schedule.take('acme/gpx')?.tasks.map((task) => task.entry.seq)).toEqual([1, 2, 4]);
  });

  it('O-C-9: a project without a route is parked until there is one, others go on', () => {
    let open = false;
    const schedule = new Schedule((project) => (project === 'closed' && !open ? null : project));
    schedule.add(newTask(entry(1, 'a', 'closed')));
    schedule.add(newTask(entry(2, 'b', 'other')));
    expect(schedule.repositories).toEqual(['other']);
    open = true;
    schedule.reroute();
    expect(schedule.repositories.toSorted()).toEqual(['closed', 'other']);
    expect(schedule.take('closed')?.issue).toBe('a');
  });

  it('law: every waiting event is in exactly one place: busy, due, delayed or parked; nothing comes before its time', () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('add' as const),
        issue: fc.constantFrom('a', 'b', 'c'),
        project: fc.constantFrom('p', 'q'),
      }),
      fc.record({ kind: fc.constant('take' as const), project: fc.constantFrom('p', 'q') }),
      fc.record({ kind: fc.constant('rest' as const), wait: fc.constantFrom(0, 5, 50), done: fc.boolean() }),
      fc.record({ kind: fc.constant('time' as const), ms: fc.integer({ min: 1, max: 30 }) }),
      fc.record({ kind: fc.constant('route' as const), open: fc.boolean() }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let open = true;
        let now = 1;
        let seq = 0;
        const schedule = new Schedule((project) => (project === 'q' && !open ? null : project));
        const waiting = new Map<string, number>();
        const busy: Lane[] = [];
        for (const one of steps) {
          if (one.kind === 'add') {
            seq += 1;
            schedule.add(newTask(entry(seq, one.issue, one.project)));
            waiting.set(`${one.project}/${one.issue}`, (waiting.get(`${one.project}/${one.issue}`) ?? 0) + 1);
          } else if (one.kind === 'take') {
            const lane = schedule.take(one.project);
            if (lane === null) continue;
            expect(busy).not.toContain(lane);
            expect(lane.notBefore).toBeLessThanOrEqual(now);
            expect(one.project === 'q' && !open).toBe(false);
            busy.push(lane);
          } else if (one.kind === 'rest') {
            const lane = busy.shift();
            if (lane === undefined) continue;
            if (one.done) waiting.set(lane.id, (waiting.get(lane.id) ?? 0) - lane.tasks.splice(0).length);
            schedule.rest(lane, one.wait === 0 ? 0 : now + one.wait);
          } else if (one.kind === 'time') {
            now += one.ms;
            schedule.advance(now);
          } else {
            open = one.open;
            schedule.reroute();
          }
        }
        open = true;
        schedule.reroute();
        for (const lane of busy) schedule.rest(lane, 0);
        schedule.advance(now + 1000);
        const found = new Map<string, number>();
        for (const project of ['p', 'q'])
          for (let lane = schedule.take(project); lane !== null; lane = schedule.take(project))
            found.set(lane.id, lane.tasks.length);
        expect(found).toEqual(new Map([...waiting].filter(([, count]) => count > 0)));
        expect(schedule.due).toBe(Number.POSITIVE_INFINITY);
      }),
    );
  });
});
