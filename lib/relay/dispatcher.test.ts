import { describe, expect, it } from 'vitest';
import { ADA, BOT, moved, OTHER_PROJECT, PROJECT } from '../../tests/support/relay/recordings.ts';
import { createRelayWorld } from '../../tests/support/relay/world.ts';

const ITEM_A = '00000000-0000-4000-8000-00000000000a';
const ITEM_B = '00000000-0000-4000-8000-00000000000b';

/** new_key of every envelope, dispatch by dispatch. */
const keys = (world: Awaited<ReturnType<typeof createRelayWorld>>) =>
  world.forge.dispatches.map(({ envelopes }) => envelopes.map(({ new_key: key, item }) => `${item.id}:${key}`));

/** A relay that does not know the board yet, so that what is delivered waits together until the tracker is back. */
async function waitingWorld(): ReturnType<typeof createRelayWorld> {
  const world = await createRelayWorld({ start: false });
  world.tracker.down.states = true;
  await world.start();
  return world;
}

describe('dispatch', () => {
  it('RL-RLY-19: an accepted move becomes one envelope with fetched values, no description, no e-mail', async () => {
    const world = await createRelayWorld();
    expect(await world.deliver(moved({ to: 'To Analyse', from: 'Backlog', sequence: 12 }))).toMatchObject({
      status: 'accepted',
    });
    await world.clock.advance(100);
    const [dispatch] = world.forge.dispatches;
    expect(dispatch?.repository).toBe('acme/gpx');
    expect(dispatch?.envelopes).toEqual([
      {
        v: 1,
        correlation: expect.stringMatching(/^cv-[a-z2-7]{10}$/),
        kind: 'tracker.state',
        source: 'plane',
        via: 'webhook',
        repo: 'acme/gpx',
        project: PROJECT,
        item: { id: 'ET-12', tracker_id: 'f4991147-95d5-42fa-8082-967813e8775f', seq: 12, title: 'Fetched title' },
        field: 'state',
        old_key: 'backlog',
        new_key: 'to_analyse',
        current_key: 'backlog',
        updated_at: '2026-05-04T10:11:12.345Z',
        actor: { id: ADA, role: null },
        delivery: 'delivery-1',
        received_at: '2026-05-04T10:00:00.000Z',
        enriched: true,
      },
    ]);
    expect(JSON.stringify(dispatch?.envelopes)).not.toMatch(/example\.test|Steps/);
    await world.clock.advance(2000);
    expect(world.pending()).toBe(0);
  });

  it('case 17, RL-RLY-25: what waits together goes in one dispatch, two items and two events of one item', async () => {
    const world = await waitingWorld();
    await world.deliver(moved({ to: 'STOP', issue: ITEM_A, sequence: 1, at: '2026-05-04T10:00:01Z' }));
    await world.deliver(moved({ to: 'Approved', issue: ITEM_A, sequence: 1, at: '2026-05-04T10:00:02Z' }));
    await world.deliver(moved({ to: 'Rejected', issue: ITEM_B, sequence: 2 }));
    await world.clock.advance(100);
    world.tracker.down.states = false;
    await world.clock.advance(60_000);
    expect(keys(world)).toEqual([['ET-1:stop', 'ET-1:approved', 'ET-2:rejected']]);
    expect(world.pending()).toBe(0);
  });

  it('case 18, RL-RLY-26: Approved then Rejected within the queue: only Rejected; the other is acked superseded', async () => {
    const world = await createRelayWorld();
    world.forge.answers = [500];
    await world.deliver(moved({ to: 'Approved', at: '2026-05-04T10:00:01Z' }));
    await world.clock.advance(10);
    await world.deliver(moved({ to: 'Rejected', at: '2026-05-04T10:00:02Z' }));
    await world.clock.advance(60_000);
    expect(keys(world)).toEqual([['ET-2:rejected']]);
    expect(world.acks().map(({ seq, status }) => [seq, status])).toEqual([
      [1, 'superseded'],
      [2, 'dispatched'],
      [2, 'confirmed'],
    ]);
  });

  it('case 18: STOP then In Review by us: STOP stays', async () => {
    const world = await createRelayWorld();
    world.forge.answers = [500];
    await world.deliver(moved({ to: 'STOP', at: '2026-05-04T10:00:01Z' }));
    expect(
      await world.deliver(moved({ to: 'In Review', from: 'STOP', actor: BOT, at: '2026-05-04T10:00:02Z' })),
    ).toMatchObject({ reason: 'own write' });
    await world.clock.advance(60_000);
    expect(keys(world)).toEqual([['ET-2:stop']]);
  });

  it('RL-RLY-25: one in flight per item; a later event waits for the end of the run, another item does not', async () => {
    const world = await createRelayWorld();
    let done = false;
    world.forge.end = ({ runId }) => (runId === 1000 && !done ? 'running' : 'success');
    await world.deliver(moved({ to: 'To Analyse', issue: ITEM_A, sequence: 1, at: '2026-05-04T10:00:01Z' }));
    await world.clock.advance(10);
    await world.deliver(moved({ to: 'STOP', issue: ITEM_A, sequence: 1, at: '2026-05-04T10:00:02Z' }));
    await world.deliver(moved({ to: 'To Analyse', issue: ITEM_B, sequence: 2 }));
    await world.clock.advance(3_600_000);
    expect(keys(world)).toEqual([['ET-1:to_analyse'], ['ET-2:to_analyse']]);
    done = true;
    await world.clock.advance(20_000);
    expect(keys(world)).toEqual([['ET-1:to_analyse'], ['ET-2:to_analyse'], ['ET-1:stop']]);
  });

  it('RL-RLY-25: the order of one item is that of the changes, not of the arrival', async () => {
    const world = await waitingWorld();
    await world.deliver(moved({ to: 'Approved', at: '2026-05-04T10:00:02.000002Z' }));
    await world.deliver(moved({ to: 'STOP', at: '2026-05-04T10:00:02.000001Z' }));
    await world.clock.advance(10);
    world.tracker.down.states = false;
    await world.clock.advance(60_000);
    expect(keys(world)).toEqual([['ET-2:stop', 'ET-2:approved']]);
  });

  it('RL-RLY-20: forty waiting items of one repository go in dispatches of at most twenty, each once', async () => {
    const world = await waitingWorld();
    for (let item = 0; item < 40; item += 1)
      await world.deliver(
        moved({
          to: 'To Analyse',
          sequence: item,
          issue: `00000000-0000-4000-8000-0000000001${String(item).padStart(2, '0')}`,
        }),
      );
    world.tracker.down.states = false;
    await world.clock.advance(120_000);
    expect(world.forge.dispatches.every(({ envelopes }) => envelopes.length <= 20)).toBe(true);
    expect(new Set(keys(world).flat()).size).toBe(40);
    expect(keys(world).flat()).toHaveLength(40);
    expect(world.pending()).toBe(0);
  });
});

