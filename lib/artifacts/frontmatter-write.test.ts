import fc from 'fast-check';
import { load, CORE_SCHEMA } from 'js-yaml';
import { parseDocument } from 'yaml';
import { describe, expect, it } from 'vitest';
import { composeFrontmatter, renderFrontmatter, type Fields } from './frontmatter-write.ts';
import { parseFrontmatter } from './frontmatter.ts';

const written = (source: string, set: Fields) => {
  const result = renderFrontmatter(source, { set });
  if (!result.ok) throw new Error(`${result.code} ${result.message}`);
  return result.text;
};

describe('renderFrontmatter', () => {
  const source = [
    '---',
    '# made by the reviewer',
    'verdict: APPROVED # one of two',
    'version: "99"',
    'extra: {deep: [1, 2], note: "keep"} # mine',
    'list:',
    '  - a',
    '  - b # second',
    '---',
    '# Review',
    '\ttext  ',
    '--- not a delimiter',
    'no newline at the end',
  ].join('\n');

  it('AR-FM-10: sets touched keys; unknown keys, order, comments and body stay (case 11)', () => {
    expect(written(source, { version: 2, commit: 'a'.repeat(40) })).toBe(
      [
        '---',
        '# made by the reviewer',
        'verdict: APPROVED # one of two',
        'version: 2',
        'extra: {deep: [1, 2], note: "keep"} # mine',
        'list:',
        '  - a',
        '  - b # second',
        `commit: ${'a'.repeat(40)}`,
        '---',
        '# Review',
        '\ttext  ',
        '--- not a delimiter',
        'no newline at the end',
      ].join('\n'),
    );
  });

  it('AR-FM-10: a comment behind an overwritten value stays', () => {
    expect(written('---\nverdict: A # why\n---\n', { verdict: 'B' })).toBe('---\nverdict: B # why\n---\n');
  });

  it('AR-FM-10: the body keeps its own line ends, byte for byte', () => {
    const body = 'a\r\nb\rc\n\n\n';
    expect(written(`---\r\na: 1\r\n---\r\n${body}`, { a: 2 })).toBe(`---\na: 2\n---\n${body}`);
  });

  it('AR-FM-10: a mapping, a null value and a block text can be overwritten', () => {
    const text = '---\na:\n  b: 1\nc:\nd: |\n  x\n---\n';
    expect(written(text, { a: 'x', c: 'b', d: 'z' })).toBe('---\na: x\nc: b\nd: z\n---\n');
  });

  it.each(['no frontmatter\n', '---\na: 1\n', '---\na: &x 1\n---\n'])(
    'AR-FM-10: refuses what the reader refuses: %j',
    (text) => {
      expect(renderFrontmatter(text, { set: { a: 1 } })).toMatchObject({ ok: false });
    },
  );

  it('AR-FM-6: a key that differs only by case is not silently doubled', () => {
    expect(renderFrontmatter('---\nVersion: 3\n---\n', { set: { version: 1 } })).toMatchObject({
      ok: false,
      code: 'fm.duplicate_key',
    });
  });
});

describe('composeFrontmatter', () => {
  it('AR-FM-11: numbers, booleans and UTC times plain, dubious strings quoted', () => {
    const hash = `1234567e10${'1'.repeat(30)}`;
    const text = composeFrontmatter(
      {
        type: 'staging-log',
        pass: 2,
        strict: false,
        timestamp: '2026-06-05T12:47:48Z',
        digits: '4812',
        hash,
        word: 'no',
        colon: 'a: b',
        sharp: 'a #b',
        empty: '',
        omitted: undefined,
        checks: { passed: 8, total: 10 },
        failed: [],
        waived: ['C9a', 'on', 'a, b'],
      },
      '# Body\n',
    );
    expect(text).toBe(
      [
        '---',
        'type: staging-log',
        'pass: 2',
        'strict: false',
        'timestamp: 2026-06-05T12:47:48Z',
        'digits: "4812"',
        `hash: "${hash}"`,
        'word: "no"',
        'colon: "a: b"',
        'sharp: "a #b"',
        'empty: ""',
        'checks: {passed: 8, total: 10}',
        'failed: []',
        'waived: [C9a, "on", "a, b"]',
        '---',
        '# Body',
        '',
      ].join('\n'),
    );
  });
});

