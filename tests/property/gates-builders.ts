import type { BranchFiles } from '../../lib/artifacts/package.ts';
import type { AnalysisApprovedFacts } from '../../lib/gates/analysis-approved.ts';
import type { AnalysisCompleteFacts } from '../../lib/gates/analysis-complete.ts';
import type { ArchitectureFacts } from '../../lib/gates/architecture.ts';
import type { CiConfig, CiFacts, CiReading } from '../../lib/gates/ci.ts';
import type { StatusFact } from '../../lib/gates/ci-contexts.ts';
import type { DeployFacts } from '../../lib/gates/deploy.ts';
import type { LandedFacts, LandingProof } from '../../lib/gates/landed.ts';
import type { ReportFile } from '../../lib/gates/report-file.ts';
import type { ReviewFacts } from '../../lib/gates/review.ts';
import type { StagingFacts } from '../../lib/gates/staging.ts';
import type { TestsFacts } from '../../lib/gates/tests.ts';
import { read } from '../../lib/gates/fact.ts';

/** Facts that pass, written by hand; a case changes what it is about. */
export const sha = (digit: string) => digit.repeat(40);
export const DIGEST = `sha256:${'9f'.repeat(32)}`;
export const WI = 'docs/work-items/ET-12';

const stamp = `commit: ${sha('c')}\nrun_id: 4711\ntimestamp: 2026-06-05T12:47:48Z`;
export const file = (path: string, content: string): Extract<ReportFile, { kind: 'file' }> => ({
  kind: 'file',
  path,
  blob: sha('b'),
  content,
});
const recorded = { kind: 'recorded', blob: sha('b') } as const;

export const reviewText = (keys: string, body = '## Findings\n### P0 — Blocker\n- none\n') =>
  `---\ntype: review\nwork_item_id: ET-12\nversion: 1\n${keys}\npatch_id: ${sha('9')}\n${stamp}\nwritten_by: reviewer\n---\n# Review\n${body}`;
export const FINDINGS =
  '## Findings\n### P0 — Blocker\n- [ ] **Data loss** `src/a.ts:4`.\n### P1 — Must fix\n- [x] done\n';

export const docsConfig = { enabled: true, source: [] as string[], fragment_dir: 'changelog.d' };
export const reviewFacts = (more: Partial<ReviewFacts> = {}): ReviewFacts => ({
  item: 'ET-12',
  patchId: read(sha('9')),
  alsoValid: [],
  changed: read(['src/a.ts', 'changelog.d/ET-12.md']),
  fragment: file('changelog.d/ET-12.md', '### Added\n- Export (ET-12).\n'),
  file: file(`${WI}/12-review.md`, reviewText('verdict: APPROVED')),
  trust: recorded,
  round: 1,
  ...more,
});

export const testText = (keys: string, body = '## Results\n') =>
  `---\ntype: test-report\nwork_item_id: ET-12\nversion: 1\n${keys}\ncode_tree: ${sha('7')}\n${stamp}\nwritten_by: test-runner\n---\n# Test Report\n${body}`;
export const testsFacts = (more: Partial<TestsFacts> = {}): TestsFacts => ({
  item: 'ET-12',
  codeTree: read(sha('7')),
  outcome: null,
  file: file(`${WI}/13-test-report.md`, testText('result: PASS')),
  trust: recorded,
  round: 1,
  ...more,
});
export const testReport = (keys: string) => testsFacts({ file: file(`${WI}/13-test-report.md`, testText(keys)) });

export const stagingKeys = `staging_status: SUCCESS\nchecks: {passed: 8, total: 10}\nfailed: []\nwaived: [C9a, C9b]\nstrict: false\nexit_code: 1`;
export const stagingText = (keys: string, digest = DIGEST, pass = 2) =>
  `---\ntype: staging-log\nwork_item_id: ET-12\noutcome: suite-ran\npass: ${pass}\ndigest: ${digest}\nbase_url: http://127.0.0.1:8501\nmode: stub\n${keys}\ncode_tree: ${sha('7')}\n${stamp}\nwritten_by: staging-runner\n---\n# Staging\n## Failures\n- A2 health: HTTP 500\n`;
export const stagingFacts = (more: Partial<StagingFacts> = {}): StagingFacts => ({
  repository: 'acme/trails',
  configured: true,
  item: 'ET-12',
  run: null,
  expected: { pass: 2, digest: DIGEST, codeTree: sha('7') },
  file: file(`${WI}/15-staging-log.md`, stagingText(stagingKeys)),
  recorded: sha('b'),
  ...more,
});
export const stagingReport = (keys: string) =>
  stagingFacts({ file: file(`${WI}/15-staging-log.md`, stagingText(keys)) });

export const deployText = (keys: string, digest = DIGEST, id = 'ET-12.2.1.production') =>
  `---\ntype: deploy-log\nwork_item_id: ET-12\npass: 2\ndigest: ${digest}\ndeploy_id: ${id}\nbase: ${sha('e')}\n${keys}\ncode_tree: ${sha('7')}\n${stamp}\nwritten_by: deploy-finalizer\n---\n# Deploy Log\n## Verdict\nRolled back.\n`;