describe('a forge that fails', () => {
  it('case 15, RL-RLY-23: 500 three times, then accepted: one run, order kept', async () => {
    const world = await createRelayWorld();
    world.forge.answers = [500, 500, 500];
    await world.deliver(moved({ to: 'STOP', at: '2026-05-04T10:00:01Z' }));
    await world.deliver(moved({ to: 'Approved', at: '2026-05-04T10:00:02Z' }));
    await world.clock.advance(60_000);
    expect(world.forge.tries).toHaveLength(4);
    expect(keys(world)).toEqual([['ET-2:stop', 'ET-2:approved']]);
  });

  it('case 15: 404 three times: dead letter, one alert, other items unaffected, redrive works', async () => {
    const world = await createRelayWorld();
    const answer = world.forge.dispatch;
    let broken = true;
    world.forge.dispatch = (repository, envelopes) => {
      world.forge.answers = broken && envelopes.some(({ item }) => item.tracker_id === ITEM_A) ? [404] : [];
      return answer(repository, envelopes);
    };
    await world.deliver(moved({ to: 'To Analyse', issue: ITEM_A, sequence: 1 }));
    await world.deliver(moved({ to: 'To Analyse', issue: ITEM_B, sequence: 2 }));
    await world.clock.advance(300_000);
    expect(keys(world)).toEqual([['ET-2:to_analyse']]);
    expect(world.forge.tries.filter((tried) => tried.includes(world.correlation(1)))).toHaveLength(3);
    expect(world.alerts.filter(({ kind }) => kind === 'relay.dead')).toHaveLength(1);
    expect(world.dead()).toHaveLength(1);
    expect(world.dead()[0]).toMatchObject({ repository: 'acme/gpx', attempts: 3, record: { issue: ITEM_A } });
    expect(world.pending()).toBe(0);
    broken = false;
    await world.redrive();
    await world.clock.advance(10_000);
    expect(keys(world)).toEqual([['ET-2:to_analyse'], ['ET-1:to_analyse']]);
    expect(world.forge.dispatches[1]?.envelopes[0]?.correlation).toBe(world.correlation(1));
    expect(world.dead()).toEqual([]);
  });

  it('RL-RLY-23: dead letters of one project within an hour make one alert, the next tells the count', async () => {
    const world = await createRelayWorld();
    world.forge.answers = Array(100).fill(422);
    for (let item = 0; item < 3; item += 1) {
      await world.deliver(
        moved({ to: 'To Analyse', sequence: item, issue: `00000000-0000-4000-8000-00000000010${item}` }),
      );
      await world.clock.advance(60_000);
    }
    expect(world.alerts.map(({ kind }) => kind)).toEqual(['relay.dead']);
    await world.clock.advance(3_600_000);
    await world.deliver(moved({ to: 'To Analyse', sequence: 9, issue: '00000000-0000-4000-8000-000000000109' }));
    await world.clock.advance(60_000);
    expect(world.alerts.map(({ text }) => text.slice(0, 10))).toEqual(['1 event(s)', '3 event(s)']);
  });

  it('RL-RLY-23: 401 raises an alert at once and is tried every 300 s', async () => {
    const world = await createRelayWorld();
    world.forge.answers = [401, 403];
    await world.deliver(moved({ to: 'To Analyse' }));
    await world.clock.advance(100);
    expect(world.alerts.map(({ kind }) => kind)).toEqual(['credentials']);
    await world.clock.advance(299_000);
    expect(world.forge.tries).toHaveLength(1);
    await world.clock.advance(310_000);
    expect(keys(world)).toEqual([['ET-2:to_analyse']]);
    expect(world.alerts).toHaveLength(1);
  });

  it('RL-RLY-23: gives up after 12 attempts', async () => {
    const world = await createRelayWorld();
    world.forge.answers = Array(50).fill(503);
    await world.deliver(moved({ to: 'To Analyse' }));
    await world.clock.advance(3_600_000);
    expect(world.forge.tries).toHaveLength(12);
    expect(world.dead()).toHaveLength(1);
  });

  it('a disk that refuses the dead letter keeps the entry', async () => {
    const world = await createRelayWorld();
    world.forge.answers = Array(8).fill(404);
    await world.deliver(moved({ to: 'To Analyse' }));
    await world.clock.advance(1);
    world.files.faults.sync = true;
    await world.clock.advance(30_000);
    expect(world.dead()).toEqual([]);
    expect(world.pending()).toBe(1);
    world.files.faults.sync = false;
    await world.clock.advance(60_000);
    expect(world.dead()).toHaveLength(1);
    expect(world.pending()).toBe(0);
  });
});

