import { describe, expect, it } from 'vitest';
import { appendClarifications, renderBusinessRequest } from '../../../lib/artifacts/business-request.ts';
import { renderBounce } from '../../../lib/artifacts/bounce.ts';
import { classifyDeployLog, parseDeployLog, renderDeployLog } from '../../../lib/artifacts/deploy-log.ts';
import { extractReportFindings, extractReviewFindings } from '../../../lib/artifacts/findings.ts';
import { parseFrontmatter } from '../../../lib/artifacts/frontmatter.ts';
import { parseReview, judgeReview } from '../../../lib/artifacts/review.ts';
import { classifyStagingLog, parseStagingLog, renderStagingLog, type StagingLogInput } from '../../../lib/artifacts/staging-log.ts';
import { stamp, type StampValues } from '../../../lib/artifacts/stamp.ts';
import { OUTLINES, renderTemplate, type TemplateName } from '../../../lib/artifacts/templates.ts';
import { classifyTestReport, parseTestReport } from '../../../lib/artifacts/test-report.ts';
import { renderTestReport, type TestReportInput } from '../../../lib/artifacts/test-report-render.ts';

const DIGEST = `sha256:${'9f3c'.repeat(16)}`;
const BASE = 'e01fa22c'.repeat(5);
const LOG = 'https://git.example.org/acme/trails/actions/runs/4812';
const stampValues = (round: number, writtenBy: StampValues['writtenBy']): StampValues => ({
  item: 'ET-12',
  round,
  commit: '4f0d2c7a'.repeat(5),
  subject: '9b1c0de1'.repeat(5),
  runId: 4812,
  writtenBy,
  at: new Date('2026-06-05T12:47:48Z'),
});

const tests = (changes: Partial<TestReportInput> = {}): TestReportInput => ({
  stamp: stampValues(1, 'test-runner'),
  result: 'PASS',
  counts: { total: 442, passed: 440, failed: 0, skipped: 2 },
  exitCode: 0,
  durationS: 61.4,
  command: 'npm test',
  environment: ['Node 24.1.0', 'clean worktree of 4f0d2c7a'],
  smoke: [{ url: 'http://127.0.0.1:8080/health', status: 200 }],
  results: [{ id: 'TC-01', description: 'three tracks | give four lines', result: 'PASS' }],
  criteria: [{ id: 'AC-1', tests: 'TC-01', result: 'PASS' }],
  failures: [],
  output: '\u001b[32mok\u001b[0m 442 tests\n',
  log: LOG,
  conclusion: 'All tests passed.',
  ...changes,
});
const failedTests = tests({
  result: 'FAIL',
  counts: { total: 442, passed: 441, failed: 1, skipped: 0 },
  exitCode: 1,
  smoke: [],
  results: [{ id: 'TC-02', description: 'a formula is prefixed', result: 'FAIL' }],
  failures: ["export.test.ts > prefixes formulas\nexpected '=1+1' to be \"'=1+1\"\n```\nfence inside\n```"],
  output: Array.from({ length: 300 }, (_, n) => `line ${n}`).join('\n'),
  conclusion: '1 of 442 tests failed.',
});

const staging = (changes: Partial<StagingLogInput> = {}): StagingLogInput => ({
  stamp: stampValues(2, 'staging-runner'),
  status: 'SUCCESS',
  digest: DIGEST,
  baseUrl: 'http://app.example.org:8501',
  mode: 'stub',
  checks: [
    { id: 'A1', block: 'smoke', title: '/health', status: 'pass', detail: 'HTTP 200' },
    { id: 'C9a', block: 'e2e', title: 'branch', status: 'fail', detail: 'no runner' },
  ],
  failed: [],
  waived: ['C9a'],
  strict: false,
  exitCode: 1,
  command: 'tests/staging --base-url http://app.example.org:8501 --mode stub',
  environment: ['staging, revision 4f0d2c7a'],
  cleanup: 'Nothing was created.',
  meaning: 'Start, access and entry flow work. Not tested: an export of more than 10 rows.',
  output: 'INFRA-WAIVED: C9a\nVERDICT: SUCCESS (1/2 PASS)\n',
  log: LOG,
  ...changes,
});

