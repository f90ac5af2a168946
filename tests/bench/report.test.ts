import { describe, expect, it } from 'vitest';
import { isReached, median, parseResult, resultLine } from './report.ts';

describe('the report of the benchmarks', () => {
  it('the median is the middle one, or between the two middle ones', () => {
    expect(median([9, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(() => median([])).toThrow(/nothing was measured/);
  });

  it('a result line is read back as it was written', () => {
    const line = resultLine('start: op-land ÷ bare node', 2.104, { sign: '≤', value: 2.5 });
    expect(parseResult(line)).toEqual({
      name: 'start: op-land ÷ bare node',
      measured: 2.1,
      target: { sign: '≤', value: 2.5 },
    });
  });

  it.each(['round 1: relay 900/s, ratio 0.90', 'ledger: 1.0', '', 'x: NaN (target ≤ 1)'])('%j is no result', (line) => {
    expect(parseResult(line)).toBeNull();
  });

  it.each([
    [1.1, '≤', true],
    [1.11, '≤', false],
    [1.1, '≥', true],
    [1.09, '≥', false],
  ] as const)('%d against %s 1.1', (measured, sign, reached) => {
    expect(isReached({ name: 'x', measured, target: { sign, value: 1.1 } })).toBe(reached);
  });
});
