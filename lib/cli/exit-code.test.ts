import { describe, expect, it } from 'vitest';
import { ConfigError, ExternalError, InternalError } from '../base/errors.ts';
import { exitCodeOf } from './exit-code.ts';

describe('exit codes', () => {
  it.each([
    [new ConfigError('X', 'x'), 2],
    [new ExternalError('X', 'x'), 3],
    [new InternalError('X', 'x'), 4],
    [new TypeError('x'), 4],
    ['x', 4],
  ])('operations: %s ends with %i', (thrown, code) => {
    expect(exitCodeOf(thrown)).toBe(code);
  });
});
