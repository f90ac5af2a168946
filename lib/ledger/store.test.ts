import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { archiveFinished, archiveFolder } from '../../tests/property/kernel-archive.ts';
import { author, createLedgerFixture, createMemory, startGesture, testConfig } from '../../tests/support/ledger.ts';
import { ExternalError } from '../base/errors.ts';
import type { Receipt } from '../pipeline/effects.ts';
import type { Gesture, PipelineEvent, StageLanded } from '../pipeline/events.ts';
import { recordReceipts, statusLevel } from '../pipeline/receipts.ts';
import type { ItemState } from '../pipeline/state.ts';
import { pass } from '../pipeline/verdict.ts';
import type { PushResult, RefUpdate } from '../ports/git.ts';
import { JournalLine } from './codec.ts';
import { ARCHIVE_REF, LEDGER_REF } from './refs.ts';
import { type LedgerPorts, initLedger, loadLedger, writeLedger } from './store.ts';
import { transact } from './transact.ts';

const config = testConfig();
const limits = { attempts: 5 };

const feed = (ports: LedgerPorts, event: PipelineEvent, more: Partial<Parameters<typeof transact>[1]> = {}) =>
  transact(ports, {
    events: () => [event],
    config,
    configCommit: null,
    run: 'run-1',
    limits,
    businessRequest: (item) => `# ${item.title}\n`,
    ...more,
  });

const stop: Gesture = startGesture(1, {
  action: 'cancel',
  entry: null,
  row: { id: 'stop', at: '2026-01-20T12:00:00.000Z' },
});

const journalOf = async (ports: LedgerPorts, id: string) => {
  const { head } = await loadLedger(ports);
  const text = (await ports.git.readFile(head, `items/${id}/journal.ndjson`))?.toString() ?? '';
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JournalLine.parse(JSON.parse(line)));
};

/** What performing the whole outbox would tell. */
const receiptsOf = (item: ItemState): Receipt[] =>
  item.outbox.map((entry) => ({
    key: entry.key,
    seq: entry.seq,
    value: entry.effect.kind === 'dispatch' ? '8123' : null,
    wrote: entry.effect.kind === 'tracker-status' ? statusLevel(item) : null,
  }));

/** Records the receipts of an item; a quiet, stopped one leaves for the archive in the same push. */
async function settle(ports: LedgerPorts, id: string, receipts: readonly Receipt[]) {
  return writeLedger(
    ports,
    async (view) => {
      const { next, changed } = recordReceipts(view.snapshot, [{ item: id, receipts, failed: {} }]);
      if (changed.length === 0) return null;
      const leaving = [...next.items.values()].filter((item) => item.stage === 'cancelled' && item.outbox.length === 0);
      const archive = await archiveFinished(ports, view, next, leaving);
      return {
        next: archive.next,
        lines: [],
        receipts: [{ item: id, keys: receipts.map(({ key }) => key) }],
        refs: archive.refs,
        removed: leaving.map((item) => item.id),
        run: 'run-1',
        message: 'receipts',
        config: null,
      };
    },
    limits,
  );
}

class Killed extends Error {}
type Fault = 'lost before' | 'lost after' | 'killed before' | 'killed after';

/** The first push of these ports goes wrong; a `lost` one looks like a broken connection, a `killed` one ends the process. */
function faulty(ports: LedgerPorts, fault: Fault): LedgerPorts {
  let count = 0;
  const push = async (updates: readonly RefUpdate[]): Promise<PushResult> => {
    count += 1;
    if (count > 1) return ports.git.push(updates);
    if (fault.endsWith('after')) await ports.git.push(updates);
    throw fault.startsWith('lost') ? new ExternalError('GIT_PUSH_UNKNOWN', 'connection reset') : new Killed(fault);
  };
  return { ...ports, git: { ...ports.git, push } };
}

/** start → receipts → STOP → receipts and archive, by one run; then the same by another one that finds what is there. */
const LIFE: readonly ((ports: LedgerPorts) => Promise<unknown>)[] = [
  (ports) => feed(ports, startGesture(1)),
  async (ports) => {
    const item = (await loadLedger(ports)).snapshot.items.get('ET-1');
    if (item !== undefined) await settle(ports, 'ET-1', receiptsOf(item));
  },
];
const STOPPED: typeof LIFE = [
  ...LIFE,
  async (ports) => {
    // What the archive holds was stopped already: a person's row is consumed once.
    if ((await loadLedger(ports)).snapshot.items.has('ET-1')) await feed(ports, stop);
  },
  LIFE[1]!,
];

