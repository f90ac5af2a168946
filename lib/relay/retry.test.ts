import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { httpError } from '../../tests/support/relay/outside.ts';
import { InternalError } from '../base/errors.ts';
import { classifyFailure, nextAttempt } from './retry.ts';

describe('failure classes of a dispatch', () => {
  it.each([
    [0, 'transient'],
    [408, 'transient'],
    [429, 'transient'],
    [500, 'transient'],
    [503, 'transient'],
    [401, 'refused'],
    [403, 'refused'],
    [404, 'input'],
    [422, 'input'],
    [400, 'input'],
    [409, 'input'],
  ] as const)('RL-RLY-23: status %d is %s', (status, expected) => {
    expect(classifyFailure(httpError(status)).class).toBe(expected);
  });

  it('a bug of ours is not waited for', () => {
    expect(classifyFailure(new InternalError('X', 'bug')).class).toBe('input');
  });

  it('RL-RLY-23: 12 attempts of at most 2 s × 2ⁿ, cap 300 s, together at most about 24 minutes', () => {
    const waits = Array.from({ length: 11 }, (_, index) =>
      nextAttempt({ class: 'transient', retryAfterS: 0 }, index + 1, 12, 0.999999),
    );
    expect(waits.map((ms) => Math.round((ms ?? 0) / 1000))).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
    expect(waits.reduce<number>((sum, ms) => sum + (ms ?? 0), 0)).toBeLessThan(24 * 60_000);
    expect(nextAttempt({ class: 'transient', retryAfterS: 0 }, 12, 12, 0.5)).toBeNull();
  });

  it('RL-RLY-23: 404 and 422 have 3 attempts, 401 and 403 one every 300 s for 24 h', () => {
    const input = { class: 'input', retryAfterS: 0 } as const;
    expect([1, 2, 3].map((failures) => nextAttempt(input, failures, 12, 0.5) === null)).toEqual([false, false, true]);
    const refused = { class: 'refused', retryAfterS: 0 } as const;
    expect(nextAttempt(refused, 1, 12, 0.1)).toBe(300_000);
    expect([287, 288].map((failures) => nextAttempt(refused, failures, 12, 0.5) === null)).toEqual([false, true]);
  });

  it('RL-RLY-23: never earlier than Retry-After asks', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 11 }),
        fc.integer({ min: 0, max: 900 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (failures, retryAfterS, random) => {
          expect(nextAttempt({ class: 'transient', retryAfterS }, failures, 12, random)).toBeGreaterThanOrEqual(
            retryAfterS * 1000,
          );
        },
      ),
    );
  });
});
