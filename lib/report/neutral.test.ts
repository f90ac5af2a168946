import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cut, neutral, oneLine } from './neutral.ts';

const visible = (text: string): string => text.replaceAll('\u2060', '');

describe('H-CMT-13: neutral', () => {
  it.each([
    ['@name', '@\u2060name'],
    ['see #12 and !7', 'see #\u206012 and !\u20607'],
    ['# heading', '# heading'],
    ['/deploy', '/\u2060deploy'],
    ['  /deploy', '  /\u2060deploy'],
    ['a/b', 'a/b'],
    ['one\n/two', 'one\n/\u2060two'],
    ['closes #3', 'c\u2060loses #\u20603'],
    ['Fixes acme/gpx#4', 'F\u2060ixes acme/gpx#\u20604'],
    ['resolves: !5', 'r\u2060esolves: !\u20605'],
    ['fixed https://git.example.org/acme/gpx/issues/4', 'f\u2060ixed https://git.example.org/acme/gpx/issues/4'],
    ['it fixes nothing', 'it fixes nothing'],
    ['[skip ci] [CI SKIP] [no ci]', '[\u2060skip ci] [\u2060CI SKIP] [\u2060no ci]'],
    [':approved: :rejected: :smile:', ':\u2060approved: :\u2060rejected: :smile:'],
    ['::set-output name=a::b', ':\u2060:set-output name=a::b'],
    ['##[error]x', '#\u2060#\u2060[error]x'],
    ['a\u202eb\u2066c', 'abc'],
    ['a\u0000\u001b[31mb', 'a[31mb'],
    ['a\r\nb', 'a\nb'],
    ['\ud800', '\ufffd'],
    ['שלום 👩‍👩‍👧', 'שלום 👩‍👩‍👧'],
  ])('%j is %j', (text, wanted) => {
    expect(neutral(text)).toBe(wanted);
  });

  it('is idempotent and reads the same', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom(
            '@',
            '#',
            '!',
            '1',
            '/',
            ':',
            '[',
            ']',
            'closes ',
            'skip ci',
            'approved',
            '\n',
            ' ',
            'a',
            '\u2060',
          ),
        }),
        (text) => {
          expect(neutral(neutral(text))).toBe(neutral(text));
          expect(visible(neutral(text))).toBe(visible(text));
        },
      ),
    );
  });

  it('leaves no mention, reference or command, whatever comes in', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom(
            '@',
            '#',
            '!',
            '7',
            '/',
            ':',
            '[',
            ']',
            'closes',
            'skip ci',
            'rejected',
            '\n',
            ' ',
            'x',
          ),
        }),
        (text) => {
          expect(neutral(text)).not.toMatch(
            /@\w|[#!]\d|^[ \t]*\/[^\u2060]|^[ \t]*::|##\[|\[skip ci\]|:rejected:|\bcloses\s+[#!]\u2060?\d/m,
          );
        },
      ),
    );
  });
});

describe('H-CMT-12: cut', () => {
  it.each([
    ['abc', 3, 'abc'],
    ['abcd', 3, 'ab…'],
    ['ab cd', 4, 'ab…'],
    ['👍👍👍', 2, '👍…'],
    ['', 0, ''],
  ])('%j to %i is %j', (text, max, wanted) => {
    expect(cut(text, max)).toBe(wanted);
  });

  it('is never longer and never splits a character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 50 }), (text, max) => {
        const out = cut(text, max);
        expect(Array.from(out).length).toBeLessThanOrEqual(max);
        expect(out.isWellFormed()).toBe(true);
      }),
    );
  });

  it('oneLine has no line break', () => {
    expect(oneLine(' a\n\tb\u2028c ')).toBe('a b c');
  });
});
