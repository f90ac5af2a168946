import { decideAnalysisApproved } from '../../lib/gates/analysis-approved.ts';
import { decideAnalysisComplete } from '../../lib/gates/analysis-complete.ts';
import { decideArchitecture } from '../../lib/gates/architecture.ts';
import { decideCi } from '../../lib/gates/ci.ts';
import { decideDeploy } from '../../lib/gates/deploy.ts';
import { decideEntry } from '../../lib/gates/entry.ts';
import { read, unreadable } from '../../lib/gates/fact.ts';
import { decideLanded } from '../../lib/gates/landed.ts';
import { decideReview } from '../../lib/gates/review.ts';
import { decideStaging } from '../../lib/gates/staging.ts';
import { decideTests } from '../../lib/gates/tests.ts';
import type { GateName } from '../../lib/pipeline/stages.ts';
import type { Verdict } from '../../lib/pipeline/verdict.ts';
import * as given from './gates-builders.ts';

export interface GateCase {
  readonly rule: string;
  readonly name: string;
  readonly gate: GateName;
  readonly code: string;
  readonly verdict: Verdict['verdict'];
  readonly judge: () => Verdict;
}

const cases: GateCase[] = [];
const add = (
  gate: GateName,
  code: string,
  verdict: Verdict['verdict'],
  rule: string,
  name: string,
  judge: () => Verdict,
) => cases.push({ gate, code, verdict, rule, name, judge });
/** Facts that no loader makes: whatever goes wrong inside becomes a closed error. */
const broken = new Proxy(
  {},
  {
    get: () => {
      throw new Error('broken facts');
    },
  },
) as never;

const limits = { title_min: 5, title_max: 200, description_min: 20 };
const entry = (title: string, description: string) => () => decideEntry(read({ title, description }), limits);
add('entry', 'ENTRY_OK', 'pass', 'G-ENT-5', 'enough text', entry('CSV export', 'Users download their tracks.'));
add('entry', 'ENTRY_TITLE_SHORT', 'fail', 'G-ENT-1', 'title `Fix`', entry('Fix', 'Users download their tracks.'));
add(
  'entry',
  'ENTRY_TITLE_LONG',
  'fail',
  'G-ENT-2',
  '201 characters',
  entry('x'.repeat(201), 'Users download their tracks.'),
);
add('entry', 'ENTRY_DESCRIPTION_SHORT', 'fail', 'G-ENT-3', 'no description', entry('CSV export', ''));
add('entry', 'ENTRY_TRACKER_ERROR', 'error', 'G-ENT-4', 'tracker down', () =>
  decideEntry(unreadable('HTTP 503'), limits),
);
add('entry', 'ENTRY_INTERNAL', 'error', 'G-GEN-8', 'broken facts', () => decideEntry(broken, limits));

const complete =
  (files: Parameters<typeof given.branch>[0], questions = true) =>
  () =>
    decideAnalysisComplete(given.analysisFacts(given.branch(files)), { questions });
add('analysis-complete', 'ANALYSIS_COMPLETE', 'pass', 'G-ANC-2', 'the four files', complete(given.packageAt(0)));
add(
  'analysis-complete',
  'ANALYSIS_COMPLETE',
  'pass',
  'G-ANC-4',
  'old questions and a fresh package',
  complete({ ...given.packageAt(0), '01-questions.md': [given.QUESTIONS, 1] }),
);
add(
  'analysis-complete',
  'ANALYSIS_COMPLETE',
  'pass',
  'AR-Q-6',
  'questions switched off',
  complete({ ...given.packageAt(0), '01-questions.md': [given.QUESTIONS, 0] }, false),
);
add(
  'analysis-complete',
  'ANALYSIS_QUESTIONS',
  'hold',
  'G-ANC-1',
  'both in one run',
  complete({ ...given.packageAt(0), '01-questions.md': [given.QUESTIONS, 0] }),
);
add(
  'analysis-complete',
  'ANALYSIS_QUESTIONS',
  'hold',
  'G-ANC-1',
  'questions only',
  complete({ '01-questions.md': [given.QUESTIONS, 0] }),
);
add('analysis-complete', 'ANALYSIS_QUESTIONS', 'hold', 'AR-Q-7', 'a history that cannot be read', () => {
  const files = {
    ...given.branch({ ...given.packageAt(0), '01-questions.md': [given.QUESTIONS, 5] }),
    positions: null,
  };
  return decideAnalysisComplete(given.analysisFacts(files), { questions: true });
});
add('analysis-complete', 'ANALYSIS_EMPTY', 'error', 'G-ANC-3', 'neither', complete({}));
add(
  'analysis-complete',
  'ANALYSIS_EMPTY',
  'error',
  'G-ANC-3',
  'one file missing',
  complete({ ...given.packageAt(0), '02-trz.md': ['', 0] }),
);
add(
  'analysis-complete',
  'ANALYSIS_EMPTY',
  'error',
  'AR-Q-1',
  'a package that this branch did not write',
  complete(Object.fromEntries(Object.entries(given.PACKAGE).map(([name, text]) => [name, [text, null]]))),
);
add(
  'analysis-complete',
  'ANALYSIS_EMPTY',
  'error',
  'AR-Q-5',
  'an unedited questions file',
  complete({ '01-questions.md': ['# Questions: ET-12\n', 0] }),
);
add('analysis-complete', 'ANALYSIS_COMPLETE_INTERNAL', 'error', 'G-FM-4', 'git does not answer', () =>
  decideAnalysisComplete({ branch: unreadable('timeout'), blobs: new Map() }, { questions: true }),
);
add('analysis-complete', 'ANALYSIS_COMPLETE_INTERNAL', 'error', 'AR-Q-7', 'no history and no questions', () =>
  decideAnalysisComplete(given.analysisFacts({ ...given.branch(given.packageAt(0)), positions: null }), {
    questions: true,
  }),
);