/** Everything that is left, without times. */
async function outcome(ports: LedgerPorts) {
  const refs = await ports.git.listRefs('refs/heads/*');
  const { snapshot } = await loadLedger(ports);
  const tip = (await ports.git.fetch([ARCHIVE_REF])).get(ARCHIVE_REF) ?? null;
  const archived =
    tip === null
      ? []
      : (await ports.git.listTree(tip, '')).map((entry) => entry.path.replace(/^\d{4}\/\d\d/, 'when')).sort();
  const journal =
    tip === null
      ? ''
      : [
          ...(
            await ports.git.readFiles(
              tip,
              (await ports.git.listTree(tip, '')).map(({ path }) => path),
            )
          ).entries(),
        ]
          .find(([path]) => path.endsWith('journal.ndjson'))![1]
          .toString();
  const events = journal
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JournalLine.parse(JSON.parse(line)))
    .filter((line) => line.event !== 'receipts');
  return {
    branches: [...refs.keys()].sort(),
    live: [...snapshot.items.keys()],
    order: snapshot.repo.order,
    archived,
    journal: events.map(({ seq, event, before, after }) => [seq, event, before, after]),
  };
}

describe('the write protocol under faults', () => {
  it(
    'design §3: a life is the same whether nothing, a connection or the process broke around each of its pushes',
    { timeout: 120_000 },
    async () => {
      await using calm = await createLedgerFixture();
      for (const act of STOPPED) await act(calm.first);
      const expected = await outcome(calm.first);
      expect(expected).toMatchObject({
        live: [],
        order: 1,
        archived: ['index/ET-1.json', 'when/ET-1/g1/journal.ndjson', 'when/ET-1/g1/state.json'],
      });
      expect(expected.journal).toEqual([
        [1, 'start', 'created/queued', 'analysis/dispatched'],
        [2, 'cancel', 'analysis/dispatched', 'cancelled/settled'],
      ]);
      for (const fault of ['lost before', 'lost after', 'killed before', 'killed after'] as const) {
        await using fixture = await createLedgerFixture();
        const [first, next] = [await fixture.writer(), await fixture.writer()];
        for (const act of STOPPED) {
          const killed = await act(faulty(first, fault)).then(
            () => false,
            (thrown: unknown) => {
              if (thrown instanceof Killed) return true;
              throw thrown;
            },
          );
          expect([fault, killed]).toEqual([fault, fault.startsWith('killed')]);
          // Another run finds the same wish again.
          if (killed) await act(next);
        }
        expect([fault, await outcome(fixture.first)]).toEqual([fault, expected]);
      }
    },
  );

  it('PL-S-5: a run that died between its push and its receipts leaves its effects to the next one; returning from the dead it writes nothing', async () => {
    await using fixture = await createLedgerFixture();
    const dead = await fixture.writer();
    await feed(dead, startGesture(1));
    const mine = (await loadLedger(dead)).snapshot.items.get('ET-1')!;
    expect(mine.outbox.map(({ key, by, tries }) => [key, by, tries])).toEqual([
      [`dispatch:${mine.token}`, 'run-1', 0],
      ['tracker-status', 'run-1', 0],
    ]);
    const reconciler = await fixture.writer();
    await settle(reconciler, 'ET-1', receiptsOf(mine));
    const { head, snapshot } = await loadLedger(reconciler);
    expect(snapshot.items.get('ET-1')).toMatchObject({ outbox: [], dispatch: { run: '8123', sends: 1 }, seq: 1 });
    expect(await settle(dead, 'ET-1', receiptsOf(mine))).toBeNull();
    expect((await loadLedger(fixture.first)).head).toBe(head);
    expect((await journalOf(fixture.first, 'ET-1')).map(({ event, receipts }) => [event, receipts.length])).toEqual([
      ['start', 0],
      ['receipts', 2],
    ]);
  });

  it('PL-S-5: a lost answer is recognised by the own line although somebody wrote on top of it', async () => {
    await using fixture = await createLedgerFixture();
    const [ports, other] = [await fixture.writer(), await fixture.writer()];
    let pushes = 0;
    const git = {
      ...ports.git,
      push: async (updates: readonly RefUpdate[]): Promise<PushResult> => {
        const result = await ports.git.push(updates);
        pushes += 1;
        if (pushes > 1) return result;
        await feed(other, startGesture(2));
        throw new ExternalError('GIT_PUSH_UNKNOWN', 'connection reset');
      },
    };
    const result = await feed({ ...ports, git }, startGesture(1));
    expect([result.pushed, pushes]).toEqual([true, 1]);
    expect(result.decision.answers).toMatchObject([{ applied: true, item: 'ET-1' }]);
    expect((await journalOf(fixture.first, 'ET-1')).map(({ seq }) => seq)).toEqual([1]);
    expect((await journalOf(fixture.first, 'ET-2')).map(({ seq }) => seq)).toEqual([1]);
  });

  it('PL-S-5: a fetch that fails is tried again within the limits; a fault that cannot pass is not', async () => {
    await using fixture = await createLedgerFixture();
    const ports = await fixture.writer();
    let fetches = 0;
    const failing = (until: number, retryable: boolean): LedgerPorts => ({
      ...ports,
      git: {
        ...ports.git,
        fetch: async (...args: Parameters<typeof ports.git.fetch>) => {
          fetches += 1;
          if (fetches <= until) throw new ExternalError('GIT_FETCH', 'no route', { retryable });
          return ports.git.fetch(...args);
        },
      },
    });
    await expect(feed(failing(99, false), startGesture(1))).rejects.toMatchObject({ code: 'GIT_FETCH' });
    expect(fetches).toBe(1);
    fetches = 0;
    await expect(feed(failing(99, true), startGesture(1))).rejects.toMatchObject({ code: 'GIT_FETCH' });
    expect(fetches).toBe(limits.attempts);
    fetches = 0;
    expect(await feed(failing(2, true), startGesture(1))).toMatchObject({ pushed: true });
  });

  it('PL-S-5: a control run that always comes second ends with LEDGER_BUSY and has written nothing', async () => {
    await using fixture = await createLedgerFixture();
    const [ports, other] = [await fixture.writer(), await fixture.writer()];
    let turns = 0;
    const git = {
      ...ports.git,
      push: async (updates: readonly RefUpdate[]): Promise<PushResult> => {
        turns += 1;
        await feed(other, startGesture(10 + turns), { config: testConfig('intake: {serial: false}') });
        return ports.git.push(updates);
      },
    };
    await expect(feed({ ...ports, git }, startGesture(1))).rejects.toMatchObject({
      name: 'ExternalError',
      code: 'LEDGER_BUSY',
    });
    expect(turns).toBe(limits.attempts);
    expect([...(await loadLedger(fixture.first)).snapshot.items.keys()]).toHaveLength(limits.attempts);
    expect((await loadLedger(fixture.first)).snapshot.items.has('ET-1')).toBe(false);
  });
});

