import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseFrontmatter } from './frontmatter.ts';

const block = (yaml: string, body = 'text\n') => `---\n${yaml}\n---\n${body}`;
const codeOf = (source: Buffer | string) => {
  const parsed = parseFrontmatter(source);
  return parsed.ok ? 'ok' : parsed.code;
};
const dataOf = (source: Buffer | string) => {
  const parsed = parseFrontmatter(source);
  if (!parsed.ok) throw new Error(`${parsed.code} ${parsed.message}`);
  return parsed.data;
};

describe('reading', () => {
  it('AR-FM-2: BOM, CRLF, two leading blank lines and blanks after --- do not matter (case 6)', () => {
    const source = '\uFEFF\r\n  \r\n--- \t\r\nverdict: PASS\r\n---  \r\nbody\r\n';
    expect(parseFrontmatter(Buffer.from(source))).toEqual({ ok: true, data: { verdict: 'PASS' }, body: 'body\n' });
  });

  it('AR-FM-2: ten blank lines are skipped, an eleventh means that there is no frontmatter', () => {
    expect(codeOf(`${'\n'.repeat(10)}---\na: b\n---\n`)).toBe('ok');
    expect(codeOf(`${'\n'.repeat(11)}---\na: b\n---\n`)).toBe('fm.absent');
  });

  it('AR-FM-2: delimiters are lines, so `PASS --- ok` does not end the block (case 7)', () => {
    expect(dataOf(block('note: PASS --- ok\nverdict: APPROVED'))).toEqual({ note: 'PASS --- ok', verdict: 'APPROVED' });
  });

  it('AR-FM-2: an indented --- and a longer ---- are not delimiters', () => {
    expect(dataOf(block('note: |\n  ---\n  x'))).toEqual({ note: '---\nx\n' });
    expect(codeOf('----\na: b\n----\n')).toBe('fm.absent');
  });

  it('AR-FM-3: values stay what was typed', () => {
    const values = [
      'no',
      'on',
      'true',
      '0123',
      '2026-06-05',
      '1e5',
      '0x1F',
      '1234567e1012345678901234567890123456789',
      '12:30',
    ];
    for (const value of values) expect(dataOf(block(`k: ${value}`))).toEqual({ k: value });
  });

  it('AR-FM-3: plain ~, null and an empty value are absent, quoted ones are values', () => {
    expect(dataOf(block('a: ~\nb: null\nc:\nd: "null"\ne: \'\'\nf: x'))).toEqual({ d: 'null', e: '', f: 'x' });
  });

  it('AR-FM-3: nested mappings and lists are read as strings', () => {
    expect(dataOf(block('checks: {passed: 8, total: 10}\nfailed: []\nwaived:\n  - C9a\n  - C9b'))).toEqual({
      checks: { passed: '8', total: '10' },
      failed: [],
      waived: ['C9a', 'C9b'],
    });
  });

  it('AR-FM-9: faults name the line of the file', () => {
    expect(parseFrontmatter('\n---\na: 1\nb: &x 2\n---\n')).toMatchObject({ ok: false, code: 'fm.forbidden', line: 4 });
    expect(parseFrontmatter('---\na: 1\na: 2\n---\n')).toMatchObject({ code: 'fm.duplicate_key', line: 3 });
    expect(parseFrontmatter('---\na: [1\n---\n')).toMatchObject({ code: 'fm.yaml' });
  });
});