const approved =
  (more: Parameters<typeof given.approvalFacts>[0], label = 'autoApprove') =>
  () =>
    decideAnalysisApproved(given.approvalFacts(more), { auto_approve: label });
const none = { answer: read({ kind: 'none' } as const) };
add('analysis-approved', 'APPROVED_VIA_STATUS', 'pass', 'G-ANA-1', 'a person approved', approved({}));
add(
  'analysis-approved',
  'APPROVED_VIA_STATUS',
  'pass',
  'G-ANA-1',
  'approved what is there now',
  approved({ answer: read({ kind: 'approved', by: 'anna', package: null }) }),
);
add(
  'analysis-approved',
  'APPROVED_VIA_LABEL',
  'pass',
  'G-ANA-2',
  'the label, in another case',
  approved({ ...none, labels: read(['AutoApprove ']) }),
);
add('analysis-approved', 'APPROVAL_PENDING', 'hold', 'G-ANA', 'nobody answered', approved(none));
add(
  'analysis-approved',
  'APPROVAL_PENDING',
  'hold',
  'G-ANA-2',
  'labels could not be read',
  approved({ ...none, labels: unreadable('HTTP 500') }),
);
add(
  'analysis-approved',
  'APPROVAL_PENDING',
  'hold',
  'G-ANA-2',
  'the label is ambiguous',
  approved({ ...none, labels: read(['autoApprove', 'autoapprove']) }),
);
add(
  'analysis-approved',
  'APPROVAL_PENDING',
  'hold',
  'G-ANA-2',
  'no label is configured',
  approved({ ...none, labels: read(['']) }, ''),
);
add(
  'analysis-approved',
  'APPROVAL_PENDING',
  'hold',
  'G-ANA-1',
  'the package is not complete',
  approved({ package: read(null), labels: read(['autoApprove']) }),
);
add(
  'analysis-approved',
  'APPROVAL_PENDING',
  'hold',
  'G-ANA-4',
  'approved at another stage',
  approved({ stage: 'deploy', labels: read(['autoApprove']) }),
);
add(
  'analysis-approved',
  'APPROVAL_PENDING',
  'hold',
  'G-ANA',
  'the issue could not be read',
  approved({ answer: unreadable('HTTP 502') }),
);
add(
  'analysis-approved',
  'APPROVAL_STALE',
  'hold',
  'G-ANA-5',
  'the package was edited after the approval',
  approved({ package: read('p2') }),
);
add(
  'analysis-approved',
  'ANALYSIS_REJECTED',
  'fail',
  'G-ANA-3',
  'rejected, whatever the label says',
  approved({
    answer: read({ kind: 'rejected', by: 'anna', reason: 'no export of shared tracks' }),
    labels: read(['autoApprove']),
  }),
);
add(
  'analysis-approved',
  'ANALYSIS_APPROVED_INTERNAL',
  'error',
  'G-FM-4',
  'git does not answer',
  approved({ package: unreadable('timeout') }),
);

const architecture =
  (files: Parameters<typeof given.branch>[0], track: 'full' | 'bug' = 'full') =>
  () =>
    decideArchitecture(given.architectureFacts(given.branch(files), track));
add(
  'architecture',
  'ARCH_DONE',
  'pass',
  'G-ARC-2',
  'one ADR',
  architecture({ ...given.packageAt(1), '06-adr/ADR-001-stream.md': [given.ADR, 0] }),
);
add(
  'architecture',
  'ARCH_DONE',
  'pass',
  'G-ARC-2',
  'only 07',
  architecture({ ...given.packageAt(1), '07-infra-requirements.md': [given.PACKAGE['02-trz.md'] ?? '', 0] }),
);
add(
  'architecture',
  'ARCH_DONE',
  'pass',
  'AR-Q-8',
  'an old conflict that a newer package answered',
  architecture({
    ...given.packageAt(1),
    '06-conflict.md': [given.CONFLICT, 2],
    '06-adr/ADR-001-stream.md': [given.ADR, 0],
  }),
);
add('architecture', 'N_A', 'pass', 'G-ARC', 'the bug track', architecture({}, 'bug'));
add(
  'architecture',
  'ARCH_CONFLICT',
  'fail',
  'G-ARC-1',
  'ADR and conflict',
  architecture({
    ...given.packageAt(1),
    '06-adr/ADR-001-stream.md': [given.ADR, 0],
    '06-conflict.md': [given.CONFLICT, 0],
  }),
);
add('architecture', 'ARCH_EMPTY', 'error', 'G-ARC-3', 'neither', architecture(given.packageAt(1)));
add(
  'architecture',
  'ARCH_EMPTY',
  'error',
  'G-ARC-3',
  'an ADR without a decision',
  architecture({ ...given.packageAt(1), '06-adr/ADR-001-stream.md': ['# ADR-001\n## Decision\nTBD\n', 0] }),
);
add('architecture', 'ARCHITECTURE_INTERNAL', 'error', 'G-FM-4', 'git does not answer', () =>
  decideArchitecture({ track: 'full', branch: unreadable('timeout'), blobs: new Map() }),
);

const ci =
  (
    rows: Parameters<typeof given.ciFacts>[0],
    more: Parameters<typeof given.ciFacts>[1] = {},
    config: Partial<typeof given.ciConfig> = {},
  ) =>
  () =>
    decideCi(given.ciFacts(rows, more), { ...given.ciConfig, ...config });