describe('laws', () => {
  const word = fc
    .oneof(
      fc.string({ maxLength: 60 }),
      fc.string({ unit: 'binary', maxLength: 30 }),
      fc.constantFrom(
        'no',
        'ON',
        'y',
        '~',
        'null',
        '012',
        '0o17',
        '1_000',
        '1e5',
        '.5',
        '-',
        '- a',
        '?',
        ': ',
        '&a',
        '*a',
        '!t',
        '%',
        '@',
        '`',
        '12:30:45',
        '2026-06-05',
        '<<',
        '=',
        '{a',
        ']',
        'a\nb',
        'x # y',
        "'",
        '"',
        ' lead',
        'trail ',
        '0x1F',
        '.inf',
        'NaN',
        '---',
        '...',
      ),
      fc.stringMatching(/^[0-9a-f]{40}$/),
      fc.stringMatching(/^\d{40}$/),
    )
    .filter((text) => !text.includes('\0') && text.isWellFormed());
  const key = fc.stringMatching(/^[a-z][a-z_]{0,12}$/).filter((name) => !['constructor', 'prototype'].includes(name));
  const body = fc
    .string({ unit: 'binary', maxLength: 80 })
    .filter((text) => !text.includes('\0') && text.isWellFormed());

  it('AR-FM-11: every string reads back as itself, in this reader and in YAML 1.1 and 1.2 readers', () => {
    fc.assert(
      fc.property(
        fc.dictionary(key, fc.oneof(word, fc.array(word, { maxLength: 4 }), fc.dictionary(key, word, { maxKeys: 3 })), {
          minKeys: 1,
          maxKeys: 6,
        }),
        (fields) => {
          const text = composeFrontmatter(fields, 'body\n');
          const parsed = parseFrontmatter(text);
          expect(parsed.ok && parsed.data).toEqual(fields);
          const yaml = text.slice(4, text.indexOf('\n---\n') + 1);
          expect(load(yaml, { schema: CORE_SCHEMA })).toEqual(fields);
          expect(parseDocument(yaml, { version: '1.1' }).toJS()).toEqual(fields);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('AR-FM-10: the body stays and writing twice equals writing once', () => {
    fc.assert(
      fc.property(
        fc.dictionary(key, word, { minKeys: 1, maxKeys: 5 }),
        fc.dictionary(key, word, { minKeys: 1, maxKeys: 3 }),
        body,
        (fields, set, tail) => {
          const once = written(composeFrontmatter(fields, tail), set);
          expect(once.endsWith(`\n---\n${tail}`)).toBe(true);
          expect(written(once, set)).toBe(once);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('AR-FM-10: hand-written blocks with comments keep comments and settle after one writing', () => {
    const line = fc.oneof(
      fc
        .tuple(
          key,
          word.filter((text) => /^[\w ]*$/.test(text)),
        )
        .map(([name, text]) => `${name}_k: ${text}`),
      fc.constantFrom(
        '# a comment',
        '',
        'flow: {a: [1,2],  b: "x"} # after',
        'block: |\n  line 1\n\n  line 2',
        'folded: >-\n  a\n  b',
        'items:\n  - one # first\n  # between\n  - two',
        "quoted: 'it''s'",
        'deep:\n    far: 1\n    # in',
      ),
    );
    fc.assert(
      fc.property(
        fc.uniqueArray(line, { minLength: 1, maxLength: 6, selector: (text) => text.split(':')[0] }),
        (lines) => {
          const source = `---\n${lines.join('\n')}\n---\nbody\n`;
          const before = parseFrontmatter(source);
          fc.pre(before.ok);
          const once = written(source, { version: 3, commit: '1'.repeat(40) });
          expect(written(once, { version: 3, commit: '1'.repeat(40) })).toBe(once);
          const after = parseFrontmatter(once);
          expect(after.ok && after.data).toEqual({
            ...(before.ok ? before.data : {}),
            version: '3',
            commit: '1'.repeat(40),
          });
          for (const comment of source.match(/# [a-z ]+/g) ?? []) expect(once).toContain(comment.trim());
        },
      ),
      { numRuns: 400 },
    );
  });
});