describe('ADR 0018: the first attempt stands on what the job has seen', () => {
  /** Ports that remember, and how often they fetched and pushed. */
  async function remembering(ports: LedgerPorts) {
    const count = { fetches: 0, pushes: 0 };
    const git = {
      ...ports.git,
      fetch: async (...args: Parameters<typeof ports.git.fetch>) => ((count.fetches += 1), ports.git.fetch(...args)),
      push: async (updates: readonly RefUpdate[]) => ((count.pushes += 1), ports.git.push(updates)),
    };
    return { ports: { ...ports, git, memory: createMemory() }, count };
  }

  it('nobody wrote meanwhile: one fetch serves reading and every write after it', async () => {
    await using fixture = await createLedgerFixture();
    const { ports, count } = await remembering(await fixture.writer());
    await loadLedger(ports);
    for (const number of [1, 2, 3]) expect((await feed(ports, startGesture(number))).pushed).toBe(true);
    expect(count).toEqual({ fetches: 1, pushes: 3 });
    expect([...(await loadLedger(fixture.first)).snapshot.items.keys()]).toEqual(['ET-1', 'ET-2', 'ET-3']);
  });

  it('somebody wrote meanwhile: the lease refuses the first attempt, the second decides on what is there', async () => {
    await using fixture = await createLedgerFixture();
    const { ports, count } = await remembering(await fixture.writer());
    await loadLedger(ports);
    await feed(fixture.first, startGesture(1));
    const { decision, pushed } = await feed(ports, startGesture(1));
    expect([pushed, decision.answers[0]]).toMatchObject([false, { applied: false, rule: 'I-DUP' }]);
    const next = await feed(ports, startGesture(2));
    expect([next.pushed, next.snapshot.items.size]).toEqual([true, 2]);
    // Reading; the refused attempt's second; the next write stands on that.
    expect(count).toEqual({ fetches: 2, pushes: 2 });
  });

  it('"nothing to do" is never said of a remembered state', async () => {
    await using fixture = await createLedgerFixture();
    const { ports } = await remembering(await fixture.writer());
    await loadLedger(ports);
    // A stop of an item that, as far as this job remembers, does not exist.
    await feed(fixture.first, startGesture(1));
    const { decision, pushed } = await feed(ports, stop);
    expect([pushed, decision.answers[0]?.applied]).toEqual([true, true]);
    expect((await loadLedger(fixture.first)).snapshot.items.get('ET-1')?.stage).toBe('cancelled');
  });

  it('PL-S-5: receipts that are owed go with the next decision in one push, or alone when it changes nothing', async () => {
    await using fixture = await createLedgerFixture();
    const ports = await fixture.writer();
    await feed(ports, startGesture(1));
    const item = (await loadLedger(ports)).snapshot.items.get('ET-1')!;
    const owed = [{ item: 'ET-1', receipts: receiptsOf(item), failed: {} }];
    const { snapshot, pushed } = await feed(ports, startGesture(2), { owed });
    expect(pushed).toBe(true);
    expect(snapshot.items.get('ET-1')).toMatchObject({ outbox: [], dispatch: { run: '8123', sends: 1 } });
    expect(snapshot.items.get('ET-2')?.stage).toBe('created');
    expect((await journalOf(fixture.first, 'ET-1')).map(({ event, receipts }) => [event, receipts.length])).toEqual([
      ['start', 0],
      ['receipts', 2],
    ]);
    const two = (await loadLedger(ports)).snapshot.items.get('ET-2')!;
    const alone = await feed(ports, startGesture(1), {
      owed: [{ item: 'ET-2', receipts: receiptsOf(two), failed: { nothing: 'x' } }],
    });
    expect([alone.pushed, alone.decision.changed]).toEqual([true, false]);
    // The same receipts again find nothing open.
    const again = await feed(ports, startGesture(1), { owed });
    expect(again.pushed).toBe(false);
  });
});