const { status, listing } = given;
const green = [status('ci/test', 'success')];
const run = (state: string, workflow = 'ci.yml', id = 7) => ({ id, workflow, state });
const ended = { code: 0, signal: null, ended: null, output: '' };
const command = (more: object) => ({
  reading: read({
    kind: 'command',
    run: { command: 'npm test', timeoutS: 600, end: ended, junit: [], removed: [], smoke: [], ...more },
  } as const),
});
add('ci', 'CI_GREEN', 'pass', 'G-CI-5', 'all green', ci(green));
add(
  'ci',
  'CI_GREEN',
  'pass',
  'G-CI-6',
  'a final state that is read late',
  ci(green, { now: '2026-06-06T10:00:00.000Z' }),
);
add(
  'ci',
  'CI_GREEN',
  'pass',
  'G-CI-2',
  'our own pending context',
  ci([...green, status('conveyor/ci', 'pending'), status('conveyor/review', 'failure')]),
);
add(
  'ci',
  'CI_GREEN',
  'pass',
  'G-CI-3',
  'red outside ci.required',
  ci([...green, status('lint', 'failure')], {}, { required: ['ci/*'] }),
);
add(
  'ci',
  'CI_GREEN',
  'pass',
  'G-CI-3',
  'red outside the contexts that protection requires',
  ci([...green, status('lint', 'failure')], { protection: read(['ci/test']) }),
);
add('ci', 'CI_GREEN', 'pass', 'G-CI', 'a warning counts as success', ci([status('lint', 'warning')]));
add('ci', 'CI_GREEN', 'pass', 'G-CI', 'skipped beside a success', ci([...green, status('docs', 'skipped')]));
add(
  'ci',
  'CI_GREEN',
  'pass',
  'G-CI-4',
  'a run of our own workflows is not over',
  ci(green, { reading: listing(green, { runs: [run('running', 'conveyor-event.yml')] }) }),
);
add(
  'ci',
  'CI_GREEN',
  'pass',
  'G-CI-4',
  'the run that judges is not over',
  ci(green, { ownRun: 7, reading: listing(green, { runs: [run('running')] }) }),
);
add('ci', 'CI_GREEN', 'pass', 'G-CI-9', 'mode local and a green command', ci([], command({}), { mode: 'local' }));
add('ci', 'N_A', 'pass', 'G-CI-9', 'mode none', ci([], {}, { mode: 'none' }));
add('ci', 'CI_RED', 'fail', 'G-CI', 'failure', ci([...green, status('lint', 'failure')]));
add('ci', 'CI_RED', 'fail', 'G-CI', 'error beside pending', ci([status('lint', 'error'), status('test', 'pending')]));
add('ci', 'CI_RED', 'fail', 'G-CI', 'a cancelled job', ci([...green, status('lint', 'cancelled')]));
add(
  'ci',
  'CI_RED',
  'fail',
  'G-CI-2',
  'equal names, one red',
  ci([status('test', 'failure'), status('test', 'success')]),
);
add(
  'ci',
  'CI_RED',
  'fail',
  'G-CI-6',
  'red that is read late',
  ci([status('test', 'failure')], { now: '2026-06-06T10:00:00.000Z' }),
);
add(
  'ci',
  'CI_RED',
  'fail',
  'G-CI-9',
  'mode local and a red command',
  ci([], command({ end: { ...ended, code: 1 } }), { mode: 'local' }),
);
add('ci', 'CI_PENDING', 'hold', 'G-CI-5', 'pending', ci([...green, status('lint', 'pending')]));
add('ci', 'CI_PENDING', 'hold', 'G-CI-5', 'an unknown word', ci([status('test', 'neutral')]));
add('ci', 'CI_PENDING', 'hold', 'G-CI-5', 'nothing reported yet', ci([]));
add(
  'ci',
  'CI_PENDING',
  'hold',
  'G-CI-4',
  'a second job has no status yet',
  ci(green, { reading: listing(green, { runs: [run('running')] }) }),
);
add(
  'ci',
  'CI_PENDING',
  'hold',
  'G-CI-4',
  'a run in an unknown state',
  ci(green, { reading: listing(green, { runs: [run('unknown')] }) }),
);
add(
  'ci',
  'CI_PENDING',
  'hold',
  'G-CI-4',
  'a context appeared during the read',
  ci(green, { reading: listing(green, { before: [] }) }),
);
add(
  'ci',
  'CI_PENDING',
  'hold',
  'G-CI-3',
  'a required context is absent',
  ci(green, {}, { required: ['ci/test', 'e2e'] }),
);
add(
  'ci',
  'CI_RERUN_PENDING',
  'hold',
  'G-CI-5',
  'green, then a re-run',
  ci([status('ci/test', 'pending')], { passInForce: true }),
);
add('ci', 'CI_ALL_SKIPPED', 'hold', 'G-CI', 'all skipped', ci([status('a', 'skipped'), status('b', 'skipped')]));
add('ci', 'CI_SHA_UNKNOWN', 'hold', 'G-CI', '404', ci([], { reading: read({ kind: 'unknown-sha' }) }));
add(
  'ci',
  'CI_NEVER_REPORTED',
  'hold',
  'G-CI-7',
  'a required context is absent for 600 s',
  ci(green, { now: '2026-06-05T10:10:00.000Z' }, { required: ['e2e'] }),
);
add(
  'ci',
  'CI_NEVER_REPORTED',
  'hold',
  'G-CI-7',
  'no context at all for 600 s',
  ci([], { now: '2026-06-05T10:10:00.000Z' }),
);
add(
  'ci',
  'CI_STUCK',
  'hold',
  'G-CI-7',
  'pending for 4 h',
  ci([status('test', 'pending')], { now: '2026-06-05T14:00:00.000Z', changedAt: '2026-06-05T13:59:00.000Z' }),
);
add(
  'ci',
  'CI_SILENT',
  'hold',
  'G-CI-7',
  'no change for 900 s',
  ci([status('test', 'pending')], { now: '2026-06-05T10:15:30.000Z' }),
);
add('ci', 'CI_API_ERROR', 'error', 'G-CI', 'network error', ci([], { reading: unreadable('ECONNRESET') }));
add(
  'ci',
  'CI_API_ERROR',
  'error',
  'G-CI-3',
  'protection could not be read',
  ci(green, { protection: unreadable('HTTP 500') }),
);
add(
  'ci',
  'GATE_NO_PRODUCER',
  'hold',
  'G-GEN-14',
  'mode local without a command',
  ci([], command({ command: '' }), { mode: 'local' }),
);
add(
  'ci',
  'TESTS_TIMEOUT',
  'error',
  'G-CI-9',
  'mode local and a time-out',
  ci([], command({ end: { ...ended, code: null, ended: 'timeout' } }), { mode: 'local' }),
);
add(
  'ci',
  'TESTS_TOOL_ERROR',
  'error',
  'G-CI-9',
  'mode local and a missing tool',
  ci([], command({ end: { ...ended, code: 127 } }), { mode: 'local' }),
);
add('ci', 'CI_INTERNAL', 'error', 'G-GEN-8', 'mode local, but no command ran', ci(green, {}, { mode: 'local' }));

