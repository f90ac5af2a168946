import type { GitPort } from '../../ports/git.ts';
import type { AnalysisCompleteFacts } from '../analysis-complete.ts';
import type { BranchSubject } from './branch-files.ts';
import { loadBranchFiles } from './branch-files.ts';

/** The analyst's files at the judged commit. The clone must hold the branch's whole history (`fetch` with depth 0). */
export function loadAnalysisCompleteFacts(
  ports: { readonly git: GitPort },
  subject: BranchSubject,
): Promise<AnalysisCompleteFacts> {
  return loadBranchFiles(ports.git, subject);
}
