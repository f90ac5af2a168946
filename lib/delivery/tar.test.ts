import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TarMember } from './tar.ts';
import { TAR_END, tarHeader, tarPadding } from './tar.ts';

const file = (path: string, content: string): Buffer => {
  const member: TarMember = { path, kind: 'file', executable: false, size: Buffer.byteLength(content), linkTarget: '' };
  return Buffer.concat([tarHeader(member, 1_700_000_000), Buffer.from(content), tarPadding(member.size)]);
};
const list = (archive: Buffer): string[] =>
  execFileSync('tar', ['--quoting-style=literal', '-tf', '-'], {
    input: archive,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8' },
  })
    .split('\n')
    .filter(Boolean);

describe('tar headers', () => {
  it('D-ART-2: name, mode, owner 0 and time are what tar reads', () => {
    const archive = Buffer.concat([file('a/b.txt', 'hello'), TAR_END]);
    const row = execFileSync('tar', ['-tvf', '-', '--numeric-owner', '--utc'], { input: archive, encoding: 'utf8' });
    expect(row).toMatch(/^-rw-r--r-- 0\/0\s+5 2023-11-14 22:13 a\/b\.txt$/m);
  });

  it.each([
    'x'.repeat(99),
    'x'.repeat(100),
    'x'.repeat(101),
    `${'deep/'.repeat(60)}file`,
    'grüße/日本.txt',
    'a'.repeat(990),
  ])('a name of any length and alphabet comes back: %.20s…', (name) => {
    expect(list(Buffer.concat([file(name, 'x'), TAR_END]))).toEqual([name]);
  });

  it('names of every length come back (the length of a pax record counts itself)', () => {
    const names = fc.array(fc.integer({ min: 1, max: 1200 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(names, (lengths) => {
        const paths = lengths.map((length, index) => `${index}-`.padEnd(length, 'é'));
        expect(list(Buffer.concat([...paths.map((path) => file(path, 'x')), TAR_END]))).toEqual(paths);
      }),
      { numRuns: 25 },
    );
  });
});