const review =
  (more: Parameters<typeof given.reviewFacts>[0], docs: Partial<typeof given.docsConfig> = {}) =>
  () =>
    decideReview(given.reviewFacts(more), { docs: { ...given.docsConfig, ...docs } });
const reviewFile = (keys: string, body?: string) => ({
  file: given.file(`${given.WI}/12-review.md`, given.reviewText(keys, body)),
});
const bare = (content: string) => ({ file: given.file(`${given.WI}/12-review.md`, content) });
const fragment = (content: string) => given.file('changelog.d/ET-12.md', content);
const noFragment = { fragment: { kind: 'absent', path: 'changelog.d/ET-12.md' } as const };
add('review', 'REVIEW_APPROVED', 'pass', 'G-REV-7', 'approved', review({}));
add(
  'review',
  'REVIEW_APPROVED',
  'pass',
  'AR-VAL-4',
  'a clean catch-up changed the patch id',
  review({ patchId: read(given.sha('1')), alsoValid: [given.sha('9')] }),
);
add(
  'review',
  'REVIEW_APPROVED',
  'pass',
  'G-DOC-1',
  '### None with a reason',
  review({ fragment: fragment('### None\nOnly a refactoring inside.\n') }),
);
add(
  'review',
  'REVIEW_APPROVED',
  'pass',
  'G-DOC-1',
  'only tests and documents changed',
  review({
    ...noFragment,
    changed: read(['docs/a.md', 'README.md', 'test/a.ts', 'src/a.test.ts', 'docs/work-items/ET-12/01-brd.md']),
  }),
);
add('review', 'REVIEW_APPROVED', 'pass', 'G-DOC-1', 'docs check switched off', review(noFragment, { enabled: false }));
add(
  'review',
  'REVIEW_APPROVED',
  'pass',
  'stand-alone',
  'a review written for this patch',
  review({ ...bare('---\nverdict: approved\n---\n'), trust: { kind: 'written', subject: read(given.sha('9')) } }),
);
add('review', 'DOCS_MISSING', 'fail', 'G-DOC-1', 'source without a fragment, though approved', review(noFragment));
add('review', 'DOCS_MISSING', 'fail', 'G-DOC-1', 'an empty fragment', review({ fragment: fragment('\n') }));
add(
  'review',
  'DOCS_MISSING',
  'fail',
  'G-DOC-1',
  '### None without a reason',
  review({ fragment: fragment('### None\n') }),
);
add(
  'review',
  'DOCS_MISSING',
  'fail',
  'G-DOC-1',
  'configured source',
  review({ ...noFragment, changed: read(['docs/api.yml']) }, { source: ['docs/*.yml'] }),
);
add(
  'review',
  'REVIEW_CHANGES',
  'fail',
  'G-REV-3',
  'REQUEST_CHANGES',
  review(reviewFile('verdict: REQUEST_CHANGES\np0: 1', given.FINDINGS)),
);
add(
  'review',
  'REVIEW_INCONSISTENT',
  'fail',
  'G-REV-4',
  'APPROVED with p0: 1',
  review(reviewFile('verdict: APPROVED\np0: 1')),
);
add(
  'review',
  'REVIEW_INCONSISTENT',
  'fail',
  'G-REV-4',
  'APPROVED with p1: 2',
  review(reviewFile('verdict: APPROVED\np1: 2')),
);
add(
  'review',
  'REVIEW_NOT_JUDGED',
  'error',
  'G-REV-1',
  'no file',
  review({ file: { kind: 'absent', path: `${given.WI}/12-review.md` } }),
);
add('review', 'REVIEW_NOT_JUDGED', 'error', 'G-REV-1', 'APPROVE', review(reviewFile('verdict: APPROVE')));
add('review', 'REVIEW_NOT_JUDGED', 'error', 'G-REV-1', 'no verdict', review(reviewFile('p0: 0')));
add(
  'review',
  'REVIEW_NOT_JUDGED',
  'error',
  'G-FM-1',
  'prose says APPROVED',
  review(bare('# Review\nverdict: APPROVED\n')),
);
add(
  'review',
  'REVIEW_NOT_JUDGED',
  'error',
  'G-FM-2',
  'the verdict stands twice',
  review(reviewFile('verdict: APPROVED\nverdict: APPROVED')),
);
add(
  'review',
  'REVIEW_NOT_JUDGED',
  'error',
  'AR-VAL-6',
  'APPROVED with an open P0 in the text',
  review(reviewFile('verdict: APPROVED', given.FINDINGS)),
);
add(
  'review',
  'REVIEW_NOT_JUDGED',
  'error',
  'AR-VAL-6',
  'changes asked for without a finding',
  review(reviewFile('verdict: REQUEST_CHANGES')),
);
add('review', 'REVIEW_STALE', 'error', 'G-REV-2', 'another patch', review({ patchId: read(given.sha('1')) }));
add('review', 'REVIEW_STALE', 'error', 'AR-VAL-2', 'another round', review({ round: 2 }));
add(
  'review',
  'REVIEW_STALE',
  'error',
  'stand-alone',
  'written before the last change',
  review({ ...bare('---\nverdict: APPROVED\n---\n'), trust: { kind: 'written', subject: read(given.sha('1')) } }),
);
add(
  'review',
  'REVIEW_NOT_JUDGED',
  'error',
  'stand-alone',
  'nothing tells what patch the review is about',
  review({ ...bare('---\nverdict: APPROVED\n---\n'), trust: { kind: 'written', subject: unreadable('not in git') } }),
);
add(
  'review',
  'REPORT_UNTRUSTED',
  'hold',
  'G-FM-6',
  'another blob than recorded',
  review({ trust: { kind: 'recorded', blob: given.sha('f') } }),
);
add(
  'review',
  'REPORT_UNTRUSTED',
  'hold',
  'AR-VAL-2',
  'nothing is recorded',
  review({ trust: { kind: 'recorded', blob: null } }),
);
for (const key of ['patchId', 'changed'] as const)
  add(
    'review',
    'REVIEW_INTERNAL',
    'error',
    'G-FM-4',
    `${key} could not be read`,
    review({ [key]: unreadable('timeout') }),
  );
