import { createHash } from 'node:crypto';
import { rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMemoryFiles, type MemoryFiles } from '../../tests/support/relay/memory-files.ts';
import { temporaryDirectory } from '../../tests/support/relay/temporary.ts';
import { VirtualClock } from '../../tests/support/relay/virtual-clock.ts';
import { Spool } from './spool.ts';
import { createSpoolFiles, type SpoolFiles } from './spool-files.ts';
import { lockSpool } from './spool-lock.ts';

const draft = (text: string, clock: VirtualClock) => ({
  key: createHash('sha256').update(text).digest('hex'),
  source: 'plane' as const,
  received_at: clock.now().toISOString(),
  delivery: 'd',
  project: 'p',
  issue: 'i',
  field: 'state' as const,
  old: null,
  new: 's',
  updated_at: '2026-05-04T10:00:00Z',
  actor: 'a',
  body: JSON.stringify({ text }),
});

const open = (
  files: SpoolFiles,
  clock: VirtualClock,
  options: { maxBytes?: number; environment?: 'staging'; directory?: string } = {},
) =>
  Spool.open(files, {
    directory: options.directory ?? '/spool',
    environment: options.environment ?? 'production',
    maxBytes: options.maxBytes ?? 536_870_912,
    now: () => clock.now(),
  });

const names = (files: MemoryFiles) => [...files.contents.keys()].filter((path) => path.includes('/seg-')).toSorted();
const DAY = 86_400_000;

