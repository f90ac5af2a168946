import { fault } from '../artifacts/codes.ts';
import type { ArtifactFault } from '../artifacts/codes.ts';
import { staleFault } from '../artifacts/fields.ts';
import { extractReportFindings } from '../artifacts/findings.ts';
import { parseFrontmatter } from '../artifacts/frontmatter.ts';
import type { TestFields } from '../artifacts/test-report.ts';
import { classifyTestReport, parseTestReport } from '../artifacts/test-report.ts';
import type { Verdict } from '../pipeline/verdict.ts';
import type { CodeRow } from './code-table.ts';
import { internalRow, issuer } from './code-table.ts';
import type { Fact } from './fact.ts';
import { judge } from './judge.ts';
import type { ReportFile, ReportTrust } from './report-file.ts';
import { faultText, untrusted } from './report-file.ts';
import type { TestOutcome } from './test-run.ts';

export const codes = [
  {
    code: 'TESTS_PASS',
    verdict: 'pass',
    action: 'none',
    class: null,
    rule: 'G-TST-6',
    when: 'the report of this code says so, and nothing in it says otherwise',
  },
  {
    code: 'TESTS_FAIL',
    verdict: 'fail',
    action: 'dev',
    class: 'code',
    rule: 'G-TST-5',
    when: 'a negative word in any field, `failed` above 0, or an `exit_code` other than 0',
  },
  {
    code: 'TESTS_NOT_JUDGED',
    verdict: 'error',
    action: 'infra',
    class: 'infra',
    rule: 'G-TST-7',
    when: 'no report, an unreadable one, or one that is neither PASS nor FAIL',
  },
  {
    code: 'TESTS_STALE',
    verdict: 'error',
    action: 'rerun',
    class: 'infra',
    rule: 'G-GEN-15',
    when: 'the report was made for other code or another round',
  },
  {
    code: 'TESTS_TIMEOUT',
    verdict: 'error',
    action: 'infra',
    class: 'infra',
    rule: 'G-TST-3',
    when: 'the command ran longer than `tests.timeout_s` (900)',
  },
  {
    code: 'TESTS_TOOL_ERROR',
    verdict: 'error',
    action: 'infra',
    class: 'infra',
    rule: 'G-TST-3',
    when: 'the command could not run: not found, killed, disk full, no connection',
  },
  {
    code: 'GATE_NO_PRODUCER',
    verdict: 'hold',
    action: 'hold',
    class: 'config',
    rule: 'G-GEN-14',
    when: '`tests.command` is empty',
  },
  {
    code: 'REPORT_UNTRUSTED',
    verdict: 'hold',
    action: 'hold',
    class: 'human',
    rule: 'G-FM-6',
    when: 'the report is not the blob that the ledger recorded',
  },
  internalRow('TESTS_INTERNAL'),
] as const satisfies readonly CodeRow[];

export interface TestsFacts {
  readonly item: string;
  readonly codeTree: Fact<string>;
  /** How the runner's command ended; null = judged from the report alone. */
  readonly outcome: TestOutcome | null;
  /** null = no report is expected: the runner's own outcome, judged at once, is the proof. */
  readonly file: ReportFile | null;
  readonly trust: ReportTrust;
  /** Round of the stage that the report must be of; null = not known. */
  readonly round: number | null;
}

const say = issuer('tests', codes);

/** Whether the tests were executed on this code and passed. Total, never throws. spec: G-TST-1…8 */
export function decideTests(facts: TestsFacts): Verdict {
  return judge('tests', () => {
    const { outcome, file, codeTree } = facts;
    if (outcome !== null && outcome.kind !== 'ran') {
      if (outcome.kind === 'timeout') return say('TESTS_TIMEOUT', { text: outcome.text });
      if (outcome.kind === 'tool-error') return say('TESTS_TOOL_ERROR', { text: `${outcome.text}; run again later` });
      return say('GATE_NO_PRODUCER', {
        text: 'tests.command is empty: set it in .conveyor/config.yml on the base branch',
      });
    }
    if (codeTree.kind === 'unreadable')
      return say('TESTS_INTERNAL', { text: `the code tree could not be read: ${codeTree.detail}` });
    const subject = { code_tree: codeTree.value };
    if (file === null) return fromOutcome(outcome, subject);
    if (file.kind === 'unreadable')
      return say('TESTS_NOT_JUDGED', { text: `${file.path} could not be read: ${file.detail}`, subject });
    const verdict =
      file.kind === 'absent' ? notJudged(file.path, fault('art.missing')) : fromFile(facts, file, codeTree.value);
    if (outcome?.result === 'FAIL' && verdict.verdict === 'pass')
      return say('TESTS_FAIL', {
        text: `${file.path} says PASS, but the tests ran red: ${outcome.text}`,
        findings: outcome.findings,
        subject,
        report: file.path,
      });
    return { ...verdict, subject, report: file.path };
  });
}