add(
  'review',
  'REVIEW_INTERNAL',
  'error',
  'G-FM-4',
  'the file could not be read',
  review({ file: { kind: 'unreadable', path: 'x', detail: 'timeout' } }),
);

const tests = (facts: ReturnType<typeof given.testsFacts>) => () => decideTests(facts);
const ran = (result: 'PASS' | 'FAIL') =>
  ({
    kind: 'ran',
    result,
    text: `the tests say ${result}`,
    findings: null,
    total: 3,
    failed: 0,
    skipped: 0,
    exitCode: 0,
  }) as const;
for (const keys of [
  'result: PASS',
  'verdict: ready-to-deploy',
  'result: "stage:ready-to-deploy"\nstatus: pass',
  'result: PASS — ready-to-deploy',
  'status: PASSED',
  'result: PASS\nfailed: 0\nexit_code: 0\ntotal: 2248',
])
  add('tests', 'TESTS_PASS', 'pass', 'G-TST-6', JSON.stringify(keys), tests(given.testReport(keys)));
add(
  'tests',
  'TESTS_PASS',
  'pass',
  'G-TST-1',
  'the runner itself, without a report',
  tests(given.testsFacts({ file: null, outcome: ran('PASS') })),
);
add(
  'tests',
  'TESTS_PASS',
  'pass',
  'stand-alone',
  'a report written for this code',
  tests(
    given.testsFacts({
      file: given.file('report.md', '---\nresult: PASS\n---\n'),
      trust: { kind: 'written', subject: read(given.sha('7')) },
    }),
  ),
);
for (const keys of [
  'result: FAIL',
  'result: PASS\nverdict: BLOCKED',
  'result: PASS\nstatus: failed',
  'verdict: BLOCKED',
  'result: PASS\nfailed: 2',
  'result: PASS\nexit_code: 1',
  'result: PASS (0 failed)',
  'result: REQUEST-CHANGES',
])
  add('tests', 'TESTS_FAIL', 'fail', 'G-TST-5', JSON.stringify(keys), tests(given.testReport(keys)));
add(
  'tests',
  'TESTS_FAIL',
  'fail',
  'G-GEN-1',
  'the report says PASS, but the run was red',
  tests(given.testsFacts({ outcome: ran('FAIL') })),
);
add(
  'tests',
  'TESTS_FAIL',
  'fail',
  'G-TST-2',
  'the runner itself was red',
  tests(given.testsFacts({ file: null, outcome: ran('FAIL') })),
);
for (const keys of [
  'result: BYPASSED',
  'result: NOT PASSED',
  'result: 9/10 checks PASS',
  'result: true',
  'result: ""\nverdict: ""\nstatus: ""',
  'result: DEFERRED',
  'result: PASS | FAIL',
  'result: [PASS]',
  'result: PASS\ntotal: 0',
  'total: 23',
])
  add('tests', 'TESTS_NOT_JUDGED', 'error', 'G-TST-7', JSON.stringify(keys), tests(given.testReport(keys)));
