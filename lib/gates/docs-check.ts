import { parseFragment } from '../artifacts/changelog.ts';
import { workItemFolder } from '../artifacts/paths.ts';
import { globMatcher } from '../base/globs.ts';
import type { Config } from '../pipeline/config.ts';
import type { ReportFile } from './report-file.ts';
import { faultText } from './report-file.ts';

const DOCUMENTS = globMatcher(['docs/**', '**/*.md']);
const TESTS = globMatcher([
  '**/{test,tests,__tests__,spec}/**',
  '**/*.{test,spec}.*',
  '**/{test_*,*_test}.*',
  '**/conftest.py',
]);

/** Paths whose change a user may notice: all but documents, tests, changelog fragments and the item's folder. spec: G-DOC-1 */
export function sourcePaths(paths: readonly string[], item: string, config: Config['docs']): readonly string[] {
  const listed = globMatcher(config.source);
  const isSource = (path: string) =>
    config.source.length > 0
      ? listed(path)
      : !DOCUMENTS(path) &&
        !TESTS(path) &&
        !path.startsWith(`${config.fragment_dir}/`) &&
        !path.startsWith(`${workItemFolder(item)}/`);
  return paths.filter(isSource);
}

/** Says what is missing when source changed without a valid fragment; null = in order. Total. spec: G-DOC-1 */
export function docsFault(
  changed: readonly string[],
  fragment: ReportFile,
  item: string,
  config: Config['docs'],
): string | null {
  if (!config.enabled) return null;
  const source = sourcePaths(changed, item, config);
  if (source.length === 0) return null;
  const because = `${source.length} source ${source.length === 1 ? 'file changed' : 'files changed'} (${source.slice(0, 3).join(', ')}${source.length > 3 ? ', …' : ''})`;
  if (fragment.kind !== 'file')
    return `${because}, but there is no changelog fragment ${fragment.path}: write one with ### Added, Changed, Deprecated, Removed, Fixed or Security, or ### None and a reason`;
  const reading = parseFragment(fragment.content);
  return reading.ok
    ? null
    : `${because}, but the changelog fragment is not valid: ${faultText(fragment.path, reading)}`;
}