export const deployFacts = (more: Partial<DeployFacts> = {}): DeployFacts => ({
  item: 'ET-12',
  now: '2026-06-05T13:00:00.000Z',
  digest: DIGEST,
  confirmation: { kind: 'confirmed', by: 'anna', digest: DIGEST, expiresAt: '2026-06-06T13:00:00.000Z' },
  hook: { state: 'ok', guard: false, text: 'healthy' },
  expected: { pass: 2, commit: sha('c'), codeTree: sha('7'), deployId: 'ET-12.2.1.production' },
  file: file(`${WI}/14-deploy-log.md`, deployText('deploy_status: SUCCESS\ndeploy_mode: command\nexit_code: 0')),
  recorded: sha('b'),
  ...more,
});
export const deployLog = (keys: string, more: Partial<DeployFacts> = {}) =>
  deployFacts({ file: file(`${WI}/14-deploy-log.md`, deployText(keys)), ...more });
export const noDeploy = (more: Partial<DeployFacts> = {}): DeployFacts =>
  deployFacts({
    hook: null,
    digest: sha('c'),
    confirmation: { kind: 'confirmed', by: 'anna', digest: sha('c'), expiresAt: '2026-06-06T13:00:00.000Z' },
    expected: { pass: 2, commit: sha('c'), codeTree: sha('7'), deployId: null },
    file: file(`${WI}/14-deploy-log.md`, deployText('deploy_status: NOT_APPLICABLE\ndeploy_mode: none')),
    ...more,
  });

export const status = (context: string, state: string): StatusFact => ({
  context,
  state,
  description: '',
  targetUrl: null,
});
export const ciConfig: CiConfig = { mode: 'required', required: [], silence_s: 900, stuck_s: 14_400, expect_s: 600 };
export const listing = (
  rows: readonly StatusFact[],
  more: Partial<Extract<CiReading, { kind: 'listing' }>> = {},
): CiFacts['reading'] => read({ kind: 'listing', before: rows, runs: [], after: rows, ...more });
export const ciFacts = (rows: readonly StatusFact[], more: Partial<CiFacts> = {}): CiFacts => ({
  sha: sha('a'),
  reading: listing(rows),
  protection: read([]),
  pushedAt: '2026-06-05T10:00:00.000Z',
  changedAt: '2026-06-05T10:00:30.000Z',
  now: '2026-06-05T10:01:00.000Z',
  passInForce: false,
  ownRun: null,
  ...more,
});

export const proof: LandingProof = {
  commit: sha('d'),
  tree: sha('5'),
  inBase: true,
  headIsAncestor: true,
  onMovedBase: false,
};
export const landedFacts = (more: Partial<LandedFacts> = {}): LandedFacts => ({
  stage: 'deploy',
  pullMerged: true,
  pullClosed: false,
  intent: { mergeHead: sha('a'), expectedTree: sha('5'), baseSha: sha('e') },
  codeTree: read({ validated: sha('7'), head: sha('7') }),
  call: { kind: 'done' },
  baseTip: read(sha('d')),
  proof: read(proof),
  ...more,
});

const prose =
  'Users ask support for their data every day, so a button on the list downloads all tracks of the user at once. '.repeat(
    2,
  );
export const PACKAGE: Readonly<Record<string, string>> = {
  '01-brd.md': `# BRD: export\n## Goal\n${prose}\n`,
  '02-trz.md': `# TRZ: ET-12\n## Required behaviour\n${prose}\n`,
  '03-acceptance-criteria.md': `# Acceptance criteria: ET-12\n## AC-1. Export works\nPASS: ${prose} FAIL: anything else.\n`,
  '04-test-plan.yaml':
    'work_item: ET-12\ntests:\n  - id: TC-01\n    type: unit\n    description: three tracks give four lines\n    module: test/export.test.ts\n    expected: four lines\n    acceptance: [AC-1]\n',
};
export const QUESTIONS = '# Questions: ET-12\n### Q1. Which tracks?\nOnly own, or shared ones too? Blocks BR-1.\n';
export const CONFLICT =
  '# Conflict with the requirements\nTRZ 1 asks for streaming, but ADR-0007 forbids open cursors.\n';
export const ADR = `# ADR-001: Stream rows\n## Status\nAccepted\n## Context\n${prose}\n## Decision\nWrite rows from a cursor.\n## Alternatives\nTemporary file. Rejected.\n## Consequences\nConstant memory.\n`;

/** A branch whose files were changed by the commits given (0 = head). */
export function branch(
  files: Readonly<Record<string, readonly [content: string, position: number | null]>>,
): BranchFiles {
  const entries = Object.entries(files);
  return {
    item: 'ET-12',
    files: new Map(entries.map(([name, [content]]) => [`${WI}/${name}`, Buffer.from(content)])),
    positions: new Map(
      entries.flatMap(([name, [, position]]) => (position === null ? [] : [[`${WI}/${name}`, position] as const])),
    ),
  };
}
export const packageAt = (position: number) =>
  Object.fromEntries(Object.entries(PACKAGE).map(([name, content]) => [name, [content, position] as const]));
export const blobsOf = (files: BranchFiles): ReadonlyMap<string, string> =>
  new Map([...files.files.keys()].map((path) => [path, sha('b')]));

export const analysisFacts = (files: BranchFiles): AnalysisCompleteFacts => ({
  branch: read(files),
  blobs: blobsOf(files),
});
export const architectureFacts = (files: BranchFiles, track: 'full' | 'bug' = 'full'): ArchitectureFacts => ({
  track,
  ...analysisFacts(files),
});
export const approvalFacts = (more: Partial<AnalysisApprovedFacts> = {}): AnalysisApprovedFacts => ({
  stage: 'analysis',
  package: read('p1'),
  answer: read({ kind: 'approved', by: 'anna', package: 'p1' }),
  labels: read([]),
  ...more,
});