describe('refusing', () => {
  const table: readonly (readonly [string, Buffer | string, string])[] = [
    ['no frontmatter', 'APPROVED\n', 'fm.absent'],
    ['empty file', '', 'fm.absent'],
    ['a code fence around the file (case 6)', '```\n---\nverdict: PASS\n---\n```\n', 'fm.absent'],
    ['unterminated', '---\nverdict: PASS\n', 'fm.unterminated'],
    ['`...` does not close', '---\nverdict: PASS\n...\n', 'fm.unterminated'],
    ['broken YAML', block('result: [unclosed'), 'fm.yaml'],
    ['tab indentation', block('a:\n\tb: c'), 'fm.yaml'],
    ['a list', block('- a\n- b'), 'fm.not_mapping'],
    ['a scalar', block('hello'), 'fm.not_mapping'],
    ['an empty block', '---\n---\n', 'fm.not_mapping'],
    ['only a comment', block('# nothing'), 'fm.not_mapping'],
    ['a key twice', block('verdict: A\nverdict: B'), 'fm.duplicate_key'],
    ['a quoted key twice', block('"verdict": A\nverdict: B'), 'fm.duplicate_key'],
    ['keys that differ by case', block('verdict: A\nVerdict: B'), 'fm.duplicate_key'],
    ['a nested key twice', block('a: {b: 1, b: 2}'), 'fm.duplicate_key'],
    ['a key twice, once null', block('verdict: ~\nverdict: B'), 'fm.duplicate_key'],
    ['an unused anchor', block('a: &x 1'), 'fm.forbidden'],
    ['an anchor on the mapping', block('&x\na: 1'), 'fm.forbidden'],
    ['an alias', block('a: &x 1\nb: *x'), 'fm.forbidden'],
    ['an alias without anchor', block('a: *x'), 'fm.forbidden'],
    ['!!binary', block('a: !!binary aGk='), 'fm.forbidden'],
    ['!!str', block('a: !!str x'), 'fm.forbidden'],
    ['the non-specific tag', block('a: ! x'), 'fm.forbidden'],
    ['a verbatim tag', block('a: !<tag:x> b'), 'fm.forbidden'],
    ['a merge key', block('<<: {a: 1}'), 'fm.forbidden'],
    ['__proto__', block('__proto__: {a: 1}'), 'fm.forbidden'],
    ['constructor', block('constructor: 1'), 'fm.forbidden'],
    ['prototype, nested', block('a: {prototype: 1}'), 'fm.forbidden'],
    ['a list as key', block('? [a]\n: 1'), 'fm.forbidden'],
    ['a %YAML directive', block('%YAML 1.1\na: 1'), 'fm.forbidden'],
    ['a line `...`', block('a: 1\n...\nb: 2'), 'fm.forbidden'],
    ['a last line `...`', block('a: 1\n...'), 'fm.forbidden'],
    ['a second document', block('a: 1\n--- b'), 'fm.forbidden'],
    ['17 KiB', block(`a: ${'x'.repeat(17 * 1024)}`), 'fm.too_large'],
    ['65 keys', block(Array.from({ length: 65 }, (_, n) => `k${n}: 1`).join('\n')), 'fm.too_large'],
    ['a key of 65 characters', block(`${'k'.repeat(65)}: 1`), 'fm.too_large'],
    ['depth 5', block('a: {b: {c: {d: {e: 1}}}}'), 'fm.too_large'],
    ['201 list entries', block(`a: [${'1,'.repeat(201)}]`), 'fm.too_large'],
    ['a value over 4 KiB', block(`a: ${'x'.repeat(4097)}`), 'fm.too_large'],
    ['a file over 256 KiB', block('a: 1', 'x'.repeat(256 * 1024)), 'fm.too_large'],
    ['Latin-1 bytes', Buffer.from('---\na: \xe9\n---\n', 'latin1'), 'art.encoding'],
    ['a NUL byte', block('a: 1', 'x\0y'), 'art.encoding'],
    ['a lone surrogate', block('a: 1', '\uD800'), 'art.encoding'],
  ];
  it.each(table)('AR-FM-4…6: %s', (_, source, code) => {
    expect(codeOf(source)).toBe(code);
  });

  it('AR-FM-5: the limits themselves are allowed', () => {
    expect(codeOf(block(Array.from({ length: 64 }, (_, n) => `k${n}: 1`).join('\n')))).toBe('ok');
    expect(codeOf(block('a: {b: {c: {d: 1}}}'))).toBe('ok');
    expect(codeOf(block(`a: [${'1,'.repeat(199)}1]`))).toBe('ok');
    expect(codeOf(block(`a: ${'x'.repeat(4096)}`))).toBe('ok');
  });

  it('AR-FM-4: forbidden marks inside quotes and text are ordinary characters', () => {
    expect(dataOf(block('a: "&x *y !z %w"\nb: fish & chips\nc: |\n  &x\n  !!y'))).toEqual({
      a: '&x *y !z %w',
      b: 'fish & chips',
      c: '&x\n!!y\n',
    });
  });
});

describe('laws', () => {
  const yamlish = fc
    .array(
      fc.constantFrom(
        'a',
        'verdict',
        ': ',
        ':',
        '- ',
        '? ',
        '\n',
        '\n  ',
        '{',
        '}',
        '[',
        ']',
        ',',
        '&x',
        '*x',
        '!',
        '"',
        "'",
        '|',
        '>',
        '#',
        '---',
        '...',
        '%',
        '\t',
        '\r',
        '<<',
        '~',
        'é',
        '\\',
        '\uFEFF',
      ),
      { maxLength: 60 },
    )
    .map((parts) => parts.join(''));

  it('AR-FM-9: never throws on arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (bytes, wrapped) => {
        const source = wrapped
          ? Buffer.concat([Buffer.from('---\n'), bytes, Buffer.from('\n---\n')])
          : Buffer.from(bytes);
        expect(typeof parseFrontmatter(source).ok).toBe('boolean');
      }),
      { numRuns: 1000 },
    );
  });

  it('AR-FM-9: never throws on text made of YAML marks', () => {
    fc.assert(
      fc.property(yamlish, (text) => {
        const parsed = parseFrontmatter(block(text));
        if (!parsed.ok) expect(parsed.line).toBeGreaterThan(0);
      }),
      { numRuns: 3000 },
    );
  });

  it('AR-FM-5: a megabyte of hostile text ends at once with a fault', () => {
    const unit = ['[', '{a: ', '- ', '? ', '"', "'", '---\n', '\n', ' \n', '&a ', '%', '|\n', '\r', '--- \t'];
    for (const part of unit)
      for (const size of [15 * 1024, 250 * 1024, 1024 * 1024]) {
        const text = part.repeat(Math.floor(size / part.length));
        expect(codeOf(`---\n${text}`)).not.toBe('ok');
        expect(typeof codeOf(block(text))).toBe('string');
      }
  });
});
