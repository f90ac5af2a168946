import { packageComplete } from '../../artifacts/package.ts';
import type { Stage } from '../../pipeline/stages.ts';
import type { GitPort } from '../../ports/git.ts';
import type { AnalysisApprovedFacts } from '../analysis-approved.ts';
import type { Fact } from '../fact.ts';
import { packageHash } from '../package-hash.ts';
import type { BranchSubject } from './branch-files.ts';
import { loadBranchFiles } from './branch-files.ts';

/** The package at the judged commit, beside what people said. The clone must hold the branch's whole history. */
export async function loadAnalysisApprovedFacts(
  ports: { readonly git: GitPort },
  subject: BranchSubject & {
    readonly stage: Stage;
    readonly answer: AnalysisApprovedFacts['answer'];
    /** Labels of the issue; null = they could not be read. */
    readonly labels: readonly string[] | null;
  },
): Promise<AnalysisApprovedFacts> {
  const { branch, blobs } = await loadBranchFiles(ports.git, subject);
  const complete: Fact<string | null> =
    branch.kind === 'unreadable'
      ? branch
      : branch.value.positions === null
        ? { kind: 'unreadable', detail: 'the history of the branch could not be read' }
        : { kind: 'read', value: packageComplete(branch.value).complete ? packageHash(subject.item, blobs) : null };
  return {
    stage: subject.stage,
    package: complete,
    answer: subject.answer,
    labels:
      subject.labels === null
        ? { kind: 'unreadable', detail: 'the labels were not read' }
        : { kind: 'read', value: subject.labels },
  };
}
