import { expect, it } from 'vitest';
import { globMatcher } from './globs.ts';

it.each([
  ['docs/**', 'docs/a/b.md', true],
  ['docs/**', 'docs/.hidden', true],
  ['docs/**', 'Docs/a.md', false],
  ['docs/*.md', 'docs/a/b.md', false],
  ['.gitleaks*', '.gitleaks.toml', true],
  ['**', 'a/.b/c', true],
  ['!docs/**', 'src/x', false],
  ['*.{ts,js}', 'a.ts', true],
])('%s on %s is %s', (glob, path, matches) => {
  expect(globMatcher([glob])(path)).toBe(matches);
});

it('nocase ignores case and no glob matches nothing', () => {
  expect(globMatcher(['docs/work-items/**'], { nocase: true })('Docs/Work-Items/ET-12/x')).toBe(true);
  expect(globMatcher([])('a')).toBe(false);
});