describe('confirmation', () => {
  it('case 16, RL-RLY-24: a lost run is dispatched again with the same correlation', async () => {
    const world = await createRelayWorld();
    world.forge.end = ({ runId }) => (runId === 1000 ? 'gone' : 'success');
    await world.deliver(moved({ to: 'To Analyse' }));
    await world.clock.advance(30_000);
    expect(world.forge.dispatches).toHaveLength(2);
    expect(new Set(world.forge.tries.flat()).size).toBe(1);
    expect(world.pending()).toBe(0);
  });

  it('case 16: a run that is still queued after 600 s is not dispatched again', async () => {
    const world = await createRelayWorld();
    world.forge.end = () => 'queued';
    await world.deliver(moved({ to: 'To Analyse' }));
    await world.clock.advance(7_200_000);
    expect(world.forge.dispatches).toHaveLength(1);
    expect(world.pending()).toBe(1);
  });

  it('RL-RLY-24: a run of which nothing is known for 600 s is dispatched again, not earlier', async () => {
    const world = await createRelayWorld();
    world.forge.end = ({ runId }) => (runId === 1000 ? 'unknown' : 'success');
    await world.deliver(moved({ to: 'To Analyse' }));
    await world.clock.advance(595_000);
    expect(world.forge.dispatches).toHaveLength(1);
    await world.clock.advance(60_000);
    expect(world.forge.dispatches).toHaveLength(2);
  });

  it('RL-RLY-24: without a run id the run is found by its correlation', async () => {
    const world = await createRelayWorld();
    const answer = world.forge.dispatch;
    world.forge.dispatch = async (repository, envelopes) => {
      await answer(repository, envelopes);
      return { runId: null };
    };
    world.forge.findRun = async (_repository, correlation) =>
      world.forge.dispatches.find(({ envelopes }) => envelopes[0]?.correlation === correlation)?.runId ?? null;
    await world.deliver(moved({ to: 'To Analyse' }));
    await world.clock.advance(5000);
    expect(world.pending()).toBe(0);
    expect(world.forge.dispatches).toHaveLength(1);
  });

  it('case 16: an event that crashes intake, batched with others: alone, 3 times, dead letter, others done', async () => {
    const world = await waitingWorld();
    world.forge.end = ({ envelopes }) =>
      envelopes.some(({ item }) => item.tracker_id === ITEM_A) ? 'failure' : 'success';
    await world.deliver(moved({ to: 'To Analyse', issue: ITEM_A, sequence: 1 }));
    await world.deliver(moved({ to: 'To Analyse', issue: ITEM_B, sequence: 2 }));
    world.tracker.down.states = false;
    await world.clock.advance(600_000);
    expect(keys(world)[0]).toEqual(['ET-1:to_analyse', 'ET-2:to_analyse']);
    expect(
      keys(world)
        .slice(1)
        .every((items) => items.length === 1),
    ).toBe(true);
    expect(
      keys(world)
        .flat()
        .filter((item) => item === 'ET-1:to_analyse'),
    ).toHaveLength(4);
    expect(
      keys(world)
        .flat()
        .filter((item) => item === 'ET-2:to_analyse'),
    ).toHaveLength(2);
    expect(world.dead()).toMatchObject([{ record: { issue: ITEM_A } }]);
    expect(world.pending()).toBe(0);
  });
});

