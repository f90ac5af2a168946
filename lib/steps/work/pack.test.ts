import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChangeEntry } from './change-entry.ts';
import { packChanges, unpackChanges } from './pack.ts';

const BASE = 'a'.repeat(40);
const content = fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes));
const name = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
  .filter((text) => text.isWellFormed() && !text.includes('\0'));
const change: fc.Arbitrary<ChangeEntry> = fc.oneof(
  fc.record({ path: name, kind: fc.constant('file' as const), executable: fc.boolean(), content: fc.option(content) }),
  fc.record({ path: name, target: name }).map(({ path, target }) => ({
    path,
    kind: 'symlink' as const,
    executable: false,
    content: Buffer.from(target),
    linkTarget: target,
  })),
  fc.record({
    path: name,
    kind: fc.constantFrom('submodule' as const, 'other' as const),
    executable: fc.constant(false),
    content: fc.constant(Buffer.alloc(0)),
  }),
);
const changes = fc.uniqueArray(change, { selector: (entry) => entry.path, maxLength: 12 });

const good = packChanges([{ path: 'a', kind: 'file', executable: false, content: Buffer.from('one') }], BASE);
const manifest = (entries: unknown[], more: object = {}): Map<string, Buffer> =>
  new Map([['changes.json', Buffer.from(JSON.stringify({ version: 1, base: BASE, entries, ...more }))]]);
const file = (path: string, blob = 0): object => ({ is: 'file', path, executable: false, blob, size: 3 });
const one = Buffer.from('one');

describe('changes in a hand-over', () => {
  it('law: what was packed comes out the same', () => {
    fc.assert(
      fc.property(changes, (list) => {
        expect(unpackChanges(packChanges(list, BASE))).toEqual({ ok: true, base: BASE, changes: list });
      }),
    );
  });

  it('law: whatever the bytes are, unpacking answers and does not throw', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('changes.json', 'blob-0', 'x'), content), (files) => {
        const result = unpackChanges(new Map(Object.entries(files)));
        expect(result.ok).toBe(false);
      }),
    );
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(unpackChanges(new Map([['changes.json', Buffer.from(text)]])).ok).toBe(false);
      }),
    );
  });

  it.each<[string, Map<string, Buffer>, RegExp]>([
    ['no manifest', new Map([['blob-0', one]]), /changes\.json is missing/],
    ['not UTF-8', new Map([['changes.json', Buffer.from([0xff])]]), /not JSON in UTF-8/],
    ['another version', manifest([], { version: 2 }), /version/],
    ['an unknown key', manifest([], { hook: 'x' }), /hook/],
    ['a base that is no commit', manifest([], { base: 'main' }), /base/],
    ['a missing blob', manifest([file('a')]), /blob-0 is missing or used twice/],
    ['a blob used twice', manifest([file('a'), file('b')]).set('blob-0', one), /blob-0 is missing or used twice/],
    [
      'a path twice',
      manifest([file('a'), file('a', 1)])
        .set('blob-0', one)
        .set('blob-1', one),
      /twice/,
    ],
    ['a blob of another size', manifest([file('a')]).set('blob-0', Buffer.from('four')), /4 bytes, announced are 3/],
    ['a file nobody names', new Map(good).set('extra', one), /no entry names, first "extra"/],
    ['an empty path', manifest([file('')]).set('blob-0', one), /entries\.0\.path/],
    ['a path with NUL', manifest([file('a\0b')]).set('blob-0', one), /entries\.0\.path/],
    ['half a character', manifest([{ is: 'other', path: '\ud800' }]), /entries\.0\.path/],
    ['an unknown kind', manifest([{ is: 'hardlink', path: 'a' }]), /entries\.0/],
    [
      'too many entries',
      manifest(Array.from({ length: 20_001 }, (_, index) => ({ is: 'other', path: `p${index}` }))),
      /entries/,
    ],
    ['a manifest that is too large', new Map([['changes.json', Buffer.alloc(16 * 1024 * 1024 + 1)]]), /allowed are/],
    ['too much in all', new Map(good).set('extra', Buffer.alloc(80 * 1024 * 1024)), /allowed are/],
  ])('refuses with a reason: %s', (_name, files, reason) => {
    const result = unpackChanges(files);
    expect(result).toMatchObject({ ok: false, error: expect.stringMatching(reason) });
  });
});
