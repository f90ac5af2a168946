import type { Role, Stage } from '../pipeline/stages.ts';

const KIB = 1024;

/** One row of the artifact table: what may stand in a work item's folder, who writes it, and what the machine reads. */
export interface ArtifactRow {
  /** Name in the folder; ADRs are `06-adr/ADR-NNN-<slug>.md`. */
  readonly name: string;
  readonly title: string;
  readonly kind: 'document' | 'signal' | 'machine-read' | 'verdict';
  readonly writer: Role | 'engine' | 'test-runner' | 'staging-runner' | 'deploy-finalizer';
  readonly stage: Stage;
  readonly required: 'yes' | 'no' | 'conditional' | 'or-07' | 'if-configured';
  /** `type` in its frontmatter. */
  readonly type: string;
  /** What decides something: a frontmatter key, the schema, presence, the name; null = nothing. */
  readonly machineKey: string | null;
  readonly maxBytes: number;
}

const row = (
  name: string,
  title: string,
  kind: ArtifactRow['kind'],
  writer: ArtifactRow['writer'],
  stage: Stage,
  required: ArtifactRow['required'],
  type: string,
  machineKey: string | null,
  maxKiB = 256,
): ArtifactRow => ({ name, title, kind, writer, stage, required, type, machineKey, maxBytes: maxKiB * KIB });

export const ADR_NAME = '06-adr/ADR-NNN-<slug>.md';

/**
 * The one table of artifacts; prompts, scopes, comments and documents are made from it. Numbers 05, 09, 11 and 16 upward
 * are not in use. spec: artifacts §1, AR-DIR-1
 */
export const ARTIFACTS: readonly ArtifactRow[] = [
  row('00-business-request.md', 'Business request', 'document', 'engine', 'created', 'yes', 'business-request', null),
  row('01-brd.md', 'BRD', 'document', 'analyst', 'analysis', 'yes', 'brd', 'shape'),
  row('01-questions.md', 'Questions', 'signal', 'analyst', 'analysis', 'no', 'questions', 'presence and order', 64),
  row('02-trz.md', 'TRZ', 'document', 'analyst', 'analysis', 'yes', 'trz', 'shape'),
  row(
    '03-acceptance-criteria.md',
    'Acceptance Criteria',
    'document',
    'analyst',
    'analysis',
    'yes',
    'acceptance-criteria',
    'shape',
  ),
  row('04-test-plan.yaml', 'Test Plan', 'machine-read', 'analyst', 'analysis', 'yes', 'test-plan', 'schema', 128),
  row('04b-ui-test-cases.md', 'UI Test Cases', 'document', 'analyst', 'analysis', 'no', 'ui-test-cases', null),
  row(ADR_NAME, 'ADR', 'document', 'architect', 'architecture', 'or-07', 'adr', 'name and shape'),
  row(
    '06-conflict.md',
    'Conflict with the requirements',
    'signal',
    'architect',
    'architecture',
    'no',
    'conflict',
    'presence and order',
    64,
  ),
  row(
    '07-infra-requirements.md',
    'Infra requirements',
    'document',
    'architect',
    'architecture',
    'conditional',
    'infra-requirements',
    'presence',
  ),
  row(
    '08-data-requirements.md',
    'Data requirements',
    'document',
    'architect',
    'architecture',
    'conditional',
    'data-requirements',
    null,
  ),
  row('10-tech-risks.md', 'Tech risks', 'document', 'architect', 'architecture', 'no', 'tech-risks', null),
  row('12-review.md', 'Review', 'verdict', 'reviewer', 'review', 'yes', 'review', 'verdict'),
  row('13-test-report.md', 'Test report', 'verdict', 'test-runner', 'testing', 'yes', 'test-report', 'result'),
  row(
    '14-deploy-log.md',
    'Deploy log',
    'verdict',
    'deploy-finalizer',
    'deploy',
    'if-configured',
    'deploy-log',
    'deploy_status',
  ),
  row(
    '15-staging-log.md',
    'Staging log',
    'verdict',
    'staging-runner',
    'deploy-staging',
    'if-configured',
    'staging-log',
    'staging_status',
  ),
];

/** `ADR-NNN-<slug>.md`: three digits, slug `[a-z0-9-]{1,60}`. spec: artifacts §5 (06-adr) */
export const ADR_PATTERN = /^06-adr\/ADR-\d{3}-[a-z0-9-]{1,60}\.md$/;

const byName = new Map(ARTIFACTS.map((entry) => [entry.name, entry]));

/** The row of a name inside the folder, or null. Names are exact: `12-Review.md` is nothing. spec: AR-DIR-2 */
export function artifactRow(name: string): ArtifactRow | null {
  if (ADR_PATTERN.test(name)) return byName.get(ADR_NAME)!;
  return name === ADR_NAME ? null : (byName.get(name) ?? null);
}

/** Limits of a work item's folder. spec: AR-DIR-5, artifacts §1 */
export const FOLDER_LIMITS = { files: 60, bytes: 2048 * KIB, adrs: 20 } as const;

/** Stage → what it must leave → who reads it at the exit → who works with it next. spec: artifacts §5 "Handoff" */
export const HANDOFF: readonly {
  readonly stage: Stage;
  readonly output: string;
  readonly gate: string;
  readonly reader: string;
}[] = [
  { stage: 'created', output: 'branch, 00', gate: 'entry (checks the issue, not the file)', reader: 'analyst' },
  {
    stage: 'analysis',
    output: '01, 02, 03, 04 — or an active 01-questions',
    gate: 'analysis-complete, then a person or autoApprove',
    reader: 'architect; developer on track bug',
  },
  {
    stage: 'architecture',
    output: '≥ 1 ADR or 07; 08, 10 when due — or an active 06-conflict',
    gate: 'architecture',
    reader: 'developer; analyst on conflict',
  },
  { stage: 'development', output: 'code, tests, docs, changelog.d/<ID>.md, PR', gate: 'ci', reader: 'reviewer' },
  { stage: 'review', output: '12', gate: 'review', reader: 'test-runner; developer on REQUEST_CHANGES' },
  { stage: 'testing', output: '13', gate: 'tests', reader: 'staging-runner; developer on FAIL' },
  { stage: 'deploy-staging', output: '15', gate: 'staging', reader: 'deploy hook; developer on FAILED' },
  { stage: 'deploy', output: '14', gate: 'deploy, landed', reader: 'operator' },
];