describe('enrichment', () => {
  it('case 11, RL-RLY-16: the tracker is down: dispatched unread after three attempts within 10 s, nothing is said of the issue', async () => {
    const world = await createRelayWorld();
    world.tracker.down.issue = true;
    await world.deliver(moved({ to: 'To Analyse' }));
    await world.clock.advance(10_000);
    expect(world.tracker.calls.issue).toBe(3);
    expect(world.forge.dispatches[0]?.envelopes[0]).toMatchObject({
      enriched: false,
      current_key: null,
      item: { title: 'Login page shows a blank screen in Safari' },
    });
  });

  it('RL-RLY-16: an issue that never answers holds nothing up for more than 10 s', async () => {
    const world = await createRelayWorld();
    world.tracker.issue = () => new Promise(() => {});
    await world.deliver(moved({ to: 'To Analyse' }));
    await world.clock.advance(9999);
    expect(world.forge.dispatches).toHaveLength(0);
    await world.clock.advance(2);
    expect(world.forge.dispatches[0]?.envelopes[0]?.enriched).toBe(false);
  });

  it('case 12, RL-RLY-17: the status list is down for an hour: the old map serves', async () => {
    const world = await createRelayWorld();
    await world.clock.advance(10);
    world.tracker.down.states = true;
    await world.clock.advance(3_600_000);
    await world.deliver(moved({ to: 'To Analyse' }));
    await world.clock.advance(1000);
    expect(keys(world)).toEqual([['ET-2:to_analyse']]);
  });

  it('case 12: a fresh process without a map keeps entries waiting and drops none', async () => {
    const world = await createRelayWorld({ start: false });
    world.tracker.down.states = true;
    await world.start();
    await world.deliver(moved({ to: 'To Analyse', issue: ITEM_A, sequence: 1 }));
    await world.deliver(moved({ to: 'Todo', issue: ITEM_B, sequence: 2 }));
    await world.clock.advance(3_600_000);
    expect(world.forge.tries).toEqual([]);
    expect(world.pending()).toBe(2);
    expect(world.tracker.calls.states).toBeLessThan(400);
    world.tracker.down.states = false;
    await world.clock.advance(30_000);
    expect(keys(world)).toEqual([['ET-1:to_analyse']]);
    expect(world.pending()).toBe(0);
  });

  it('RL-RLY-17: an unknown status is looked up again at most once per 10 s; one that was deleted ends without a run', async () => {
    const world = await createRelayWorld();
    await world.clock.advance(20_000);
    const rows = world.tracker.rows;
    world.tracker.rows = rows.filter(({ name }) => name !== 'Approved');
    await world.clock.advance(400_000);
    const before = world.tracker.calls.states;
    await world.deliver(moved({ to: 'Approved', issue: ITEM_A }));
    await world.clock.advance(30_000);
    expect(world.forge.tries).toEqual([]);
    expect(world.pending()).toBe(0);
    expect(world.tracker.calls.states - before).toBeLessThanOrEqual(2);
  });

  it('case 14, RL-RLY-18: a status named twice is told as an error and starts nothing', async () => {
    const world = await createRelayWorld({ start: false });
    world.tracker.rows = [...world.tracker.rows, { id: ITEM_A, name: ' To Analyse', group: 'unstarted' }];
    await world.start();
    expect(await world.deliver(moved({ to: 'To Analyse' }))).toMatchObject({ status: 'ignored' });
    await world.clock.advance(1000);
    expect(world.forge.tries).toEqual([]);
    expect(
      world.log.lines.filter((line) => line.startsWith(`error project ${PROJECT}`) && line.includes('To Analyse')),
    ).toHaveLength(1);
  });

  it('case 9, RL-RLY-13: accounts unknown at the receipt are filtered before the dispatch, and the relay says degraded meanwhile', async () => {
    const world = await createRelayWorld({ start: false });
    world.tracker.down.me = true;
    world.tracker.down.states = true;
    await world.start();
    await world.deliver(moved({ to: 'To Analyse', actor: BOT }));
    expect((await world.get('/health')).body).toMatchObject({ status: 'degraded' });
    world.tracker.down.me = false;
    await world.clock.advance(310_000);
    world.tracker.down.states = false;
    await world.clock.advance(30_000);
    expect(world.forge.tries).toEqual([]);
    expect((await world.get('/health')).body).toMatchObject({ status: 'ok', spool: { pending: 0 } });
  });
});

