import { artifactPath } from '../../artifacts/paths.ts';
import type { GitPort } from '../../ports/git.ts';
import type { StagingFacts } from '../staging.ts';
import { loadReportFile } from './report-file.ts';
import type { GateSubject } from './subject.ts';

export type StagingSubject = GateSubject &
  Pick<StagingFacts, 'repository' | 'configured' | 'run' | 'expected' | 'recorded'>;

/** The staging log of the judged commit, beside the delivery record. */
export async function loadStagingFacts(
  ports: { readonly git: GitPort },
  subject: StagingSubject,
): Promise<StagingFacts> {
  const { repository, configured, item, run, expected, recorded } = subject;
  const file = await loadReportFile(ports.git, subject.commit, artifactPath(item, '15-staging-log.md'));
  return { repository, configured, item, run, expected, recorded, file };
}