function fromOutcome(outcome: Extract<TestOutcome, { kind: 'ran' }> | null, subject: Record<string, string>): Verdict {
  if (outcome === null)
    return say('TESTS_NOT_JUDGED', {
      text: 'the tests were not run and there is no report',
      detail: 'art.missing',
      subject,
    });
  const facts = { total: outcome.total, failed: outcome.failed, skipped: outcome.skipped, exit_code: outcome.exitCode };
  return outcome.result === 'PASS'
    ? say('TESTS_PASS', { text: outcome.text, facts, subject })
    : say('TESTS_FAIL', { text: outcome.text, findings: outcome.findings, facts, subject });
}

function fromFile(facts: TestsFacts, file: Extract<ReportFile, { kind: 'file' }>, codeTree: string): Verdict {
  const doubt = untrusted(file, facts.trust);
  if (doubt !== null) return say('REPORT_UNTRUSTED', { text: doubt, detail: 'art.untrusted' });
  const reading = readReport(facts, file, codeTree);
  if (!reading.ok)
    return reading.code === 'art.stale'
      ? say('TESTS_STALE', { text: faultText(file.path, reading), detail: reading.code })
      : notJudged(file.path, reading);
  const result = classifyTestReport(reading.fields);
  const shown = Object.fromEntries(
    (['result', 'verdict', 'status', 'total', 'failed', 'skipped', 'exit_code'] as const).flatMap((key) => {
      const value = (reading.fields as Record<string, unknown>)[key];
      return typeof value === 'string' ? [[key, value.slice(0, 80)]] : [];
    }),
  );
  if (result.kind === 'not-judged')
    return say('TESTS_NOT_JUDGED', {
      text: `${file.path}: ${result.text} (${result.code})`,
      detail: result.code,
      facts: shown,
    });
  if (result.kind === 'pass') return say('TESTS_PASS', { text: result.text, facts: shown });
  const findings = extractReportFindings(reading.body);
  return say('TESTS_FAIL', {
    text: `${result.text}: see ${file.path}`,
    findings: findings === '' ? null : findings,
    facts: shown,
  });
}

type ReportReading =
  | { readonly ok: true; readonly fields: TestFields; readonly body: string }
  | ({ readonly ok: false } & ArtifactFault);

function readReport(facts: TestsFacts, file: Extract<ReportFile, { kind: 'file' }>, codeTree: string): ReportReading {
  const { trust } = facts;
  if (trust.kind === 'recorded') {
    const reading = parseTestReport(file.content, facts.item);
    if (!reading.ok) return reading;
    const { report, fields } = reading.data;
    const stale = staleFault(report, {
      code_tree: codeTree,
      ...(facts.round === null ? {} : { version: facts.round }),
    });
    return stale === null ? { ok: true, fields, body: reading.body } : { ok: false, ...stale };
  }
  if (trust.subject.kind === 'unreadable')
    return { ok: false, ...fault('art.untrusted', `nothing tells which code it is about: ${trust.subject.detail}`) };
  if (trust.subject.value !== codeTree)
    return {
      ok: false,
      ...fault('art.stale', `it was written for code tree ${trust.subject.value}, judged is ${codeTree}`),
    };
  const parsed = parseFrontmatter(file.content);
  return parsed.ok
    ? { ok: true, fields: parsed.data, body: parsed.body }
    : { ok: false, code: parsed.code, line: parsed.line, text: parsed.message };
}

const notJudged = (path: string, found: ArtifactFault) =>
  say('TESTS_NOT_JUDGED', { text: `${faultText(path, found)}; the tests run again`, detail: found.code });
