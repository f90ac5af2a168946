import { workItemFolder } from '../artifacts/paths.ts';
import type { Stage } from '../pipeline/stages.ts';
import { branchLink, commitLink, pullLink } from './links.ts';
import { message } from './message.ts';

export interface DocumentLink {
  readonly label: string;
  /** null = no address that people can open. */
  readonly href: string | null;
}

/** Documents of a stage in the order of people §1.1; a name without a suffix is a folder. */
const DOCUMENTS: Readonly<Partial<Record<Stage, readonly (readonly [label: string, name: string])[]>>> = {
  analysis: [
    [message('doc.business'), '00-business-request.md'],
    [message('doc.brd'), '01-brd.md'],
    [message('doc.trz'), '02-trz.md'],
    ['Acceptance Criteria', '03-acceptance-criteria.md'],
    ['Test Plan', '04-test-plan.yaml'],
    ['UI Test Cases', '04b-ui-test-cases.md'],
  ],
  architecture: [
    ['ADR', '06-adr'],
    ['Infra requirements', '07-infra-requirements.md'],
    ['Data requirements', '08-data-requirements.md'],
    ['Tech risks', '10-tech-risks.md'],
  ],
  review: [['Review', '12-review.md']],
  testing: [['Test report', '13-test-report.md']],
  'deploy-staging': [['Staging log', '15-staging-log.md']],
  deploy: [['Deploy log', '14-deploy-log.md']],
};

export interface DocumentSource {
  readonly item: string;
  readonly stage: Stage;
  /** Names inside the item's folder at `sha` (`06-adr/ADR-001-x.md`). */
  readonly files: readonly string[];
  readonly sha: string;
  /** Base of links: the repository's page, already through `publicBase`; null = names without links. */
  readonly repository: string | null;
  readonly branch: string | null;
  readonly pull: number | null;
}

/** Links of the unified comment: existing files only, by commit, because the branch disappears. spec: H-CMT-5 */
export function stageDocuments(source: DocumentSource): readonly DocumentLink[] {
  const { item, stage, files, sha, repository } = source;
  if (stage === 'development')
    return [
      ...(source.branch === null
        ? []
        : [{ label: message('doc.branch', { name: source.branch }), href: branchLink(repository, source.branch) }]),
      ...(source.pull === null ? [] : [{ label: `PR #${source.pull}`, href: pullLink(repository, source.pull) }]),
    ];
  return (DOCUMENTS[stage] ?? [])
    .filter(([, name]) => files.some((file) => file === name || file.startsWith(`${name}/`)))
    .map(([label, name]) => ({ label, href: commitLink(repository, sha, `${workItemFolder(item)}/${name}`) }));
}
