import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  branchCandidates,
  formatWorkItemId,
  freeWorkItemId,
  issuePrefix,
  nextWorkItemNumber,
  parseWorkItemId,
  sameWorkItem,
  shortDigest,
} from './ids.ts';
import { slugOf } from './slug.ts';

const ISSUE = '1A2B3C4D-5e6f-7081-92a3-b4c5d6e7f809';

describe('work item ids', () => {
  it('PL-D-1: padded and unpadded spellings are one item', () => {
    expect(sameWorkItem('ET-012', 'ET-12')).toBe(true);
    expect(sameWorkItem('ET-12', 'ET-120')).toBe(false);
    expect(sameWorkItem('ET-12', 'AT-12')).toBe(false);
    expect(sameWorkItem('nonsense', 'nonsense')).toBe(false);
  });

  it.each(['', 'ET-', 'et-12', 'E-12', 'ET12', 'ET-12 ', 'ET-12345678', 'ABCDEFGHIJKL-1', '1T-1', 'ET-1\n'])(
    'PL-D-1: %j is no id',
    (text) => {
      expect(parseWorkItemId(text)).toBeNull();
    },
  );

  it('PL-D-1: format and parse agree for every id and width', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Z][A-Z0-9]{1,9}$/), fc.nat(9_999_999), fc.nat(7), (prefix, number, width) => {
        expect(parseWorkItemId(formatWorkItemId({ prefix, number }, width))).toEqual({ prefix, number });
      }),
    );
  });

  it('PL-D-2: the next number is one above the highest of the prefix', () => {
    expect(nextWorkItemNumber('ET', ['ET-3', 'ET-012', 'AT-99', 'junk'])).toBe(13);
    expect(nextWorkItemNumber('ET', [])).toBe(1);
  });

  it('PL-D-3: a taken id moves to the next free number and keeps its width', () => {
    expect(freeWorkItemId({ prefix: 'ET', number: 12 }, ['ET-12', 'ET-013', 'AT-14'], 3)).toBe('ET-014');
    expect(freeWorkItemId({ prefix: 'ET', number: 12 }, ['AT-12'])).toBe('ET-12');
  });
});

describe('branches', () => {
  it.each([
    ['Загрузка GPX!', 'zagruzka-gpx'],
    ['数据', '1a2b3c4d'],
    ['', '1a2b3c4d'],
    ['CSV export of tracks', 'csv-export-of-tracks'],
    ['Йод и ёлка, щука', 'iod-i-elka-shchuka'],
    ['Straße, œuvre, Łódź, Þór', 'strasse-oeuvre-lodz-thor'],
    ['Crème brûlée', 'creme-brulee'],
    ['ﬁle №1', 'file-no1'],
    ['--x--', 'x'],
    ['a'.repeat(29) + ' bcd', 'a'.repeat(29)],
    ['a'.repeat(40), 'a'.repeat(30)],
  ])('PL-D-4: %j → %s', (title, slug) => {
    expect(slugOf(title, ISSUE)).toBe(slug);
  });

  it('PL-D-4: every title gives 1-30 characters of [a-z0-9-] without a dash at either end', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' })), (title) => {
        expect(slugOf(title, ISSUE)).toMatch(/^[a-z0-9](?:[a-z0-9-]{0,28}[a-z0-9])?$/);
      }),
      { numRuns: 500 },
    );
  });

  it('PL-D-5: names to try when a branch is not ours', () => {
    const names = branchCandidates('ET-12', 'csv', ISSUE);
    expect([1, 2, 3, 4].map(() => names.next().value)).toEqual([
      'feature/ET-12-csv',
      'feature/ET-12-1a2b3c4d',
      'feature/ET-12-1a2b3c4d-2',
      'feature/ET-12-1a2b3c4d-3',
    ]);
  });

  it('shortens digests, hashes and issue ids', () => {
    expect(shortDigest(`sha256:${'9f3c'.repeat(16)}`)).toBe('9f3c9f3c9f3c');
    expect(shortDigest('4f0d2c7a4f0d', 8)).toBe('4f0d2c7a');
    expect(issuePrefix(ISSUE)).toBe('1a2b3c4d');
  });
});