const deploy = renderDeployLog({
  stamp: stampValues(2, 'deploy-finalizer'),
  status: 'SUCCESS',
  mode: 'command',
  base: BASE,
  digest: DIGEST,
  deployId: 'ET-12.2.1.production',
  exitCode: 0,
  previousDigest: `sha256:${'41aa'.repeat(16)}`,
  targetUrl: 'http://app.example.org:8500',
  health: { attempts: 2, http: 200 },
  approved: { by: 'member-1', via: 'tracker', at: '2026-06-05T12:40:00Z' },
  conclusion: 'Healthy after 2 of 10 probes.',
  preconditions: [{ artifact: '15-staging-log.md', key: 'staging_status', value: 'SUCCESS' }],
  deployed: [`bundle ${DIGEST}`],
  healthText: 'GET /health answered 200 at probe 2.',
  rollback: 'conveyor-control: rollback, production.',
  output: 'switched to 9f3c9f3c9f3c\n',
  log: LOG,
});
const notDeployed = renderDeployLog({
  stamp: stampValues(1, 'deploy-finalizer'),
  status: 'NOT_APPLICABLE',
  mode: 'none',
  base: BASE,
  conclusion: 'This repository has no deployment configured.',
  preconditions: [],
  deployed: [],
  healthText: 'Not checked.',
  rollback: 'Revert the merge.',
  output: '',
  log: LOG,
});
const REVIEW = `---
verdict: REQUEST_CHANGES # one of two
p0: 0
p1: 1
version: 99
---
# Review ET-12
## Summary
AC-1 met, AC-2 not covered.
## Findings
### P0 — Blocker
- none
### P1 — Must fix
- [ ] **No test for formula injection** \`src/export/csv.ts:41\`. AC-2, TC-02 is missing.
## Documentation
API table updated, fragment present.
`;
const stampedReview = (() => {
  const result = stamp(REVIEW, '12-review.md', stampValues(2, 'reviewer'));
  if (!result.ok) throw new Error(result.text);
  return result.text;
})();
const request = renderBusinessRequest({
  item: 'ET-12',
  title: 'CSV export of tracks',
  description: 'As a user I want to download my tracks as CSV.\n\n---\n# Not a heading',
  previous: [{ gen: 1, link: 'https://git.example.org/acme/trails/src/branch/conveyor/archive/2026/05/ET-12/g1' }],
});

const GOLDEN: Readonly<Record<string, string>> = {
  '00-business-request.md': request,
  '00-business-request.answered.md': appendClarifications(request, [{ at: '2026-06-05T12:00:00Z', text: 'Only own tracks.' }]),
  '12-review.md': stampedReview,
  '13-test-report.pass.md': renderTestReport(tests()),
  '13-test-report.fail.md': renderTestReport(failedTests),
  '14-deploy-log.md': deploy,
  '14-deploy-log.none.md': notDeployed,
  '15-staging-log.md': renderStagingLog(staging()),
  '15-staging-log.failed.md': renderStagingLog(staging({ status: 'FAILED', failed: ['C9a'], waived: [], strict: true })),
  'bounce.txt': renderBounce({
    item: 'ET-12',
    gate: 'review',
    code: 'REVIEW_CHANGES',
    verdict: 'fail',
    attempt: 2,
    limit: 3,
    findings: extractReviewFindings(REVIEW),
    earlier: [{ round: 1, findings: [{ severity: 'P0', text: '- **Export reads all rows into memory**' }] }],
    link: 'https://git.example.org/acme/trails/src/commit/4f0d2c7a/docs/work-items/ET-12/12-review.md',
    nonce: '7d1e09aa',
  }),
};

describe('rendered artifacts', () => {
  it.each(Object.entries(GOLDEN))('%s is as agreed', async (name, text) => {
    await expect(text).toMatchFileSnapshot(`expected/${name}`);
  });

  it.each(Object.keys(OUTLINES) as TemplateName[])('template of %s is as agreed', async (name) => {
    await expect(renderTemplate(name)).toMatchFileSnapshot(`expected/templates/${name.replaceAll('/', '-').replace('<slug>', 'slug')}`);
  });

  it('AR-VAL-1: what a step renders reads back as what it meant', () => {
    const read = <T>(result: { ok: true; data: T } | { ok: false; text: string }): T => {
      if (!result.ok) throw new Error(result.text);
      return result.data;
    };
    expect(classifyTestReport(read(parseTestReport(GOLDEN['13-test-report.pass.md']!, 'ET-12')).fields).kind).toBe('pass');
    expect(classifyTestReport(read(parseTestReport(GOLDEN['13-test-report.fail.md']!, 'ET-12')).fields).kind).toBe('fail');
    expect(classifyStagingLog(read(parseStagingLog(GOLDEN['15-staging-log.md']!, 'ET-12'))).kind).toBe('pass');
    expect(classifyStagingLog(read(parseStagingLog(GOLDEN['15-staging-log.failed.md']!, 'ET-12'))).kind).toBe('fail');
    expect(classifyDeployLog(read(parseDeployLog(deploy, 'ET-12')), 'command').kind).toBe('pass');
    expect(classifyDeployLog(read(parseDeployLog(notDeployed, 'ET-12')), 'none').kind).toBe('pass');
    expect(classifyDeployLog(read(parseDeployLog(notDeployed, 'ET-12')), 'command').kind).toBe('not-judged');
    const review = read(parseReview(stampedReview, 'ET-12'));
    expect(review.version).toBe(2);
    expect(judgeReview(review, stampedReview).kind).toBe('changes');
  });

  it('AR-FB-3: failures of a rendered report reach the developer', () => {
    const parsed = parseFrontmatter(GOLDEN['13-test-report.fail.md']!);
    expect(parsed.ok && extractReportFindings(parsed.body)).toContain('prefixes formulas');
    const suite = parseFrontmatter(GOLDEN['15-staging-log.failed.md']!);
    expect(suite.ok && extractReportFindings(suite.body)).toBe('- C9a branch: no runner');
  });

  it('AR-AP-3 (case 31): 5 000 lines of output stay below 256 KiB', () => {
    const text = renderTestReport({ ...failedTests, output: 'x'.repeat(200).concat('\n').repeat(5000), failures: Array.from({ length: 500 }, () => 'y'.repeat(5000)) });
    expect(Buffer.byteLength(text)).toBeLessThan(256 * 1024);
    expect(parseTestReport(text, 'ET-12').ok).toBe(true);
  });
});
