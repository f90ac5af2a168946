import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recordings } from '../../tests/support/relay/recordings.ts';
import { dedupKey, KeyMemory } from './dedup.ts';

const DAY = 86_400_000;

describe('dedup key', () => {
  it('case 3, RL-RLY-10: six attempts with six delivery ids have one key, and no two different bodies share one', () => {
    const retries = recordings().filter(({ file }) => /^7[1-6]-/.test(file));
    expect(new Set(retries.map(({ headers }) => headers['X-Plane-Delivery'])).size).toBe(6);
    expect(new Set(retries.map(({ body }) => dedupKey('plane', Buffer.from(body)))).size).toBe(1);
    const bodies = new Set(recordings().map(({ body }) => body));
    expect(new Set([...bodies].map((body) => dedupKey('plane', Buffer.from(body)))).size).toBe(bodies.size);
  });
});

describe('key memory', () => {
  it('RL-RLY-10: a key is remembered 7 days and not longer', () => {
    const memory = new KeyMemory(new Map(), 0);
    memory.add('a', 0);
    expect(memory.has('a', 7 * DAY - 1)).toBe(true);
    expect(memory.has('a', 7 * DAY)).toBe(false);
    expect(memory.has('b', 0)).toBe(false);
  });

  it('RL-RLY-10: at most 100 000 keys, the oldest goes first', () => {
    const memory = new KeyMemory(new Map(), 0);
    for (let index = 0; index <= 100_000; index += 1) memory.add(String(index), index);
    expect(memory.size).toBe(100_000);
    expect(memory.has('0', 100_001)).toBe(false);
    expect(memory.has('1', 100_001)).toBe(true);
  });

  it('RL-RLY-10 law: within seven days every key that was added is known, and none else', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.integer({ min: 0, max: 3 * DAY })), {
          maxLength: 30,
        }),
        (steps) => {
          const memory = new KeyMemory(new Map(), 0);
          const model = new Map<string, number>();
          let now = 0;
          for (const [key, wait] of steps) {
            now += wait;
            for (const name of ['a', 'b', 'c', 'd']) {
              const at = model.get(name);
              expect(memory.has(name, now)).toBe(at !== undefined && now - at < 7 * DAY);
            }
            memory.add(key, now);
            model.set(key, now);
          }
        },
      ),
    );
  });
});
