import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classifyDeployLog, parseDeployLog } from './deploy-log.ts';
import { machineWord, shown, staleFault } from './fields.ts';
import { judgeReview, parseReview, parseReviewDraft } from './review.ts';
import { classifyStagingLog, parseStagingLog } from './staging-log.ts';
import { stamp, type StampValues, type VerdictFile } from './stamp.ts';
import { classifyTestReport, parseTestReport, type TestFields } from './test-report.ts';

const SHA = '4f0d2c7a'.repeat(5);
const TREE = '9b1c0de1'.repeat(5);
const DIGEST = `sha256:${'9f3c'.repeat(16)}`;
const values: StampValues = {
  item: 'ET-12',
  round: 2,
  commit: SHA,
  subject: TREE,
  runId: 4812,
  writtenBy: 'reviewer',
  at: new Date('2026-06-05T12:47:48Z'),
};
const stamped = (file: VerdictFile, source: string) => {
  const result = stamp(source, file, values);
  if (!result.ok) throw new Error(`${result.code} ${result.text}`);
  return result.text;
};
const file = (head: string, body = '# Text\n') => `---\n${head}\n---\n${body}`;

describe('machine values', () => {
  it('AR-FM-8: only a-z is upper-cased, and look-alike letters are shown by code point', () => {
    expect(machineWord('  success ')).toBe('SUCCESS');
    expect(machineWord('ſuccess')).toBe('ſUCCESS');
    expect(shown('АPPROVED')).toBe('"АPPROVED" (with U+0410)');
    expect(shown(['PASS'])).toBe('a list');
  });
});

describe('12-review.md', () => {
  const findings = (p0: string, p1 = '- none') =>
    `# Review\n## Findings\n### P0 — Blocker\n${p0}\n### P1 — Must fix\n${p1}\n### P2 — Should fix\n- none\n`;
  const judge = (head: string, body: string) => {
    const read = parseReviewDraft(file(head, body), 'ET-12');
    return read.ok ? judgeReview(read.data, read.body) : { kind: 'unreadable', code: read.code };
  };

  it('reads a stored review', () => {
    const read = parseReview(stamped('12-review.md', file('verdict: approved # one of two\np0: 0')), 'ET-12');
    expect(read).toMatchObject({
      ok: true,
      data: { verdict: 'APPROVED', version: 2, patch_id: TREE, commit: SHA, run_id: 4812, p0: 0 },
    });
  });

  it.each([
    ['# Review\nAPPROVED\n', 'fm.absent'],
    [file('verdict: APPROVED | REQUEST_CHANGES'), 'art.unrecognised'],
    [file('verdict: APPROVE'), 'art.unrecognised'],
    [file('verdict: [APPROVED]'), 'art.unrecognised'],
    [file('verdict: АPPROVED'), 'art.unrecognised'],
    [file('verdict: yes'), 'art.unrecognised'],
    [file('verdict: APPROVED\np1: one'), 'art.unrecognised'],
    [file('type: review'), 'art.no_verdict'],
    [file('verdict: ~'), 'art.no_verdict'],
    [file('Verdict: APPROVED'), 'art.no_verdict'],
    [file('verdict: APPROVED\nP1: 3'), 'art.unrecognised'],
    [file('verdict: APPROVED\nwork_item_id: ET-9'), 'art.foreign'],
    [file('verdict: APPROVED\nwork_item: ET-9'), 'art.foreign'],
    [file('verdict: APPROVED\ntype: test-report'), 'art.wrong_type'],
    [file('verdict: APPROVED', 'x'.repeat(256 * 1024)), 'art.too_large'],
  ])('artifacts §5 (12): %j is %s', (source, code) => {
    const read = parseReviewDraft(source, 'ET-12');
    expect(read.ok ? 'ok' : read.code).toBe(code);
  });

  it('AR-FM-7: a wrong case is named in the error; a padded id is not foreign', () => {
    expect(parseReviewDraft(file('Verdict: APPROVED'), 'ET-12')).toMatchObject({
      text: 'found `Verdict`, expected `verdict`',
    });
    expect(parseReviewDraft(file('verdict: APPROVED\nwork_item: ET-012'), 'ET-12').ok).toBe(true);
  });

  it('AR-FM-12: a review without a stamp is not evidence', () => {
    expect(parseReview(file('verdict: APPROVED\ntype: review\nwork_item_id: ET-12'), 'ET-12')).toMatchObject({
      ok: false,
      code: 'art.stale',
    });
  });

  it.each([
    ['verdict: APPROVED', findings('- none'), { kind: 'approved' }],
    ['verdict: APPROVED', 'no headings at all\n', { kind: 'approved' }],
    ['verdict: REQUEST_CHANGES', findings('- [ ] **Leak** `a.ts:1`'), { kind: 'changes' }],
    ['verdict: REQUEST_CHANGES', findings('The whole export is missing.'), { kind: 'changes' }],
    [
      'verdict: REQUEST_CHANGES',
      findings('- none', '- нет'),
      { kind: 'not-judged', fault: { code: 'art.no_findings' } },
    ],
    ['verdict: APPROVED\np1: 1', findings('- none'), { kind: 'inconsistent' }],
    ['verdict: APPROVED\np0: 1\np1: 0', findings('- [ ] x'), { kind: 'inconsistent' }],
    ['verdict: APPROVED\np2: 4\np3: 2', findings('- none'), { kind: 'approved' }],
    ['verdict: APPROVED', findings('- [ ] **Leak**'), { kind: 'not-judged', fault: { code: 'art.contradiction' } }],
    [
      'verdict: APPROVED\np0: 0\np1: 0',
      findings('- none', '1. Leak'),
      { kind: 'not-judged', fault: { code: 'art.contradiction' } },
    ],
    ['verdict: APPROVED', findings('- [x] fixed'), { kind: 'approved' }],
    ['verdict: APPROVED', '## Findings\n```\n### P0\n- x\n```\n', { kind: 'approved' }],
  ])('G-REV-3, G-REV-4, G-REV-7 (cases 27, 28): %s', (head, body, expected) => {
    expect(judge(head, body)).toMatchObject(expected);
  });
});