describe('refusals', () => {
  it('design §9: a hook that declines is a ConfigError that says what to check; nothing moved, nothing is repeated', async () => {
    await using fixture = await createLedgerFixture();
    const ports = await fixture.writer();
    const hook = join(fixture.remote, 'hooks', 'pre-receive');
    await mkdir(join(fixture.remote, 'hooks'), { recursive: true });
    await writeFile(hook, '#!/bin/sh\necho "branch conveyor/ledger is protected" >&2\nexit 1\n');
    await chmod(hook, 0o755);
    const before = await ports.git.listRefs('refs/heads/*');
    let pushes = 0;
    const counted = {
      ...ports,
      git: { ...ports.git, push: (updates: readonly RefUpdate[]) => ((pushes += 1), ports.git.push(updates)) },
    };
    await expect(feed(counted, startGesture(1))).rejects.toMatchObject({
      name: 'ConfigError',
      code: 'LEDGER_REFUSED',
      message: expect.stringMatching(/CONVEYOR_BOT_TOKEN/),
    });
    expect(pushes).toBe(1);
    expect(await ports.git.listRefs('refs/heads/*')).toEqual(before);
  });

  it('design §3: no ledger and no main are named, each with what to do', async () => {
    await using fixture = await createLedgerFixture();
    const ports = await fixture.writer();
    await expect(loadLedger({ ...ports, mainRef: 'refs/heads/trunk' })).rejects.toMatchObject({ code: 'MAIN_ABSENT' });
    const { head, snapshot } = await loadLedger(ports);
    const { epoch } = snapshot.repo;
    expect(await initLedger(ports)).toBe(false);
    expect((await loadLedger(ports)).head).toBe(head);
    expect(await ports.git.push([{ ref: LEDGER_REF, to: null, expect: head }])).toEqual({ ok: true });
    await expect(loadLedger(ports)).rejects.toMatchObject({
      code: 'LEDGER_ABSENT',
      message: expect.stringMatching(/conveyor init/),
    });
    // A ledger made anew has an epoch of its own, so that no token comes back.
    const later = { ...ports, clock: { ...ports.clock, now: () => new Date(Date.now() + 5000) } };
    expect(await initLedger(later)).toBe(true);
    expect((await loadLedger(ports)).snapshot.repo.epoch).toBeGreaterThan(epoch);
  });

  it('design §3: a state that nobody could read is not pushed', async () => {
    await using fixture = await createLedgerFixture();
    const ports = await fixture.writer();
    await feed(ports, startGesture(1));
    const { snapshot, head } = await loadLedger(ports);
    const { token, branch } = snapshot.items.get('ET-1')!;
    const landed: StageLanded = {
      type: 'stage.landed',
      item: 'ET-1',
      token: token!,
      run: 'r',
      outcome: { class: 'ok', cause: null, text: '', seconds: 1, usage: null, costUsd: null },
      verdicts: [pass({ gate: 'analysis-complete', code: 'ANALYSIS_COMPLETE', text: 'ok' })],
      head: 'HEAD',
      reports: {},
      package: null,
      message: null,
      validated: null,
      mergeCommit: null,
    };
    await expect(feed(ports, landed)).rejects.toMatchObject({ name: 'InternalError', code: 'LEDGER_WOULD_BREAK' });
    expect((await loadLedger(fixture.first)).head).toBe(head);
    expect(branch).toBe('feature/ET-1-title-1');
  });
});

