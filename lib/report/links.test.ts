import { describe, expect, it } from 'vitest';
import { branchLink, commitLink, publicBase, pullLink } from './links.ts';

describe('H-ALR-7: publicBase', () => {
  it.each([
    '',
    'git.example.org',
    'ftp://git.example.org',
    'javascript:alert(1)',
    'http://localhost:3000',
    'http://LOCALHOST/',
    'http://localhost.',
    'http://git.localhost',
    'http://127.0.0.1:3000',
    'http://127.9.8.7',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://0.0.0.0:1',
    'http://[::1]:3000',
    'http://[::]/',
    'http://[::ffff:127.0.0.1]/',
  ])('%j gives no link', (url) => {
    expect(publicBase(url)).toBeNull();
  });

  it.each([
    ['https://git.example.org', 'https://git.example.org'],
    ['https://git.example.org/sub/', 'https://git.example.org/sub'],
    ['http://10.0.0.5:3000/', 'http://10.0.0.5:3000'],
    ['https://user:pass@git.example.org/?x=1#y', 'https://git.example.org'],
  ])('%j gives %j', (url, base) => {
    expect(publicBase(url)).toBe(base);
  });
});

describe('H-CMT-5: links', () => {
  const repository = 'https://git.example.org/acme/gpx';

  it('segments are encoded, slashes kept', () => {
    expect(commitLink(repository, '9f2c', 'docs/work-items/ET-12/a b#?".md')).toBe(
      `${repository}/src/commit/9f2c/docs/work-items/ET-12/a%20b%23%3F%22.md`,
    );
    expect(branchLink(repository, 'feature/ET-12-"x"')).toBe(`${repository}/src/branch/feature/ET-12-%22x%22`);
    expect(pullLink(repository, 31)).toBe(`${repository}/pulls/31`);
  });

  it('without a base there is no link', () => {
    expect([commitLink(null, 'a', 'b'), branchLink(null, 'a'), pullLink(null, 1)]).toEqual([null, null, null]);
  });
});