describe('13-test-report.md', () => {
  const kinds: readonly (readonly [TestFields, string])[] = [
    [{ result: 'PASS' }, 'pass'],
    [{ verdict: 'PASS' }, 'pass'],
    [{ status: 'PASSED' }, 'pass'],
    [{ result: 'pass' }, 'pass'],
    [{ result: 'green' }, 'pass'],
    [{ result: 'APPROVED' }, 'pass'],
    [{ result: 'ready-to-deploy' }, 'pass'],
    [{ result: 'READY_TO_DEPLOY' }, 'pass'],
    [{ result: 'PASS — ready-to-deploy' }, 'pass'],
    [{ status: 'stage:ready-to-deploy', verdict: 'pass' }, 'pass'],
    [{ result: '10/10 PASS' }, 'pass'],
    [{ result: 'PASS', status: '' }, 'pass'],
    [{ result: 'PASS', total: '23', failed: '0', exit_code: '0' }, 'pass'],
    [{ result: 'FAIL' }, 'fail'],
    [{ result: 'PASS', verdict: 'BLOCKED' }, 'fail'],
    [{ result: 'PASS', status: 'failed' }, 'fail'],
    [{ verdict: 'BLOCKED' }, 'fail'],
    [{ result: 'PASS (0 failed)' }, 'fail'],
    [{ result: 'Failures: 3' }, 'fail'],
    [{ result: 'REQUEST-CHANGES' }, 'fail'],
    [{ result: 'CHANGES_REQUESTED' }, 'fail'],
    [{ result: 'RED' }, 'fail'],
    [{ result: 'PASS', failed: '2' }, 'fail'],
    [{ result: 'PASS', exit_code: '1' }, 'fail'],
    [{ result: 'PASS', exit_code: '-1' }, 'fail'],
    [{ result: 'FAIL', total: 'x' }, 'fail'],
    [{ result: 'PASS | FAIL', verdict: 'FAIL' }, 'fail'],
    [{ result: 'BYPASSED' }, 'art.unrecognised'],
    [{ result: 'NOT PASSED' }, 'art.unrecognised'],
    [{ result: 'PASS', status: 'not ready' }, 'art.unrecognised'],
    [{ result: 'never passed' }, 'art.unrecognised'],
    [{ result: 'PASS without tests' }, 'art.unrecognised'],
    [{ result: 'NON-PASS PASS' }, 'pass'],
    [{ result: '9/10 checks PASS' }, 'art.unrecognised'],
    [{ result: 'PASS', status: '9 / 10' }, 'art.unrecognised'],
    [{ result: 'DEFERRED' }, 'art.unrecognised'],
    [{ result: 'REQUIRED' }, 'art.unrecognised'],
    [{ result: 'true' }, 'art.unrecognised'],
    [{ result: 'no' }, 'art.unrecognised'],
    [{ result: 'on' }, 'art.unrecognised'],
    [{ result: ['PASS'] }, 'art.unrecognised'],
    [{ result: ['PASS'], verdict: 'PASS' }, 'art.unrecognised'],
    [{ result: 'PASS | FAIL' }, 'art.unrecognised'],
    [{ result: '<PASS>' }, 'art.unrecognised'],
    [{ result: 'ЯPASS' }, 'art.unrecognised'],
    [{ result: 'ſPASS' }, 'art.unrecognised'],
    [{ result: 'PASSſ' }, 'art.unrecognised'],
    [{ result: 'PASS', failed: 'two' }, 'art.unrecognised'],
    [{ result: 'PASS', total: '1.5' }, 'art.unrecognised'],
    [{ result: 'PASS', total: '0' }, 'art.contradiction'],
    [{}, 'art.no_verdict'],
    [{ result: '', verdict: ' ', status: '' }, 'art.no_verdict'],
    [{ exit_code: '1', failed: '3' }, 'art.no_verdict'],
  ];
  it.each(kinds)('G-TST-4…8 (cases 1-5): %j is %s', (fields, expected) => {
    const verdict = classifyTestReport(fields);
    const found = verdict.kind === 'not-judged' ? verdict.code : verdict.kind;
    expect(found).toBe(expected);
  });

  it('G-TST-5: a negative word in any field beats every positive one', () => {
    const positive = fc.constantFrom('PASS', 'PASSED', 'GREEN', 'APPROVED', 'ready-to-deploy');
    const negative = fc.constantFrom(
      'BLOCKED',
      'FAIL',
      'failed',
      'FAILS',
      'FAILING',
      'FAILURE',
      'FAILURES',
      'REQUEST_CHANGES',
      'REJECT',
      'REJECTED',
      'red',
    );
    const around = fc.stringMatching(/^[a-z ,.;:—]{0,10}$/);
    fc.assert(
      fc.property(
        positive,
        negative,
        around,
        fc.shuffledSubarray(['result', 'verdict', 'status'], { minLength: 2, maxLength: 2 }),
        (good, bad, noise, [one, two]) => {
          expect(classifyTestReport({ [one!]: good, [two!]: `${noise} ${bad}` }).kind).toBe('fail');
        },
      ),
    );
  });

  it('G-TST-7: nothing without a positive word passes', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (result, verdict, status) => {
        const words = `${result}\n${verdict}\n${status}`;
        fc.pre(!/pass|green|approved|ready/i.test(words));
        expect(classifyTestReport({ result, verdict, status }).kind).not.toBe('pass');
      }),
    );
  });

  it('prose is never read, and a broken block is no exception (cases 3, 7)', () => {
    expect(parseTestReport(stampedBlank('type: test-report', 'Result: PASS\n'), 'ET-12')).toMatchObject({
      code: 'art.no_verdict',
    });
    expect(parseTestReport('---\nresult: [unclosed\n---\n', 'ET-12')).toMatchObject({ code: 'fm.yaml' });
  });

  it('keeps the fields of a stored report as they stand', () => {
    const read = parseTestReport(stamped('13-test-report.md', file('result: PASS\nexit_code: 0\ntotal: 442')), 'ET-12');
    expect(read).toMatchObject({
      ok: true,
      data: { report: { code_tree: TREE, version: 2 }, fields: { result: 'PASS', exit_code: '0', total: '442' } },
    });
  });
  const stampedBlank = (head: string, body: string) => file(head, body);
});

