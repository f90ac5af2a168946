import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { outputTail } from './excerpt.ts';
import { normaliseArtifact } from './normalise.ts';

const normal = (text: string) => normaliseArtifact(Buffer.from(text)).content.toString();

describe('normaliseArtifact', () => {
  it.each([
    ['\uFEFF---\r\na: b\r\n---\r\ntext', '---\na: b\n---\ntext\n'],
    ['text\n\n\n', 'text\n'],
    ['\u001b[31mred\u001b[0m text\n', 'red text\n'],
    ['', ''],
    ['two  \nspaces stay\n', 'two  \nspaces stay\n'],
  ])('AR-AP-1: %j → %j', (text, expected) => {
    expect(normal(text)).toBe(expected);
  });

  it('AR-AP-1 (case 39): trailing lines that are only tool-call tags are cut and counted', () => {
    const read = normaliseArtifact(Buffer.from('text\n</content>\n\n</invoke></function_calls>\n</parameter>\n'));
    expect([read.content.toString(), read.cutTagLines]).toEqual(['text\n', 3]);
  });

  it('AR-AP-1: tags inside the text and other tags stay', () => {
    for (const text of ['a </content>\n', '</content>\ntext\n', 'text\n</details>\n']) expect(normal(text)).toBe(text);
  });

  it('bytes that are not UTF-8 come back untouched', () => {
    const bytes = Buffer.from([0xff, 0x0d, 0x0a]);
    expect(normaliseArtifact(bytes).content.equals(bytes)).toBe(true);
  });

  it('AR-AP-1: doing it twice changes nothing', () => {
    const part = fc.constantFrom(
      '\uFEFF',
      '\r',
      '\n',
      ' ',
      'a',
      '</content>',
      '</invoke>',
      '\u001b[31m',
      '\u001b',
      '[0m',
      '\t',
      'é',
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 20 }), (parts) => {
        const once = normaliseArtifact(Buffer.from(parts.join('')));
        const twice = normaliseArtifact(once.content);
        expect(twice.content.toString()).toBe(once.content.toString());
        expect(twice.cutTagLines).toBe(0);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('outputTail', () => {
  it('AR-AP-3: short output stays whole, without escapes', () => {
    expect(outputTail('a\u001b[31mb\u001b[0m\r\nc\r\n', 'the log')).toBe('ab\nc');
  });

  it('AR-AP-3: the last 200 lines and 20 000 characters, with the number that is missing and where to look', () => {
    const lines = outputTail(Array.from({ length: 500 }, (_, n) => `line ${n}`).join('\n'), 'https://log').split('\n');
    expect([lines.length, lines[0], lines[1], lines.at(-1)]).toEqual([
      201,
      '… cut, 300 earlier lines: https://log',
      'line 300',
      'line 499',
    ]);
    expect(outputTail('x'.repeat(50_000), 'https://log').length).toBeLessThan(20_100);
    expect(outputTail(`${'y'.repeat(300)}\n`.repeat(150), 'https://log').length).toBeLessThan(20_100);
  });
});
