import { artifactPath } from '../../artifacts/paths.ts';
import type { Clock } from '../../ports/clock.ts';
import type { GitPort } from '../../ports/git.ts';
import type { DeployFacts } from '../deploy.ts';
import { loadReportFile } from './report-file.ts';
import type { GateSubject } from './subject.ts';

export type DeploySubject = GateSubject &
  Pick<DeployFacts, 'digest' | 'confirmation' | 'hook' | 'expected' | 'recorded'>;

/** The deploy log of the judged commit, beside the delivery record. */
export async function loadDeployFacts(
  ports: { readonly git: GitPort; readonly clock: Clock },
  subject: DeploySubject,
): Promise<DeployFacts> {
  const { item, digest, confirmation, hook, expected, recorded } = subject;
  const file = await loadReportFile(ports.git, subject.commit, artifactPath(item, '14-deploy-log.md'));
  return { item, now: ports.clock.now().toISOString(), digest, confirmation, hook, expected, file, recorded };
}
