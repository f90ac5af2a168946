import { fault } from '../artifacts/codes.ts';
import type { ArtifactFault } from '../artifacts/codes.ts';
import { staleFault } from '../artifacts/fields.ts';
import { extractReportFindings } from '../artifacts/findings.ts';
import { classifyStagingLog, parseStagingLog } from '../artifacts/staging-log.ts';
import type { Verdict } from '../pipeline/verdict.ts';
import type { CodeRow } from './code-table.ts';
import { internalRow, issuer } from './code-table.ts';
import { judge } from './judge.ts';
import type { ReportFile } from './report-file.ts';
import { faultText, untrusted } from './report-file.ts';

export const codes = [
  {
    code: 'STG_SUCCESS',
    verdict: 'pass',
    action: 'none',
    class: null,
    rule: 'G-STG-5',
    when: 'the suite ran against this very artifact and every check passed or is waived',
  },
  {
    code: 'N_A',
    verdict: 'pass',
    action: 'none',
    class: null,
    rule: 'G-STG',
    when: 'the repository has no staging target',
  },
  {
    code: 'STG_FAILED',
    verdict: 'fail',
    action: 'dev',
    class: 'code',
    rule: 'G-STG-5',
    when: 'a real check failed, the build failed while the base builds, or the new version never became healthy',
  },
  {
    code: 'STG_ENV',
    verdict: 'hold',
    action: 'hold',
    class: 'infra',
    rule: 'G-STG-2',
    when: 'the staging environment must be repaired: tool, host key, right or container missing, safety abort',
  },
  {
    code: 'STG_TRANSIENT',
    verdict: 'error',
    action: 'infra',
    class: 'infra',
    rule: 'G-STG-3',
    when: 'time-out, connection, name resolution, or anything without proof',
  },
  {
    code: 'STG_WRONG_REVISION',
    verdict: 'error',
    action: 'infra',
    class: 'infra',
    rule: 'G-STG-7',
    when: 'staging served another revision or digest than this artifact',
  },
  {
    code: 'STG_NOT_JUDGED',
    verdict: 'error',
    action: 'infra',
    class: 'infra',
    rule: 'G-STG-5',
    when: 'no report, an unreadable one, or one of another pass, digest or code tree',
  },
  {
    code: 'REPORT_UNTRUSTED',
    verdict: 'hold',
    action: 'hold',
    class: 'human',
    rule: 'G-FM-6',
    when: 'the report is not the blob that the ledger recorded',
  },
  internalRow('STAGING_INTERNAL'),
] as const satisfies readonly CodeRow[];

/** How build, deploy and suite of this pass ended, as the delivery classified it. spec: delivery §4 */
export type StagingRun =
  | {
      readonly class: 'suite-ran';
      readonly status: 'SUCCESS' | 'FAILED';
      readonly checks: { readonly passed: number; readonly total: number };
      readonly failed: readonly string[];
      readonly waived: readonly string[];
      /** Why it failed when no single check says it. */
      readonly reason: string | null;
      readonly log?: string;
    }
  | {
      readonly class: 'suite-ran';
      readonly code: 'STG_FAILED';
      readonly detail: 'build-failed' | 'staging-unhealthy';
      readonly text: string;
      readonly log?: string;
    }
  | {
      readonly class: 'permanent-env' | 'transient-infra';
      readonly code: 'STG_ENV' | 'STG_TRANSIENT' | 'STG_WRONG_REVISION';
      readonly text: string;
    };

export interface StagingFacts {
  readonly repository: string;
  /** The repository has a staging target. */
  readonly configured: boolean;
  readonly item: string;
  /** null = not known any more, the report alone decides. */
  readonly run: StagingRun | null;
  /** The delivery record. spec: D-STG-2 */
  readonly expected: { readonly pass: number; readonly digest: string; readonly codeTree: string };
  /** null = no report is expected: the run itself, judged at once, is the proof. */
  readonly file: ReportFile | null;
  /** Blob of the report as recorded. */
  readonly recorded: string | null;
}

const say = issuer('staging', codes);

