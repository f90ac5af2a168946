import type { Track } from '../../pipeline/stages.ts';
import type { GitPort } from '../../ports/git.ts';
import type { AnalysisCompleteFacts } from '../analysis-complete.ts';
import { loadBranchFiles } from './branch-files.ts';
import type { GateSubject } from './subject.ts';

/** The analyst's files at the judged commit. The clone must hold the branch's whole history (`fetch` with depth 0). */
export function loadAnalysisCompleteFacts(
  ports: { readonly git: GitPort },
  subject: GateSubject & { readonly track?: Track },
): Promise<AnalysisCompleteFacts> {
  return loadBranchFiles(ports.git, subject, subject.track === undefined ? {} : { track: subject.track });
}