describe('branches and landings', () => {
  it('PL-D-5, PL-D-7: the branch is cut from main of this moment with the request as its first commit, in the push of the decision', async () => {
    await using fixture = await createLedgerFixture();
    const ports = await fixture.writer();
    await feed(ports, startGesture(1));
    const item = (await loadLedger(ports)).snapshot.items.get('ET-1')!;
    expect(item).toMatchObject({ branch: 'feature/ET-1-title-1', base: fixture.main });
    await ports.git.fetch([`refs/heads/${item.branch}`], { depth: 0 });
    expect(await ports.git.parentsOf(item.head!)).toEqual([fixture.main]);
    expect((await ports.git.readFile(item.head!, 'docs/work-items/ET-1/00-business-request.md'))?.toString()).toBe(
      '# Title 1\n',
    );
  });

  it('PL-D-5: a branch of that name that is not ours is passed over, also when it appears between our look and our push', async () => {
    await using fixture = await createLedgerFixture();
    const ports = await fixture.writer();
    let looked = 0;
    const git = {
      ...ports.git,
      listRefs: async (...patterns: readonly string[]) => {
        const found = await ports.git.listRefs(...patterns);
        looked += 1;
        if (looked === 1)
          await fixture.first.git.push([{ ref: 'refs/heads/feature/ET-1-title-1', to: fixture.main, expect: null }]);
        return found;
      },
    };
    const { snapshot } = await feed({ ...ports, git }, startGesture(1));
    expect(looked).toBeGreaterThan(1);
    const { branch } = snapshot.items.get('ET-1')!;
    expect(branch).not.toBe('feature/ET-1-title-1');
    expect(branch).toMatch(/^feature\/ET-1-/);
    expect((await fixture.first.git.listRefs('refs/heads/feature/*')).get('refs/heads/feature/ET-1-title-1')).toBe(
      fixture.main,
    );
  });

  it('design guarantee 2: artifacts and state land together or not at all', async () => {
    await using fixture = await createLedgerFixture();
    const ports = await fixture.writer();
    await feed(ports, startGesture(1));
    const item = (await loadLedger(ports)).snapshot.items.get('ET-1')!;
    const ref = `refs/heads/${item.branch}`;
    await ports.git.fetch([ref]);
    const make = (content: string) =>
      ports.git.commit({
        base: item.head,
        parents: [item.head!],
        changes: [{ path: 'x', content }],
        message: 'work',
        author,
        at: new Date(0),
      });
    const [mine, foreign] = [await make('mine'), await make('foreign')];
    const event: StageLanded = {
      type: 'stage.landed',
      item: 'ET-1',
      token: item.token!,
      run: 'r',
      outcome: { class: 'ok', cause: null, text: '', seconds: 1, usage: null, costUsd: null },
      verdicts: [pass({ gate: 'analysis-complete', code: 'ANALYSIS_COMPLETE', text: 'ok' })],
      head: mine,
      reports: {},
      package: 'p',
      message: null,
      validated: null,
      mergeCommit: null,
    };
    const landing = () => [{ ref, to: mine, expect: item.head }];
    await ports.git.push([{ ref, to: foreign, expect: item.head }]);
    await expect(feed(ports, event, { landing, limits: { attempts: 2 } })).rejects.toMatchObject({
      code: 'LEDGER_BUSY',
    });
    expect((await loadLedger(ports)).snapshot.items.get('ET-1')).toMatchObject({
      activity: 'dispatched',
      head: item.head,
      seq: 1,
    });
    await ports.git.push([{ ref, to: item.head, expect: foreign }]);
    expect(await feed(ports, event, { landing })).toMatchObject({ pushed: true });
    expect((await ports.git.listRefs(ref)).get(ref)).toBe(mine);
    expect((await loadLedger(ports)).snapshot.items.get('ET-1')).toMatchObject({ waitingFor: 'approval', head: mine });
  });

  it('an event that is refused pushes nothing', async () => {
    await using fixture = await createLedgerFixture();
    const ports = await fixture.writer();
    await feed(ports, startGesture(1));
    const { head } = await loadLedger(ports);
    expect(await feed(ports, startGesture(1))).toMatchObject({ pushed: false });
    expect(await feed(ports, { type: 'clock' })).toMatchObject({ pushed: false });
    expect((await loadLedger(ports)).head).toBe(head);
  });
});