/** Whether this artifact proved itself on staging. Total, never throws. spec: G-STG-1…6, G-STG-8, D-STG-1…3 */
export function decideStaging(facts: StagingFacts): Verdict {
  return judge('staging', () => {
    if (!facts.configured) return say('N_A', { text: `Staging gate N/A for ${facts.repository}` });
    const subject = { code_tree: facts.expected.codeTree, digest: facts.expected.digest };
    return { ...decide(facts), subject };
  });
}

function decide(facts: StagingFacts): Verdict {
  const { run, file } = facts;
  if (run !== null && !('status' in run)) return notRun(run);
  if (file === null)
    return run === null
      ? notJudged('staging', fault('art.missing', 'the suite did not run and there is no report'))
      : fromRun(run);
  const verdict = fromReport(facts, file);
  // Red that was seen beats a report that says otherwise. spec: G-GEN-1
  return run !== null && run.status === 'FAILED' && verdict.verdict === 'pass' ? fromRun(run) : verdict;
}

function notRun(run: Exclude<StagingRun, { status: unknown }>): Verdict {
  if ('detail' in run) {
    const what =
      run.detail === 'build-failed'
        ? 'the build failed, while the base builds'
        : 'the new version never became healthy on staging';
    return say('STG_FAILED', {
      text: `${what}: ${run.text}`,
      detail: run.detail,
      findings: [run.text, run.log ?? ''].join('\n').trim(),
    });
  }
  if (run.class === 'permanent-env') return say('STG_ENV', { text: `staging must be repaired: ${run.text}` });
  const code = run.code === 'STG_WRONG_REVISION' ? run.code : 'STG_TRANSIENT';
  return say(code, { text: `staging could not be judged: ${run.text}; tried again later` });
}

function fromRun(run: Extract<StagingRun, { status: unknown }>): Verdict {
  const { checks, failed, waived } = run;
  const shape = { facts: { checks, failed, waived } };
  const counts = `${checks.passed}/${checks.total}`;
  if (
    run.status === 'SUCCESS' &&
    failed.length === 0 &&
    checks.total > 0 &&
    checks.passed + waived.length >= checks.total
  )
    return say('STG_SUCCESS', { text: success(counts, waived), ...shape });
  const text = `staging suite FAILED ${counts}: ${run.reason ?? failed.join(', ')}`;
  return say('STG_FAILED', { text, findings: [text, run.log ?? ''].join('\n').trim(), ...shape });
}

const success = (counts: string, waived: readonly string[]) =>
  `SUCCESS ${counts}${waived.length > 0 ? `, waived ${waived.join(', ')}` : ''}`;

function fromReport(facts: StagingFacts, file: ReportFile): Verdict {
  const { expected } = facts;
  if (file.kind === 'unreadable')
    return say('STG_NOT_JUDGED', { text: `${file.path} could not be read: ${file.detail}; judged again later` });
  if (file.kind === 'absent') return notJudged(file.path, fault('art.missing'));
  const doubt = untrusted(file, { kind: 'recorded', blob: facts.recorded });
  if (doubt !== null) return say('REPORT_UNTRUSTED', { text: doubt, detail: 'art.untrusted', report: file.path });
  const reading = parseStagingLog(file.content, facts.item);
  if (!reading.ok) return notJudged(file.path, reading);
  const stale = staleFault(reading.data, {
    pass: expected.pass,
    digest: expected.digest,
    code_tree: expected.codeTree,
  });
  if (stale !== null) return notJudged(file.path, stale);
  const { checks, failed, waived, strict, mode } = reading.data;
  const shape = { facts: { checks, failed, waived, strict, mode }, report: file.path };
  const result = classifyStagingLog(reading.data);
  if (result.kind === 'not-judged') return notJudged(file.path, result.fault);
  if (result.kind === 'pass')
    return say('STG_SUCCESS', { text: success(`${checks.passed}/${checks.total}`, waived), ...shape });
  const findings = extractReportFindings(reading.body);
  return say('STG_FAILED', {
    text: `${result.text}; see ${file.path}`,
    findings: findings === '' ? null : findings,
    ...shape,
  });
}

const notJudged = (path: string, found: ArtifactFault) =>
  say('STG_NOT_JUDGED', { text: `${faultText(path, found)}; judged again later`, detail: found.code, report: path });
