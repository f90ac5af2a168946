import { artifactPath } from '../../artifacts/paths.ts';
import type { GitPort, Sha } from '../../ports/git.ts';
import type { ReportTrust } from '../report-file.ts';
import { pathsOfCommand } from '../test-run.ts';
import type { TestOutcome } from '../test-run.ts';
import type { TestsFacts } from '../tests.ts';
import { observe } from './observe.ts';
import { loadReportFile } from './report-file.ts';
import type { GateSubject } from './subject.ts';

export interface TestsSubject extends GateSubject {
  /** Path of the report; null = the runner's outcome alone is judged; default `13-test-report.md` of the item. */
  readonly path?: string | null;
  readonly outcome: TestOutcome | null;
  readonly trust: ReportTrust;
  readonly round: number | null;
}

/** The report and the code tree of the judged commit, from git objects only. */
export async function loadTestsFacts(ports: { readonly git: GitPort }, subject: TestsSubject): Promise<TestsFacts> {
  const { git } = ports;
  const path = subject.path === undefined ? artifactPath(subject.item, '13-test-report.md') : subject.path;
  return {
    item: subject.item,
    codeTree: await observe(() => git.codeTree(subject.commit)),
    outcome: subject.outcome,
    file: path === null ? null : await loadReportFile(git, subject.commit, path),
    trust: subject.trust,
    round: subject.round,
  };
}

/** Files that the test command names, that the base has and the judged commit lacks. Throws ExternalError. spec: G-TST-2 */
export async function removedCommandPaths(
  git: GitPort,
  command: string,
  base: Sha,
  commit: Sha,
): Promise<readonly string[]> {
  const named = pathsOfCommand(command);
  if (named.length === 0) return [];
  const before = await git.readFiles(base, named);
  const after = await git.readFiles(commit, named);
  return named.filter((path) => before.has(path) && !after.has(path));
}