describe('archive', () => {
  it('PL-D-9: state, journal and index move in one push; the ledger keeps nothing; the next life starts from the index', async () => {
    await using fixture = await createLedgerFixture();
    const ports = await fixture.writer();
    await feed(ports, startGesture(1));
    await feed(ports, stop);
    const item = (await loadLedger(ports)).snapshot.items.get('ET-1')!;
    const journal = await journalOf(ports, 'ET-1');
    await settle(ports, 'ET-1', receiptsOf(item));
    const { head, snapshot } = await loadLedger(ports);
    expect([...snapshot.items.keys()]).toEqual([]);
    expect((await ports.git.listTree(head, '')).map(({ path }) => path)).toEqual(['repo.json']);
    const tip = (await ports.git.fetch([ARCHIVE_REF])).get(ARCHIVE_REF)!;
    const folder = archiveFolder(item);
    const read = async (path: string) => (await ports.git.readFile(tip, path))!.toString();
    expect(JSON.parse(await read(`${folder}/state.json`))).toEqual({ ...item, outbox: [] });
    const kept = (await read(`${folder}/journal.ndjson`))
      .trim()
      .split('\n')
      .map((line) => JournalLine.parse(JSON.parse(line)));
    expect(kept.slice(0, journal.length)).toEqual(journal);
    const index = JSON.parse(await read('index/ET-1.json')) as { path: string };
    expect(index).toEqual({
      id: 'ET-1',
      issue: 'issue-1',
      gen: 1,
      stage: 'cancelled',
      seen: stop.row!.at,
      path: folder,
    });
    const again = await feed(
      ports,
      startGesture(1, {
        row: { id: 'again', at: '2026-01-21T10:00:00.000Z' },
        archived: { id: 'ET-1', gen: 1, stage: 'cancelled', seen: stop.row!.at },
      }),
    );
    expect(again.snapshot.items.get('ET-1')).toMatchObject({ gen: 2, order: 2 });
    expect(again.snapshot.items.get('ET-1')?.token).not.toBe(item.token);
    expect((await journalOf(ports, 'ET-1')).map(({ seq }) => seq)).toEqual([1]);
  });
});