describe('15-staging-log.md', () => {
  const head = (changes: Record<string, string> = {}) =>
    Object.entries({
      staging_status: 'SUCCESS',
      outcome: 'suite-ran',
      digest: DIGEST,
      base_url: 'http://app.example.org:8501',
      mode: 'stub',
      checks: '{passed: 8, total: 10}',
      failed: '[]',
      waived: '[C9a, C9b]',
      strict: 'false',
      exit_code: '1',
      ...changes,
    })
      .filter(([, value]) => value !== '')
      .map(([key, value]) => `${key}: ${value}`)
      .join('\n');
  const outcome = (changes: Record<string, string>) => {
    const read = parseStagingLog(stamped('15-staging-log.md', file(head(changes))), 'ET-12');
    if (!read.ok) return read.code;
    const verdict = classifyStagingLog(read.data);
    return verdict.kind === 'not-judged' ? verdict.fault.code : verdict.kind;
  };

  it.each([
    [{}, 'pass'],
    [{ staging_status: 'success' }, 'pass'],
    [{ staging_status: 'FAILED' }, 'fail'],
    [{ failed: '[A2]' }, 'fail'],
    [{ waived: '[C9a]' }, 'fail'],
    [{ strict: 'true' }, 'fail'],
    [{ checks: '{passed: 0, total: 0}', waived: '[]' }, 'art.contradiction'],
    [{ staging_status: 'OK' }, 'art.unrecognised'],
    [{ staging_status: 'ſUCCESS' }, 'art.unrecognised'],
    [{ staging_status: '' }, 'art.no_verdict'],
    [{ outcome: 'not-run' }, 'art.unrecognised'],
    [{ checks: '{passed: 8}' }, 'art.unrecognised'],
    [{ checks: '8/10' }, 'art.unrecognised'],
    [{ digest: 'sha256:short' }, 'art.unrecognised'],
    [{ failed: 'none' }, 'art.unrecognised'],
    [{ mode: '' }, 'art.unrecognised'],
  ])('artifacts §5 (15), AR-VAL-5: %j is %s', (changes, expected) => {
    expect(outcome(changes)).toBe(expected);
  });
});