add(
  'tests',
  'TESTS_NOT_JUDGED',
  'error',
  'G-FM-3',
  'no report',
  tests(given.testsFacts({ file: { kind: 'absent', path: 'x' } })),
);
add(
  'tests',
  'TESTS_NOT_JUDGED',
  'error',
  'G-FM-4',
  'the report could not be read',
  tests(given.testsFacts({ file: { kind: 'unreadable', path: 'x', detail: 'timeout' } })),
);
add('tests', 'TESTS_NOT_JUDGED', 'error', 'G-FM-3', 'neither run nor report', tests(given.testsFacts({ file: null })));
add(
  'tests',
  'TESTS_STALE',
  'error',
  'G-GEN-15',
  'another code tree',
  tests(given.testsFacts({ codeTree: read(given.sha('1')) })),
);
add('tests', 'TESTS_STALE', 'error', 'AR-VAL-2', 'another round', tests(given.testsFacts({ round: 2 })));
add(
  'tests',
  'TESTS_STALE',
  'error',
  'stand-alone',
  'written before the last change',
  tests(
    given.testsFacts({
      file: given.file('report.md', '---\nresult: PASS\n---\n'),
      trust: { kind: 'written', subject: read(given.sha('1')) },
    }),
  ),
);
add(
  'tests',
  'TESTS_NOT_JUDGED',
  'error',
  'stand-alone',
  'nothing tells what code the report is about',
  tests(
    given.testsFacts({
      file: given.file('report.md', '---\nresult: PASS\n---\n'),
      trust: { kind: 'written', subject: unreadable('not in git') },
    }),
  ),
);
add(
  'tests',
  'TESTS_TIMEOUT',
  'error',
  'G-TST-3',
  'time-out',
  tests(given.testsFacts({ outcome: { kind: 'timeout', text: 'over 900 s' } })),
);
add(
  'tests',
  'TESTS_TOOL_ERROR',
  'error',
  'G-TST-3',
  'tool error',
  tests(given.testsFacts({ outcome: { kind: 'tool-error', text: '127' } })),
);
add(
  'tests',
  'GATE_NO_PRODUCER',
  'hold',
  'G-GEN-14',
  'no command',
  tests(given.testsFacts({ outcome: { kind: 'no-command', text: 'empty' } })),
);
add(
  'tests',
  'REPORT_UNTRUSTED',
  'hold',
  'G-FM-6',
  'another blob than recorded',
  tests(given.testsFacts({ trust: { kind: 'recorded', blob: given.sha('f') } })),
);
add(
  'tests',
  'TESTS_INTERNAL',
  'error',
  'G-FM-4',
  'the code tree could not be read',
  tests(given.testsFacts({ codeTree: unreadable('timeout') })),
);

const staging = (facts: ReturnType<typeof given.stagingFacts>) => () => decideStaging(facts);
const suite = (status: 'SUCCESS' | 'FAILED', failed: string[] = []) =>
  ({
    class: 'suite-ran',
    status,
    checks: { passed: 2 - failed.length, total: 2 },
    failed,
    waived: [],
    reason: null,
  }) as const;
const stagingWith = (change: (keys: string) => string) => staging(given.stagingReport(change(given.stagingKeys)));
add(
  'staging',
  'STG_SUCCESS',
  'pass',
  'G-STG-5',
  'SUCCESS with waived checks and exit 1',
  staging(given.stagingFacts()),
);
add(
  'staging',
  'STG_SUCCESS',
  'pass',
  'G-STG-5',
  'the value in lower case',
  stagingWith((keys) => keys.replace('SUCCESS', 'success')),
);
add(
  'staging',
  'STG_SUCCESS',
  'pass',
  'stand-alone',
  'the suite itself, without a report',
  staging(given.stagingFacts({ file: null, run: suite('SUCCESS') })),
);
add('staging', 'N_A', 'pass', 'G-STG', 'no staging target', staging(given.stagingFacts({ configured: false })));
add(
  'staging',
  'STG_FAILED',
  'fail',
  'G-STG-5',
  'FAILED',
  stagingWith((keys) => keys.replace('SUCCESS', 'FAILED').replace('failed: []', 'failed: [A2]')),
);
add(
  'staging',
  'STG_FAILED',
  'fail',
  'AR-VAL-5',
  'SUCCESS with a failed check',
  stagingWith((keys) => keys.replace('failed: []', 'failed: [A2]')),
);
add(
  'staging',
  'STG_FAILED',
  'fail',
  'AR-VAL-5',
  'passed and waived are fewer than all',
  stagingWith((keys) => keys.replace('[C9a, C9b]', '[C9a]')),
);
add(
  'staging',
  'STG_FAILED',
  'fail',
  'G-STG-4',
  'waived in strict mode',
  stagingWith((keys) => keys.replace('strict: false', 'strict: true')),
);
add(
  'staging',
  'STG_FAILED',
  'fail',
  'G-STG-8',
  'the build failed',
  staging(
    given.stagingFacts({ run: { class: 'suite-ran', code: 'STG_FAILED', detail: 'build-failed', text: 'exit 1' } }),
  ),
);
add(
  'staging',
  'STG_FAILED',
  'fail',
  'G-STG-8',
  'never healthy',
  staging(
    given.stagingFacts({
      run: { class: 'suite-ran', code: 'STG_FAILED', detail: 'staging-unhealthy', text: 'exit 1' },
    }),
  ),
);
add(
  'staging',
  'STG_FAILED',
  'fail',
  'G-GEN-1',
  'the report says SUCCESS, but the suite was red',
  staging(given.stagingFacts({ run: suite('FAILED', ['A2']) })),
);
add(
  'staging',
  'STG_FAILED',
  'fail',
  'G-STG-4',
  'a suite without checks',
  staging(given.stagingFacts({ file: null, run: { ...suite('SUCCESS'), checks: { passed: 0, total: 0 } } })),
);
add(
  'staging',
  'STG_ENV',
  'hold',
  'G-STG-2',
  'container CLI missing',
  staging(given.stagingFacts({ run: { class: 'permanent-env', code: 'STG_ENV', text: 'docker: command not found' } })),
);
add(
  'staging',
  'STG_TRANSIENT',
  'error',
  'G-STG-3',
  'connection refused',
  staging(given.stagingFacts({ run: { class: 'transient-infra', code: 'STG_TRANSIENT', text: 'connection refused' } })),
);
add(
  'staging',
  'STG_WRONG_REVISION',
  'error',
  'G-STG-7',
  'another revision',
  staging(
    given.stagingFacts({ run: { class: 'transient-infra', code: 'STG_WRONG_REVISION', text: 'other revision' } }),
  ),
);
for (const [name, facts] of Object.entries({
  'no report': given.stagingFacts({ file: { kind: 'absent', path: 'x' } }),
  'a report that could not be read': given.stagingFacts({ file: { kind: 'unreadable', path: 'x', detail: 'timeout' } }),
  'neither run nor report': given.stagingFacts({ file: null }),
  '`staging_status: OK`': given.stagingReport(given.stagingKeys.replace('SUCCESS', 'OK')),
  'a list': given.stagingReport(given.stagingKeys.replace('SUCCESS', '[SUCCESS]')),
  'a long s': given.stagingReport(given.stagingKeys.replace('SUCCESS', 'ſUCCESS')),
  'another digest': given.stagingFacts({
    file: given.file('x', given.stagingText(given.stagingKeys, `sha256:${'00'.repeat(32)}`)),
  }),
  'another pass': given.stagingFacts({ file: given.file('x', given.stagingText(given.stagingKeys, given.DIGEST, 1)) }),
  'another code tree': given.stagingFacts({ expected: { pass: 2, digest: given.DIGEST, codeTree: given.sha('1') } }),
}))
  add('staging', 'STG_NOT_JUDGED', 'error', 'G-STG-5', name, staging(facts));
