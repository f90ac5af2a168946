/**
 * The pipeline, in order. Read this first: everything else is derived from it
 * (transitions, workflow files, docs/pipeline, board indication). spec: pipeline §2
 */
export const STAGES = [
  'created',
  'analysis',
  'architecture',
  'development',
  'review',
  'testing',
  'deploy-staging',
  'deploy',
  'done',
  'cancelled',
] as const;
export type Stage = (typeof STAGES)[number];

export const GATES = [
  'entry',
  'analysis-complete',
  'analysis-approved',
  'architecture',
  'ci',
  'review',
  'tests',
  'staging',
  'deploy',
  'landed',
] as const;
/** A gate that is built. Gates of the specification that are not in this list are absent, not stubbed. */
export type GateName = (typeof GATES)[number];

export type Track = 'full' | 'bug';
export type Role = 'analyst' | 'architect' | 'developer' | 'reviewer';
/** A job of a stage run and the credentials it holds: `read` = read-only job token, `bot` = bot token (and deploy secrets). */
export interface JobRow {
  readonly name: 'work' | 'build' | 'stage' | 'land' | 'deploy';
  readonly holds: 'read' | 'bot';
  /** Steps, in order, by the folder name under actions/. */
  readonly steps: readonly string[];
}
export interface StageRow {
  readonly stage: Stage;
  /** Who works in the stage; null = no run is dispatched for it. */
  readonly worker: Role | 'test-runner' | 'staging-runner' | 'deploy-runner' | null;
  readonly jobs: readonly JobRow[];
  /** Exit gates in the order in which they are judged. */
  readonly gates: readonly GateName[];
  readonly next: { readonly full: Stage | null; readonly bug: Stage | null };
  /** Where a failed exit gate leads; null = the stage itself decides (hold or rerun). */
  readonly onFail: Stage | null;
  /** Where a person's Rejected leads. spec: PL-H-4 */
  readonly onRejected: { readonly full: Stage; readonly bug: Stage } | null;
  readonly artifacts: readonly string[];
  /** Board status shown while the stage works. spec: pipeline §6 */
  readonly board: StatusKey;
}

export const STATUS_KEYS = [
  'backlog',
  'todo',
  'to_analyse',
  'in_progress',
  'analysis',
  'needs_input',
  'in_review',
  'approved',
  'rejected',
  'architecture',
  'development',
  'review',
  'code_review',
  'testing',
  'awaiting_deploy',
  'confirm_deploy',
  'deploying',
  'monitoring',
  'blocked',
  'stop',
  'estimate',
  'done',
  'cancelled',
] as const;
export type StatusKey = (typeof STATUS_KEYS)[number];

const agentJobs = (stage: Stage, gates: readonly GateName[]): readonly JobRow[] => [
  { name: 'work', holds: 'read', steps: [`stage-${stage}`] },
  { name: 'land', holds: 'bot', steps: ['op-apply', ...gates.map((gate) => `gate-${gate}`), 'op-land'] },
];

export const STAGE_TABLE: readonly StageRow[] = [
  {
    stage: 'created',
    worker: null,
    jobs: [],
    gates: ['entry'],
    next: { full: 'analysis', bug: 'analysis' },
    onFail: null,
    onRejected: null,
    artifacts: [],
    board: 'to_analyse',
  },
  {
    stage: 'analysis',
    worker: 'analyst',
    jobs: agentJobs('analysis', ['analysis-complete']),
    gates: ['analysis-complete', 'analysis-approved'],
    next: { full: 'architecture', bug: 'development' },
    onFail: null,
    onRejected: { full: 'analysis', bug: 'analysis' },
    artifacts: ['01-brd.md', '02-trz.md', '03-acceptance-criteria.md', '04-test-plan.yaml'],
    board: 'analysis',
  },
  {
    stage: 'architecture',
    worker: 'architect',
    jobs: agentJobs('architecture', ['architecture']),
    gates: ['architecture'],
    next: { full: 'development', bug: 'development' },
    onFail: 'analysis',
    onRejected: { full: 'analysis', bug: 'analysis' },
    artifacts: ['06-adr/ADR-NNN-<slug>.md', '07-infra-requirements.md', '08-data-requirements.md', '10-tech-risks.md'],
    board: 'architecture',
  },
  {
    stage: 'development',
    worker: 'developer',
    jobs: agentJobs('development', []),
    gates: ['ci'],
    next: { full: 'review', bug: 'review' },
    onFail: 'development',
    onRejected: { full: 'architecture', bug: 'analysis' },
    artifacts: ['code, tests, docs', 'changelog.d/<ID>.md', 'pull request'],
    board: 'development',
  },
  {
    stage: 'review',
    worker: 'reviewer',
    jobs: agentJobs('review', ['review']),
    gates: ['review'],
    next: { full: 'testing', bug: 'testing' },
    onFail: 'development',
    onRejected: { full: 'development', bug: 'development' },
    artifacts: ['12-review.md'],
    board: 'code_review',
  },
  {
    stage: 'testing',
    worker: 'test-runner',
    jobs: [
      { name: 'work', holds: 'read', steps: ['stage-testing'] },
      { name: 'land', holds: 'bot', steps: ['op-apply', 'gate-tests', 'op-land'] },
    ],
    gates: ['tests'],
    next: { full: 'deploy-staging', bug: 'deploy-staging' },
    onFail: 'development',
    onRejected: { full: 'development', bug: 'development' },
    artifacts: ['13-test-report.md'],
    board: 'testing',
  },
  {
    stage: 'deploy-staging',
    worker: 'staging-runner',
    jobs: [
      { name: 'build', holds: 'read', steps: ['stage-deploy-staging'] },
      { name: 'stage', holds: 'bot', steps: ['op-stage', 'gate-staging', 'op-record'] },
      { name: 'land', holds: 'bot', steps: ['op-land'] },
    ],
    gates: ['staging'],
    next: { full: 'deploy', bug: 'deploy' },
    onFail: 'development',
    onRejected: { full: 'development', bug: 'development' },
    artifacts: ['15-staging-log.md'],
    board: 'testing',
  },
  {
    stage: 'deploy',
    worker: 'deploy-runner',
    jobs: [{ name: 'deploy', holds: 'bot', steps: ['stage-deploy', 'gate-deploy', 'gate-landed', 'op-land'] }],
    gates: ['deploy', 'landed'],
    next: { full: 'done', bug: 'done' },
    onFail: 'development',
    onRejected: { full: 'development', bug: 'development' },
    artifacts: ['14-deploy-log.md'],
    board: 'deploying',
  },
  {
    stage: 'done',
    worker: null,
    jobs: [],
    gates: [],
    next: { full: null, bug: null },
    onFail: null,
    onRejected: null,
    artifacts: [],
    board: 'done',
  },
  {
    stage: 'cancelled',
    worker: null,
    jobs: [],
    gates: [],
    next: { full: null, bug: null },
    onFail: null,
    onRejected: null,
    artifacts: [],
    board: 'cancelled',
  },
];

const byStage = new Map(STAGE_TABLE.map((row) => [row.stage, row]));

/** The row of a stage. Total over `Stage`. */
export function stageRow(stage: Stage): StageRow {
  const row = byStage.get(stage);
  if (row === undefined) throw new TypeError(`stage ${stage} has no row in STAGE_TABLE`);
  return row;
}

/** done and cancelled, in every predicate. spec: PL-S-3 */
export function isTerminal(stage: Stage): boolean {
  return stage === 'done' || stage === 'cancelled';
}