describe('spool', () => {
  it('RL-RLY-9: records come back in order minus acks, with the run of an unconfirmed dispatch', async () => {
    const clock = new VirtualClock();
    const files = createMemoryFiles();
    const { spool } = await open(files, clock);
    expect([
      await spool.append(draft('1', clock)),
      await spool.append(draft('2', clock)),
      await spool.append(draft('3', clock)),
    ]).toEqual([1, 2, 3]);
    await spool.ack([1], 'dispatched', { run: 7 });
    await spool.ack([2], 'dispatched', { run: 7 });
    await spool.ack([2], 'confirmed');
    await spool.close();
    const { replay } = await open(files, clock);
    expect(replay.unfinished.map(({ record, run, dispatches }) => [record.body['text'], run, dispatches])).toEqual([
      ['1', 7, 1],
      ['3', null, 0],
    ]);
    expect(replay.lastSeq).toBe(3);
    expect(replay.keys.size).toBe(3);
  });

  it('case 6: a torn last line was never answered and is skipped; what follows is whole', async () => {
    const clock = new VirtualClock();
    const files = createMemoryFiles();
    const { spool } = await open(files, clock);
    await spool.append(draft('whole', clock));
    await spool.close();
    const [segment] = names(files);
    files.contents.set(
      segment!,
      Buffer.concat([files.contents.get(segment!)!, Buffer.from('{"v":1,"seq":2,"key":"ab')]),
    );
    files.contents.set('/spool/acks.ndjson', Buffer.from('{"v":1,"se'));
    const second = await open(files, clock);
    expect(second.replay.damaged).toEqual([]);
    expect(second.replay.unfinished.map(({ record }) => record.body['text'])).toEqual(['whole']);
    await second.spool.append(draft('after', clock));
    await second.spool.ack([1], 'confirmed');
    const { replay } = await open(files, clock);
    expect(replay.unfinished.map(({ record }) => record.body['text'])).toEqual(['after']);
  });

  it('a damaged line in the middle is told and loses nothing else', async () => {
    const clock = new VirtualClock();
    const files = createMemoryFiles();
    const { spool } = await open(files, clock);
    for (const text of ['1', '2', '3']) await spool.append(draft(text, clock));
    const [segment] = names(files);
    files.contents.set(
      segment!,
      Buffer.from(files.contents.get(segment!)!.toString().replace('"body":{"text":"2"}', '"body":2')),
    );
    const { replay } = await open(files, clock);
    expect(replay.damaged).toEqual(['seg-000001.ndjson:2']);
    expect(replay.unfinished.map(({ record }) => record.body['text'])).toEqual(['1', '3']);
  });

  it('case 5: after ENOSPC nothing counts; with room again the retry counts once, in a segment of its own', async () => {
    const clock = new VirtualClock();
    const files = createMemoryFiles();
    const { spool } = await open(files, clock);
    await spool.append(draft('before', clock));
    files.faults.room = 40;
    await expect(spool.append(draft('event', clock))).rejects.toMatchObject({ code: 'RELAY_SPOOL' });
    files.faults.room = 0;
    await expect(spool.append(draft('event', clock))).rejects.toMatchObject({ code: 'RELAY_SPOOL' });
    files.faults.room = null;
    await spool.append(draft('event', clock));
    const { replay } = await open(files, clock);
    expect(replay.unfinished.map(({ record }) => record.body['text'])).toEqual(['before', 'event']);
    expect(names(files)).toHaveLength(2);
  });

  it('case 5: when even the cut fails, the line of the failed append and its retry count as one', async () => {
    const clock = new VirtualClock();
    const files = createMemoryFiles();
    const { spool } = await open(files, clock);
    await spool.append(draft('before', clock));
    Object.assign(files.faults, { sync: true, truncate: true });
    await expect(spool.append(draft('event', clock))).rejects.toMatchObject({ code: 'RELAY_SPOOL' });
    Object.assign(files.faults, { sync: false, truncate: false });
    const again = await spool.append(draft('event', clock));
    expect((await open(files, clock)).replay.unfinished.map(({ record }) => record.body['text'])).toEqual([
      'before',
      'event',
    ]);
    await spool.ack([again], 'confirmed');
    expect((await open(files, clock)).replay.unfinished.map(({ record }) => record.body['text'])).toEqual(['before']);
  });

  it('RL-RLY-9: at the size cap an append is refused, and finished segments older than an hour make room', async () => {
    const clock = new VirtualClock();
    const files = createMemoryFiles();
    const { spool } = await open(files, clock, { maxBytes: 20_000 });
    const big = await spool.append(draft('x'.repeat(15_000), clock));
    await expect(spool.append(draft('y'.repeat(10_000), clock))).rejects.toMatchObject({ code: 'RELAY_SPOOL_FULL' });
    await expect(spool.probe()).resolves.toBeUndefined();
    await spool.ack([big], 'confirmed');
    await clock.advance(DAY);
    await spool.append(draft('small', clock));
    await clock.advance(2 * 3_600_000);
    await spool.append(draft('y'.repeat(10_000), clock));
    expect(names(files)).toEqual(['/spool/seg-000002.ndjson']);
  });

  it('RL-RLY-9: finished segments go after 7 days with their acks, unfinished ones stay, numbers are never used twice', async () => {
    const clock = new VirtualClock();
    const files = createMemoryFiles();
    const { spool } = await open(files, clock);
    await spool.append(draft('done', clock));
    await clock.advance(DAY);
    await spool.append(draft('open', clock));
    await clock.advance(DAY);
    await spool.append(draft('newest', clock));
    await spool.ack([1], 'confirmed');
    await spool.ack([3], 'superseded');
    await clock.advance(5 * DAY - 1);
    await spool.prune();
    expect(names(files)).toHaveLength(3);
    await clock.advance(2);
    await spool.prune();
    expect(names(files)).toEqual(['/spool/seg-000002.ndjson', '/spool/seg-000003.ndjson']);
    expect(files.contents.get('/spool/acks.ndjson')?.toString().trim().split('\n')).toHaveLength(1);
    await spool.ack([2], 'dead');
    await spool.close();
    const second = await open(files, clock);
    expect(second.replay.unfinished).toEqual([]);
    expect(await second.spool.append(draft('next', clock))).toBe(4);
  });

  it('an ack that the disk refuses is written later', async () => {
    const clock = new VirtualClock();
    const files = createMemoryFiles();
    const { spool } = await open(files, clock);
    await spool.append(draft('1', clock));
    files.faults.room = 5;
    await spool.ack([1], 'confirmed');
    files.faults.room = null;
    expect((await open(files, clock)).replay.unfinished).toHaveLength(1);
    expect(await spool.flushAcks()).toBe(true);
    expect((await open(files, clock)).replay.unfinished).toEqual([]);
  });

  it('O-C-11: a spool of the other environment is refused', async () => {
    const clock = new VirtualClock();
    const files = createMemoryFiles();
    await open(files, clock);
    await expect(open(files, clock, { environment: 'staging' })).rejects.toMatchObject({ code: 'RELAY_SPOOL_FOREIGN' });
  });

  it('relay §1.2: the newest 100 rejected bodies are kept', async () => {
    const clock = new VirtualClock();
    const files = createMemoryFiles();
    const { spool } = await open(files, clock);
    for (let index = 0; index < 103; index += 1) await spool.keepRejected('0'.repeat(64), Buffer.from(String(index)));
    const kept = [...files.contents]
      .filter(([path]) => path.includes('/rejected/'))
      .toSorted(([a], [b]) => (a < b ? -1 : 1));
    expect(kept).toHaveLength(100);
    expect(kept[0]?.[1].toString()).toBe('3');
  });

  it('law: whatever fails in between, a restart shows exactly what was promised and not finished', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('append' as const), text: fc.string({ minLength: 1, maxLength: 4 }) }),
      fc.record({
        kind: fc.constant('ack' as const),
        which: fc.nat(20),
        status: fc.constantFrom('dispatched' as const, 'confirmed' as const, 'superseded' as const),
      }),
      fc.record({
        kind: fc.constant('disk' as const),
        room: fc.option(fc.integer({ min: 0, max: 600 }), { nil: null }),
      }),
      fc.record({ kind: fc.constant('restart' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const clock = new VirtualClock();
        const files = createMemoryFiles();
        let { spool } = await open(files, clock);
        const model = new Map<number, string>();
        for (const [index, one] of steps.entries()) {
          if (one.kind === 'append') {
            const seq = await spool.append(draft(`${index}${one.text}`, clock)).catch(() => null);
            if (seq !== null) model.set(seq, `${index}${one.text}`);
          } else if (one.kind === 'ack') {
            const seq = [...model.keys()][one.which % Math.max(1, model.size)];
            if (seq === undefined) continue;
            await spool.ack([seq], one.status);
            if (one.status !== 'dispatched') model.delete(seq);
          } else if (one.kind === 'disk') files.faults.room = one.room;
          else {
            files.faults.room = null;
            await spool.flushAcks();
            ({ spool } = await open(files, clock));
          }
        }
        files.faults.room = null;
        await spool.flushAcks();
        const { replay } = await open(files, clock);
        expect(replay.unfinished.map(({ record }) => record.body['text'])).toEqual([...model.values()]);
        expect(replay.damaged).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});

describe('spool on a real disk', () => {
  it('RL-RLY-9: one process per directory, and the lock is free again when it is released', async () => {
    await using directory = temporaryDirectory();
    const lock = lockSpool(directory.path);
    expect(() => lockSpool(directory.path)).toThrow('another relay process');
    lock.release();
    lockSpool(directory.path).release();
  });

  it('case 5: a full device refuses the append, and with room again its retry counts once', async () => {
    await using directory = temporaryDirectory();
    const clock = new VirtualClock();
    const files = createSpoolFiles();
    const spoolOf = () => open(files, clock, { directory: directory.path });
    const { spool } = await spoolOf();
    for (const name of ['seg-000001.ndjson', 'probe.new']) symlinkSync('/dev/full', join(directory.path, name));
    await expect(spool.append(draft('event', clock))).rejects.toMatchObject({ code: 'RELAY_SPOOL' });
    await expect(spool.probe()).rejects.toMatchObject({ code: 'ENOSPC' });
    rmSync(join(directory.path, 'probe.new'));
    await spool.probe();
    await spool.append(draft('event', clock));
    await spool.close();
    const { replay, spool: again } = await spoolOf();
    await again.close();
    expect(replay.unfinished.map(({ record }) => record.body['text'])).toEqual(['event']);
  });
});
