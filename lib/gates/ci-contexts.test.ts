import { describe, expect, it } from 'vitest';
import { contextMatcher, foreignContexts, sameContexts, selectRequired } from './ci-contexts.ts';

const row = (context: string, state: string) => ({ context, state, description: '', targetUrl: null });

describe('contextMatcher', () => {
  it.each([
    ['CI / test (push)', 'CI / test (push)', true],
    ['CI / *', 'CI / test (push)', true],
    ['CI / * (push)', 'CI / test (push)', true],
    ['ci/*', 'ci/unit/linux', true],
    ['CI / test', 'CI / test (push)', false],
    ['[x]', '[x]', true],
    ['!ci', 'lint', false],
    ['', 'ci', false],
  ])('glob %j on context %j → %s', (glob, context, expected) => {
    expect(contextMatcher([glob])(context)).toBe(expected);
  });
});

describe('contexts of a commit', () => {
  it('G-CI-2: ours are left out, an equal name twice counts as the worse, in any order', () => {
    const rows = [
      row('conveyor/ci', 'pending'),
      row('a', 'success'),
      row('a', 'failure'),
      row('b', 'pending'),
      row('b', 'success'),
      row('c', 'skipped'),
      row('c', 'success'),
    ];
    const expected = { a: 'red', b: 'waiting', c: 'skipped' };
    for (const listing of [rows, rows.toReversed()])
      expect(Object.fromEntries(foreignContexts(listing).map((one) => [one.name, one.state]))).toEqual(expected);
  });

  it('an unknown word waits, also one that every object knows', () => {
    for (const word of ['neutral', '', 'constructor', 'toString', 'passed'])
      expect(foreignContexts([row('a', word)])[0]?.state).toBe('waiting');
  });

  it('G-CI-3: a glob that nobody answers is absent, by name', () => {
    const all = foreignContexts([row('ci/a', 'success'), row('lint', 'failure')]);
    const { contexts, absent } = selectRequired(all, ['ci/*', 'e2e']);
    expect({ names: contexts.map((one) => one.name), absent }).toEqual({ names: ['ci/a'], absent: ['e2e'] });
  });

  it('G-CI-4: two reads are the same only with equal names and words', () => {
    const before = foreignContexts([row('a', 'success')]);
    expect(sameContexts(before, foreignContexts([row('a', 'success')]))).toBe(true);
    expect(sameContexts(before, foreignContexts([row('a', 'warning')]))).toBe(false);
    expect(sameContexts(before, foreignContexts([row('a', 'success'), row('b', 'success')]))).toBe(false);
  });
});
