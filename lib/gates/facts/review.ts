import { artifactPath, fragmentPath } from '../../artifacts/paths.ts';
import type { Config } from '../../pipeline/config.ts';
import type { GitPort, Sha } from '../../ports/git.ts';
import type { ReviewFacts } from '../review.ts';
import type { ReportTrust } from '../report-file.ts';
import { observe } from './observe.ts';
import { loadReportFile } from './report-file.ts';
import type { GateSubject } from './subject.ts';

export interface ReviewSubject extends GateSubject {
  /** Path of the review; default `12-review.md` of the item. */
  readonly path?: string;
  readonly trust: ReportTrust;
  readonly round: number | null;
  readonly alsoValid?: readonly string[];
}

/** Review, fragment, changed paths and patch id of the judged commit, from git objects only. */
export async function loadReviewFacts(
  ports: { readonly git: GitPort },
  subject: ReviewSubject,
  config: Pick<Config['docs'], 'fragment_dir'>,
): Promise<ReviewFacts> {
  const { git } = ports;
  const { item, base, commit } = subject;
  return {
    item,
    patchId: await observe(() => git.patchId(base, commit)),
    alsoValid: subject.alsoValid ?? [],
    changed: await observe(() => changedPaths(git, base, commit)),
    fragment: await loadReportFile(git, commit, fragmentPath(item, config.fragment_dir)),
    file: await loadReportFile(git, commit, subject.path ?? artifactPath(item, '12-review.md')),
    trust: subject.trust,
    round: subject.round,
  };
}

/** Paths that differ between the merge base and the commit. */
export async function changedPaths(git: GitPort, base: Sha, commit: Sha): Promise<readonly string[]> {
  const fork = (await git.mergeBase(base, commit)) ?? base;
  return (await git.diff(fork, commit)).map((change) => change.path);
}