describe('projects', () => {
  it('O-C-9: a repository of another prefix suspends only its project; its events wait and go when it agrees again', async () => {
    const world = await createRelayWorld({ start: false });
    let prefix = 'XX';
    world.forge.settingsOf = (repository) => ({
      prefix: repository === 'acme/gpx' ? prefix : 'OTH',
      trackerProject: '',
      labels: ['Bug'],
      statuses: {},
      statesTtlS: 300,
    });
    await world.start();
    await world.deliver(moved({ to: 'To Analyse', sequence: 1 }));
    await world.deliver(moved({ to: 'To Analyse', sequence: 2, project: OTHER_PROJECT, issue: ITEM_B }));
    await world.clock.advance(60_000);
    expect(keys(world)).toEqual([['OTH-2:to_analyse']]);
    expect(world.alerts.map(({ kind }) => kind)).toEqual(['registry-mismatch']);
    prefix = 'ET';
    await world.clock.advance(310_000);
    expect(keys(world)).toEqual([['OTH-2:to_analyse'], ['ET-1:to_analyse']]);
    expect(world.alerts).toHaveLength(2);
  });

  it('RL-RLY-18: the name in tracker.statuses counts after the exact name', async () => {
    const world = await createRelayWorld({ start: false });
    world.tracker.rows = world.tracker.rows.map((row) => (row.name === 'Approved' ? { ...row, name: 'Passt' } : row));
    world.forge.settingsOf = (repository) => ({
      prefix: repository === 'acme/gpx' ? 'ET' : 'OTH',
      trackerProject: '',
      labels: [],
      statuses: { approved: 'Passt' },
      statesTtlS: 300,
    });
    await world.start();
    await world.deliver(moved({ to: 'Approved', sequence: 1 }));
    await world.clock.advance(60_000);
    expect(keys(world)).toEqual([['ET-1:approved']]);
  });

  it('O-C-10: events of a removed project wait until they are dropped by name', async () => {
    const world = await createRelayWorld();
    world.forge.answers = Array(5).fill(500);
    await world.deliver(moved({ to: 'To Analyse' }));
    await world.clock.advance(10);
    await world.reload([]);
    await world.clock.advance(3_600_000);
    expect(world.pending()).toBe(1);
    await world.drop(PROJECT);
    expect(world.pending()).toBe(0);
    expect(world.forge.dispatches).toEqual([]);
  });
});

describe('a restart', () => {
  it('RL-RLY-27: what was not dispatched is dispatched, what was is asked for first and not sent again', async () => {
    const world = await createRelayWorld();
    world.forge.end = () => 'running';
    await world.deliver(moved({ to: 'To Analyse', issue: ITEM_A, sequence: 1 }));
    await world.clock.advance(100);
    world.forge.answers = Array(10).fill(500);
    await world.deliver(moved({ to: 'To Analyse', issue: ITEM_B, sequence: 2 }));
    await world.clock.advance(100);
    await world.stop();
    world.forge.answers = [];
    await world.start();
    await world.clock.advance(60_000);
    expect(keys(world)).toEqual([['ET-1:to_analyse'], ['ET-2:to_analyse']]);
    world.forge.end = () => 'success';
    await world.clock.advance(60_000);
    expect(world.pending()).toBe(0);
    expect(world.forge.dispatches).toHaveLength(2);
  });

  it('case 3: a delivery that was handled before the restart is a duplicate after it', async () => {
    const world = await createRelayWorld();
    const body = moved({ to: 'To Analyse' });
    await world.deliver(body);
    await world.clock.advance(10_000);
    await world.stop();
    await world.start();
    expect(await world.deliver(body)).toEqual({ status: 'duplicate' });
  });
});
