import { describe, expect, it } from 'vitest';
import { createWorld, owed, sha } from '../../tests/property/kernel-world.ts';
import type { Receipt } from './effects.ts';
import { recordReceipts, statusLevel } from './receipts.ts';

function fixture() {
  const world = createWorld('chat: {kind: console}');
  world.drive('W(ci)');
  const entry = (kind: string) => world.item().outbox.find(({ effect }) => effect.kind === kind)!;
  const receipt = (kind: string, value: string | null = null, wrote: string | null = null): Receipt => ({
    key: entry(kind).key,
    seq: entry(kind).seq,
    value,
    wrote,
  });
  const record = (receipts: readonly Receipt[], failed: Record<string, string> = {}) => {
    const { next, changed } = recordReceipts(world.snapshot, [{ item: 'ET-1', receipts, failed }]);
    return { item: next.items.get('ET-1')!, changed };
  };
  return { world, entry, receipt, record };
}

describe('receipts', () => {
  it('design §3: an act is closed by its receipt, the value is kept, and nothing else of the item moves', () => {
    const { world, receipt, record } = fixture();
    const { item, changed } = record([receipt('pull-request', '31')]);
    expect(changed).toEqual(['ET-1']);
    expect(owed(item)).not.toContain('pull-request');
    expect(item).toEqual({ ...world.item(), outbox: item.outbox, pull: 31 });
    expect(owed(world.item())).toContain('pull-request');
    expect(record([receipt('pull-request', 'garbage')]).item.pull).toBeNull();
    expect(record([receipt('chat-card', '77')]).item.chat).toEqual({ messageId: '77' });
  });

  it('PL-S-5: a level stays open unless what was written is what the state says now', () => {
    const { world, receipt, record } = fixture();
    expect(statusLevel(world.item())).toBe('development');
    for (const wrote of ['analysis', '', null])
      expect(record([receipt('tracker-status', null, wrote)]).changed).toEqual([]);
    const { item } = record([receipt('tracker-status', null, 'development')]);
    expect(owed(item)).not.toContain('tracker-status');
  });

  it('PL-C-4: a receipt of an entry that a newer decision replaced closes nothing', () => {
    const { world, receipt, record } = fixture();
    const [old, card] = [receipt('tracker-status', null, 'development'), receipt('chat-card', '5')];
    world.feed({ type: 'branch.moved', item: 'ET-1', head: sha('x') });
    expect(record([old, card]).changed).toEqual([]);
    expect(record([{ ...old, key: 'unknown' }]).changed).toEqual([]);
  });

  it('PL-K-1: the run id of a dispatch is kept, only for the token that is current', () => {
    const world = createWorld();
    world.drive('R(review)');
    const [entry] = world.item().outbox.filter(({ effect }) => effect.kind === 'dispatch');
    const receipt: Receipt = { key: entry!.key, seq: entry!.seq, value: '8123', wrote: null };
    const { next } = recordReceipts(world.snapshot, [{ item: 'ET-1', receipts: [receipt], failed: {} }]);
    expect(next.items.get('ET-1')?.dispatch).toMatchObject({ run: '8123', sends: 1 });
    world.lose();
    expect(recordReceipts(world.snapshot, [{ item: 'ET-1', receipts: [receipt], failed: {} }]).changed).toEqual([]);
  });

  it('PL-C-4: what failed stays, one try older and with its error; an item that left is skipped', () => {
    const { entry, record, world } = fixture();
    const key = entry('pull-request').key;
    const { item } = record([], { [key]: 'x'.repeat(900) });
    expect(item.outbox.find((candidate) => candidate.key === key)).toMatchObject({
      tries: 1,
      lastError: 'x'.repeat(500),
    });
    expect(item.outbox).toHaveLength(world.item().outbox.length);
    expect(recordReceipts(world.snapshot, [{ item: 'ET-9', receipts: [], failed: { a: 'b' } }]).changed).toEqual([]);
  });
});
