import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { STATUS_KEYS, type StatusKey } from '../pipeline/stages.ts';
import { instant } from './entry.ts';
import { type Edge, inOrder, superseded } from './lane.ts';

const edges = (...keys: (StatusKey | null)[]): Edge[] => keys.map((to, index) => ({ seq: index + 1, to }));
const kept = (...keys: (StatusKey | null)[]) => {
  const gone = superseded(edges(...keys), 'to_analyse');
  return keys.filter((_, index) => !gone.has(index + 1));
};

describe('superseding', () => {
  it.each([
    [['approved', 'rejected'], ['rejected']],
    [
      ['stop', 'approved'],
      ['stop', 'approved'],
    ],
    [['stop', 'to_analyse'], ['to_analyse']],
    [
      ['to_analyse', 'stop', 'approved'],
      ['stop', 'approved'],
    ],
    [['stop', 'to_analyse', 'stop'], ['stop']],
    [['stop', 'to_analyse', 'approved'], ['approved']],
    [['approved'], ['approved']],
    [[], []],
  ] as [StatusKey[], StatusKey[]][])('case 18, RL-RLY-26: of %j go %j', (all, expected) => {
    expect(kept(...all)).toEqual(expected);
  });

  it('RL-RLY-26 law: the newest stays; a STOP is lost only to a later start; nothing else older stays', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom<StatusKey>(...STATUS_KEYS), { maxLength: 12 }), (keys) => {
        const gone = superseded(edges(...keys), 'to_analyse');
        keys.forEach((key, index) => {
          const later = keys.slice(index + 1);
          const stays = later.length === 0 || (key === 'stop' && !later.includes('to_analyse'));
          expect(gone.has(index + 1)).toBe(!stays);
        });
      }),
    );
  });

  it('RL-RLY-26 law: superseding in two steps is superseding at once', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom<StatusKey>('stop', 'to_analyse', 'approved', 'rejected'), { maxLength: 10 }),
        fc.nat(10),
        (keys, cut) => {
          const all = edges(...keys);
          const first = all.slice(0, cut).filter(({ seq }) => !superseded(all.slice(0, cut), 'to_analyse').has(seq));
          const joined = [...first, ...all.slice(cut)];
          const twice = joined.filter(({ seq }) => !superseded(joined, 'to_analyse').has(seq));
          const once = all.filter(({ seq }) => !superseded(all, 'to_analyse').has(seq));
          expect(twice).toEqual(once);
        },
      ),
    );
  });
});

describe('order of one item', () => {
  it('RL-RLY-25 law: by time of change, then by number, whatever the order of arrival', () => {
    const moment = fc.record({
      ms: fc.integer({ min: 0, max: 3 }),
      micro: fc.integer({ min: 0, max: 2 }),
      fraction: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(moment, { maxLength: 20 }), (moments) => {
        const entries = moments.map(({ ms, micro, fraction }, index) => ({
          seq: index + 1,
          at: ms * 1000 + (fraction ? micro : 0),
          order: instant(`2026-05-04T10:00:0${ms}${fraction && micro > 0 ? `.00000${micro}` : ''}Z`) ?? '',
        }));
        const sorted = entries.toSorted(inOrder);
        const key = (entry: { ms?: number; order: string; seq: number }) =>
          [Number(entry.order.slice(18, 19)) * 1e6 + Number(entry.order.slice(20, 26)), entry.seq] as const;
        for (const [a, b] of sorted.slice(1).map((entry, index) => [sorted[index]!, entry] as const)) {
          const [timeA, seqA] = key(a);
          const [timeB, seqB] = key(b);
          expect(timeA < timeB || (timeA === timeB && seqA < seqB)).toBe(true);
        }
      }),
    );
  });

  it('PL facts: Plane drops the fraction when it is zero, and that still sorts', () => {
    expect(instant('2026-05-04T10:00:00Z')! < instant('2026-05-04T10:00:00.000001Z')!).toBe(true);
    expect(instant('yesterday')).toBeNull();
  });
});
