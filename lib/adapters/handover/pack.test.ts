import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HANDOVER_LIMITS, packFiles, unpackFiles } from './pack.ts';

const TOO_LARGE = expect.objectContaining({ code: 'HANDOVER_TOO_LARGE' });

const name = fc.stringMatching(/^[a-z0-9_.-]*[a-z0-9_-]$/);
const filePath = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
const fileSet = fc.dictionary(
  filePath,
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  { maxKeys: 8 },
);

describe('packing a hand-over', () => {
  it('unpack is the inverse of pack, and the digest does not depend on the order', () => {
    fc.assert(
      fc.property(fileSet, (set) => {
        const files = new Map(Object.entries(set));
        const packed = packFiles(files);
        expect([...unpackFiles(packed.bytes)].toSorted()).toEqual([...files].toSorted());
        expect(packFiles(new Map([...files].toReversed())).digest).toBe(packed.digest);
      }),
    );
  });

  it('arbitrary bytes never unpack into something else than an error or files', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          for (const [path] of unpackFiles(Buffer.from(bytes))) expect(path.split('/')).not.toContain('..');
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^HANDOVER_(CONTENT|TOO_LARGE)$/) });
        }
      }),
    );
  });

  it('operations §7: the archive is at most 50 MB', () => {
    expect(HANDOVER_LIMITS.packed).toBe(50 * 1024 * 1024);
  });

  it('what is over the limit is refused on both sides', () => {
    const files = new Map([['noise', randomBytes(1000)]]);
    const { bytes } = packFiles(files);
    const exact = { ...HANDOVER_LIMITS, packed: bytes.length };
    expect(unpackFiles(packFiles(files, exact).bytes, exact)).toEqual(files);
    const less = { ...HANDOVER_LIMITS, packed: bytes.length - 1 };
    expect(() => packFiles(files, less)).toThrow(TOO_LARGE);
    expect(() => unpackFiles(bytes, less)).toThrow(TOO_LARGE);
  });

  it('an archive that unfolds beyond measure, or into too many files, is refused before it is unfolded', () => {
    const zeros = new Map(['a', 'b', 'c'].map((path) => [path, Buffer.alloc(100_000)]));
    const { bytes } = packFiles(zeros);
    expect(bytes.length).toBeLessThan(2000);
    expect(unpackFiles(bytes, { ...HANDOVER_LIMITS, unpacked: 300_000, files: 3 }).size).toBe(3);
    expect(() => unpackFiles(bytes, { ...HANDOVER_LIMITS, unpacked: 299_999 })).toThrow(TOO_LARGE);
    expect(() => unpackFiles(bytes, { ...HANDOVER_LIMITS, files: 2 })).toThrow(TOO_LARGE);
    expect(() => packFiles(zeros, { ...HANDOVER_LIMITS, unpacked: 299_999 })).toThrow(TOO_LARGE);
    expect(() => packFiles(zeros, { ...HANDOVER_LIMITS, files: 2 })).toThrow(TOO_LARGE);
  });
});