add(
  'staging',
  'REPORT_UNTRUSTED',
  'hold',
  'G-FM-6',
  'another blob than recorded',
  staging(given.stagingFacts({ recorded: given.sha('f') })),
);
add('staging', 'STAGING_INTERNAL', 'error', 'G-GEN-8', 'broken facts', () => decideStaging(broken));

const deploy =
  (facts: ReturnType<typeof given.deployFacts>, provider: 'none' | 'command' = 'command') =>
  () =>
    decideDeploy(facts, { provider });
const hook = (state: NonNullable<ReturnType<typeof given.deployFacts>['hook']>['state'], guard = false) => ({
  hook: { state, guard, text: state },
});
const confirmed = {
  kind: 'confirmed',
  by: 'anna',
  digest: given.DIGEST,
  expiresAt: '2026-06-06T13:00:00.000Z',
} as const;
const success = 'deploy_status: SUCCESS\ndeploy_mode: command\nexit_code: 0';
const failed = (exit: number) => `deploy_status: FAILED\ndeploy_mode: command\nexit_code: ${exit}`;
add('deploy', 'DEPLOY_SUCCESS', 'pass', 'G-DPL-2', 'SUCCESS', deploy(given.deployFacts()));
add('deploy', 'N_A', 'pass', 'G-DPL', 'provider none', deploy(given.noDeploy(), 'none'));
add('deploy', 'DEPLOY_FAILED', 'fail', 'G-DPL-3', 'exit 1', deploy(given.deployLog(failed(1), hook('rolled-back'))));
add(
  'deploy',
  'DEPLOY_FAILED',
  'fail',
  'G-DPL',
  'an agent exits 0, the log says FAILED',
  deploy(given.deployLog(failed(1))),
);
add(
  'deploy',
  'DEPLOY_FAILED',
  'fail',
  'AR-VAL-5',
  'SUCCESS with exit_code 1',
  deploy(given.deployLog(success.replace('exit_code: 0', 'exit_code: 1'))),
);
add(
  'deploy',
  'DEPLOY_FAILED',
  'fail',
  'delivery §3',
  'the log says SUCCESS, the hook rolled back',
  deploy(given.deployFacts(hook('rolled-back'))),
);
add(
  'deploy',
  'DEPLOY_ROLLBACK_FAILED',
  'fail',
  'G-DPL-4',
  'exit 2',
  deploy(given.deployLog(failed(2), hook('rollback-failed'))),
);
add(
  'deploy',
  'DEPLOY_ROLLBACK_FAILED',
  'fail',
  'delivery §3',
  'the log says SUCCESS, the rollback failed',
  deploy(given.deployFacts(hook('rollback-failed'))),
);
for (const [name, more] of Object.entries({
  'not confirmed': { confirmation: { kind: 'none' } as const },
  'another digest confirmed': { confirmation: { ...confirmed, digest: `sha256:${'00'.repeat(32)}` } },
  'an expired confirmation': { confirmation: { ...confirmed, expiresAt: '2026-06-05T13:00:00.000Z' }, recorded: null },
  'an unreadable time': { confirmation: { ...confirmed, expiresAt: 'soon' }, recorded: null },
  'confirmed, not started': { recorded: null },
}))
  add('deploy', 'DEPLOY_AWAITING_CONFIRM', 'hold', 'G-DPL-1', name, deploy(given.deployFacts({ hook: null, ...more })));
add(
  'deploy',
  'DEPLOY_AWAITING_CONFIRM',
  'hold',
  'G-DPL-1',
  'provider none, not confirmed',
  deploy(given.noDeploy({ confirmation: { kind: 'none' } }), 'none'),
);
for (const [name, facts] of Object.entries({
  'no answer': given.deployFacts(hook('unknown')),
  'still running': given.deployFacts(hook('running')),
  interrupted: given.deployFacts(hook('interrupted')),
  'no log': given.deployFacts({ file: { kind: 'absent', path: 'x' } }),
  '`deploy_status: DONE`': given.deployLog(success.replace('SUCCESS', 'DONE')),
  'SUCCESS without an exit code': given.deployLog('deploy_status: SUCCESS\ndeploy_mode: command'),
  'NOT_APPLICABLE, though something is deployed': given.deployLog('deploy_status: NOT_APPLICABLE\ndeploy_mode: none'),
  'another digest': given.deployFacts({
    file: given.file('x', given.deployText(success, `sha256:${'00'.repeat(32)}`)),
  }),
  'the log of an earlier attempt': given.deployFacts({
    file: given.file('x', given.deployText(success, given.DIGEST, 'ET-12.2.0.production')),
  }),
  'another commit': given.deployFacts({
    expected: { pass: 2, commit: given.sha('1'), codeTree: given.sha('7'), deployId: 'ET-12.2.1.production' },
  }),
  'another pass': given.deployFacts({
    expected: { pass: 3, commit: given.sha('c'), codeTree: given.sha('7'), deployId: 'ET-12.2.1.production' },
  }),
}))
  add('deploy', 'DEPLOY_UNKNOWN', 'hold', 'G-DPL-6', name, deploy(facts));
