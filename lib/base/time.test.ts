import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatUtc, parseUtc } from './time.ts';

it('writes UTC with whole seconds, fractions cut', () => {
  expect(formatUtc(new Date('2026-06-05T12:47:48.999Z'))).toBe('2026-06-05T12:47:48Z');
});

it.each([
  '',
  '2026-06-05',
  '2026-06-05T12:47:48',
  '2026-06-05T12:47:48.1Z',
  '2026-02-30T00:00:00Z',
  '2026-06-05T24:00:00Z',
  '2026-13-01T00:00:00Z',
])('%j is no time', (text) => {
  expect(parseUtc(text)).toBeNull();
});

it('reading gives back what was written, for every time of four-digit years', () => {
  fc.assert(
    fc.property(
      fc.date({ min: new Date('0000-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true }),
      (date) => {
        const text = formatUtc(date);
        expect(formatUtc(parseUtc(text)!)).toBe(text);
      },
    ),
  );
});
