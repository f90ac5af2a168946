import picomatch from 'picomatch';

/**
 * A matcher for repository paths: true when any glob matches. Dot files match, `!` and extended globs are ordinary
 * characters, `nocase` also ignores case (for refusals: `Docs/Work-Items` must not slip past `docs/work-items/**`).
 */
export function globMatcher(
  globs: readonly string[],
  options: { readonly nocase?: boolean } = {},
): (path: string) => boolean {
  if (globs.length === 0) return () => false;
  const matches = picomatch([...globs], {
    dot: true,
    nonegate: true,
    noextglob: true,
    nocase: options.nocase ?? false,
  });
  return (path) => matches(path);
}
