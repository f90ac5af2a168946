import type { Track } from '../../pipeline/stages.ts';
import type { GitPort } from '../../ports/git.ts';
import type { ArchitectureFacts } from '../architecture.ts';
import type { BranchSubject } from './branch-files.ts';
import { loadBranchFiles } from './branch-files.ts';

/** The architect's files at the judged commit. The clone must hold the branch's whole history (`fetch` with depth 0). */
export async function loadArchitectureFacts(
  ports: { readonly git: GitPort },
  subject: BranchSubject & { readonly track: Track },
): Promise<ArchitectureFacts> {
  return { track: subject.track, ...(await loadBranchFiles(ports.git, subject)) };
}