describe('14-deploy-log.md', () => {
  const head = (changes: Record<string, string> = {}) =>
    Object.entries({
      deploy_status: 'SUCCESS',
      deploy_mode: 'command',
      deploy_id: 'ET-12.2.1.production',
      digest: DIGEST,
      base: SHA,
      exit_code: '0',
      health: '{attempts: 2, http: 200}',
      ...changes,
    })
      .filter(([, value]) => value !== '')
      .map(([key, value]) => `${key}: ${value}`)
      .join('\n');
  const outcome = (changes: Record<string, string>, provider: 'none' | 'command' = 'command') => {
    const read = parseDeployLog(stamped('14-deploy-log.md', file(head(changes))), 'ET-12');
    if (!read.ok) return read.code;
    const verdict = classifyDeployLog(read.data, provider);
    return verdict.kind === 'not-judged' ? verdict.fault.code : verdict.kind;
  };

  it.each([
    [{}, 'pass'],
    [{ deploy_status: 'FAILED', exit_code: '1' }, 'fail'],
    [{ deploy_status: 'FAILED', exit_code: '0' }, 'fail'],
    [{ exit_code: '1' }, 'fail'],
    [{ exit_code: '2' }, 'fail'],
    [{ deploy_status: 'DONE' }, 'art.unrecognised'],
    [{ exit_code: '3' }, 'art.unrecognised'],
    [{ exit_code: '' }, 'art.contradiction'],
    [{ digest: '' }, 'art.contradiction'],
    [{ deploy_mode: 'none' }, 'art.contradiction'],
    [{ deploy_status: 'NOT_APPLICABLE', exit_code: '', digest: '' }, 'art.contradiction'],
    [{ base: '' }, 'art.unrecognised'],
  ])('artifacts §5 (14), AR-VAL-5 (case 38): %j is %s', (changes, expected) => {
    expect(outcome(changes)).toBe(expected);
  });

  it('NOT_APPLICABLE passes only when the configuration on main deploys nothing', () => {
    expect(
      outcome(
        { deploy_status: 'NOT_APPLICABLE', deploy_mode: 'none', exit_code: '', digest: '', deploy_id: '' },
        'none',
      ),
    ).toBe('pass');
    expect(outcome({}, 'none')).toBe('art.contradiction');
  });
});

describe('staleness', () => {
  it('AR-VAL-3, G-GEN-15: another round, digest or tree than expected is stale; what is not expected is not compared', () => {
    const report = { pass: 2, digest: DIGEST, code_tree: TREE };
    expect(staleFault(report, { pass: 2, digest: DIGEST })).toBeNull();
    expect(staleFault(report, { pass: 3 })).toMatchObject({ code: 'art.stale', text: 'pass is 2, expected 3' });
    expect(staleFault(report, { commit: SHA })).toMatchObject({ text: `commit is missing, expected ${SHA}` });
    expect(staleFault(report, { code_tree: SHA })?.code).toBe('art.stale');
  });
});