add(
  'deploy',
  'DEPLOY_UNKNOWN',
  'hold',
  'G-DPL',
  'SUCCESS, though nothing is configured',
  deploy(given.noDeploy({ file: given.file('x', given.deployText(success)) }), 'none'),
);
add('deploy', 'DEPLOY_NOT_STARTED', 'error', 'G-DPL-5', 'exit 3', deploy(given.deployFacts(hook('refused'))));
add('deploy', 'DEPLOY_GUARD', 'error', 'G-DPL-5', 'digest guard', deploy(given.deployFacts(hook('refused', true))));
add(
  'deploy',
  'REPORT_UNTRUSTED',
  'hold',
  'G-FM-6',
  'another blob than recorded',
  deploy(given.deployFacts({ recorded: given.sha('f') })),
);
add(
  'deploy',
  'DEPLOY_INTERNAL',
  'error',
  'G-FM-4',
  'the log could not be read',
  deploy(given.deployFacts({ file: { kind: 'unreadable', path: 'x', detail: 'timeout' } })),
);

const landed =
  (more: Parameters<typeof given.landedFacts>[0] = {}, style: 'merge' | 'squash' | 'rebase' = 'merge') =>
  () =>
    decideLanded(given.landedFacts(more), { style });
const notFound = { proof: read(null), baseTip: read(given.sha('e')) };
add('landed', 'LANDED', 'pass', 'G-LND-6', 'style merge', landed());
add(
  'landed',
  'LANDED',
  'pass',
  'G-LND-6',
  'squash: the head is no ancestor',
  landed({ proof: read({ ...given.proof, headIsAncestor: false }) }, 'squash'),
);
add(
  'landed',
  'LANDED',
  'pass',
  'G-LND-6',
  'rebase',
  landed({ proof: read({ ...given.proof, headIsAncestor: false }) }, 'rebase'),
);
add(
  'landed',
  'LANDED',
  'pass',
  'G-LND-5',
  'the call had no answer, but git has the proof',
  landed({ call: { kind: 'refused', text: 'timeout' }, pullMerged: false }),
);
add('landed', 'NOT_LANDED', 'hold', 'G-LND-7', 'only the flag of the pull request says merged', landed(notFound));
add(
  'landed',
  'NOT_LANDED',
  'hold',
  'G-LND-6',
  'the merge commit is not in the base branch',
  landed({ proof: read({ ...given.proof, inBase: false }) }),
);
add(
  'landed',
  'NOT_LANDED',
  'hold',
  'G-LND-6',
  'style merge without the head',
  landed({ proof: read({ ...given.proof, headIsAncestor: false }) }),
);
add('landed', 'NOT_LANDED', 'hold', 'G-LND-1', 'nothing was recorded', landed({ intent: null }));
add('landed', 'NOT_LANDED', 'error', 'G-LND-7', 'git does not answer', landed({ proof: unreadable('exit 128') }));
add(
  'landed',
  'NOT_LANDED',
  'error',
  'G-LND-7',
  'the base branch could not be read',
  landed({ proof: read(null), baseTip: unreadable('timeout') }),
);
add(
  'landed',
  'NOT_LANDED',
  'error',
  'G-LND-7',
  'an empty tree',
  landed({
    proof: read({ ...given.proof, tree: '' }),
    intent: { mergeHead: given.sha('a'), expectedTree: '', baseSha: given.sha('e') },
  }),
);
add(
  'landed',
  'LANDED_TREE_MISMATCH',
  'hold',
  'G-LND-8',
  'another tree',
  landed({ proof: read({ ...given.proof, tree: given.sha('6') }) }),
);
add(
  'landed',
  'LANDED_TREE_MISMATCH',
  'hold',
  'G-LND-1',
  'the head carries other code',
  landed({ codeTree: read({ validated: given.sha('7'), head: given.sha('8') }) }),
);
add(
  'landed',
  'LANDED_BASE_MOVED',
  'hold',
  'G-LND-4',
  'the base moved before the merge',
  landed({ ...notFound, pullMerged: false, baseTip: read(given.sha('4')) }),
);
add(
  'landed',
  'LANDED_BASE_MOVED',
  'hold',
  'G-LND-4',
  'merged onto a moved base',
  landed({ proof: read({ ...given.proof, tree: given.sha('6'), onMovedBase: true }) }),
);
add('landed', 'LANDED_OUT_OF_BAND', 'hold', 'G-LND-9', 'merged by a person at review', landed({ stage: 'review' }));
add(
  'landed',
  'PR_CREATE_FAILED',
  'hold',
  'G-LND-3',
  'no pull request',
  landed({ ...notFound, pullMerged: false, call: { kind: 'pull-failed', text: 'HTTP 422' } }),
);
add(
  'landed',
  'MERGE_REFUSED',
  'hold',
  'G-LND-5',
  'refused',
  landed({ ...notFound, pullMerged: false, call: { kind: 'refused', text: 'HTTP 403' } }),
);
add('landed', 'LANDED_INTERNAL', 'error', 'G-GEN-8', 'broken facts', () => decideLanded(broken, { style: 'merge' }));

export const CASES: readonly GateCase[] = cases;
