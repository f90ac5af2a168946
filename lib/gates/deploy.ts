import { fault } from '../artifacts/codes.ts';
import type { ArtifactFault } from '../artifacts/codes.ts';
import type { DeployLog } from '../artifacts/deploy-log.ts';
import { classifyDeployLog, parseDeployLog } from '../artifacts/deploy-log.ts';
import { staleFault } from '../artifacts/fields.ts';
import { extractReportFindings } from '../artifacts/findings.ts';
import type { Config } from '../pipeline/config.ts';
import type { Verdict } from '../pipeline/verdict.ts';
import type { CodeRow } from './code-table.ts';
import { internalRow, issuer } from './code-table.ts';
import { judge } from './judge.ts';
import type { ReportFile } from './report-file.ts';
import { faultText, untrusted } from './report-file.ts';

export const codes = [
  {
    code: 'DEPLOY_SUCCESS',
    verdict: 'pass',
    action: 'none',
    class: null,
    rule: 'G-DPL-2',
    when: 'the log of this pass, digest and deploy id says SUCCESS and nothing contradicts it',
  },
  {
    code: 'N_A',
    verdict: 'pass',
    action: 'none',
    class: null,
    rule: 'G-DPL',
    when: '`deploy.provider` is `none` and the log says NOT_APPLICABLE',
  },
  {
    code: 'DEPLOY_FAILED',
    verdict: 'fail',
    action: 'dev!',
    class: 'code',
    rule: 'G-DPL-3',
    when: 'the deploy failed and the previous version serves again',
  },
  {
    code: 'DEPLOY_ROLLBACK_FAILED',
    verdict: 'fail',
    action: 'dev!',
    class: 'code',
    rule: 'G-DPL-4',
    when: 'the deploy failed, and so did the rollback',
  },
  {
    code: 'DEPLOY_AWAITING_CONFIRM',
    verdict: 'hold',
    action: 'hold',
    class: 'human',
    rule: 'G-DPL-1',
    when: 'nobody confirmed this digest, the confirmation expired, or the deploy has not started',
  },
  {
    code: 'DEPLOY_UNKNOWN',
    verdict: 'hold',
    action: 'hold',
    class: 'infra',
    rule: 'G-DPL-6',
    when: 'nothing proves what production runs',
  },
  {
    code: 'DEPLOY_NOT_STARTED',
    verdict: 'error',
    action: 'infra',
    class: 'infra',
    rule: 'G-DPL-5',
    when: 'the hook refused and changed nothing',
  },
  {
    code: 'DEPLOY_GUARD',
    verdict: 'error',
    action: 'infra',
    class: 'infra',
    rule: 'G-DPL-5',
    when: 'the hook refused because digest or revision differ',
  },
  {
    code: 'REPORT_UNTRUSTED',
    verdict: 'hold',
    action: 'hold',
    class: 'human',
    rule: 'G-FM-6',
    when: 'the log is not the blob that the ledger recorded',
  },
  internalRow('DEPLOY_INTERNAL'),
] as const satisfies readonly CodeRow[];

/** A person's confirmation, bound to a digest. spec: G-DPL-7 */
export type Confirmation =
  | { readonly kind: 'none' }
  | { readonly kind: 'confirmed'; readonly by: string; readonly digest: string; readonly expiresAt: string };

/** How the hook of this deploy id ended, as proven by the hook or by the target's own answer. */
export interface HookFact {
  readonly state: 'ok' | 'rolled-back' | 'rollback-failed' | 'refused' | 'interrupted' | 'running' | 'unknown';
  /** The refusal was about digest or revision. */
  readonly guard: boolean;
  readonly text: string;
}

export interface DeployFacts {
  readonly item: string;
  readonly now: string;
  /** What would be deployed now: the digest; without a deployment the validated commit. */
  readonly digest: string;
  readonly confirmation: Confirmation;
  /** null = no hook was started. */
  readonly hook: HookFact | null;
  /** null = not known, then the log is not compared with it; inside the pipeline only deployId may be (no deployment). */
  readonly expected: {
    readonly pass: number | null;
    readonly commit: string | null;
    readonly codeTree: string;
    readonly deployId: string | null;
  };
  readonly file: ReportFile;
  /** Blob of the log as recorded. */
  readonly recorded: string | null;
}

const say = issuer('deploy', codes);

/** Whether this digest serves in production. Total, never throws. spec: G-DPL-1…7 */
export function decideDeploy(facts: DeployFacts, config: Pick<Config['deploy'], 'provider'>): Verdict {
  return judge('deploy', () => ({
    ...decide(facts, config.provider),
    subject: { digest: facts.digest, ...(facts.expected.commit === null ? {} : { sha: facts.expected.commit }) },
  }));
}

function decide(facts: DeployFacts, provider: Config['deploy']['provider']): Verdict {
  const { hook } = facts;
  if (provider === 'none') return awaiting(facts) ?? fromLog(facts, provider);
  if (hook === null)
    return (
      awaiting(facts) ?? say('DEPLOY_AWAITING_CONFIRM', { text: 'the deploy is confirmed and has not started yet' })
    );
  if (hook.state === 'refused')
    return say(hook.guard ? 'DEPLOY_GUARD' : 'DEPLOY_NOT_STARTED', {
      text: `the hook changed nothing: ${hook.text}; tried again later`,
    });
  if (hook.state === 'unknown' || hook.state === 'running' || hook.state === 'interrupted')
    return unknown(`the hook is ${hook.state}: ${hook.text}`);
  return fromLog(facts, provider);
}

/** Why nothing may start: no confirmation, one of another digest, or an expired one. */
function awaiting(facts: DeployFacts): Verdict | null {
  const { confirmation, digest } = facts;
  const ask = (why: string) =>
    say('DEPLOY_AWAITING_CONFIRM', { text: `${why}: a person confirms ${shortOf(digest)} (Confirm Deploy)` });
  if (confirmation.kind === 'none') return ask('the deploy is not confirmed');
  if (confirmation.digest !== digest)
    return ask(`${confirmation.by} confirmed ${shortOf(confirmation.digest)}, which is not what would be deployed`);
  const left = Date.parse(confirmation.expiresAt) - Date.parse(facts.now);
  // A log that is already recorded belongs to a start inside the time limit.
  if (!(left > 0) && facts.recorded === null)
    return ask(`the confirmation by ${confirmation.by} expired at ${confirmation.expiresAt}`);
  return null;
}

function fromLog(facts: DeployFacts, provider: Config['deploy']['provider']): Verdict {
  const { file, expected, hook } = facts;
  if (file.kind === 'unreadable')
    return say('DEPLOY_INTERNAL', {
      text: `${file.path} could not be read: ${file.detail}; judged again later`,
      report: file.path,
    });
  if (file.kind === 'absent') return unread(file.path, fault('art.missing'));
  const doubt = untrusted(file, { kind: 'recorded', blob: facts.recorded });
  if (doubt !== null) return say('REPORT_UNTRUSTED', { text: doubt, detail: 'art.untrusted', report: file.path });
  const reading = parseDeployLog(file.content, facts.item);
  if (!reading.ok) return unread(file.path, reading);
  const log = reading.data;
  const stale =
    staleFault(log, {
      ...(expected.pass === null ? {} : { pass: expected.pass }),
      ...(expected.commit === null ? {} : { commit: expected.commit }),
      ...(provider === 'none' ? {} : { digest: facts.digest }),
      code_tree: expected.codeTree,
    }) ??
    (expected.deployId !== null && log.deploy_id !== expected.deployId
      ? fault('art.stale', `deploy_id is ${log.deploy_id ?? 'missing'}, expected ${expected.deployId}`)
      : null);
  if (stale !== null) return unread(file.path, stale);
  const shape = {
    facts: { deploy_status: log.deploy_status, exit_code: log.exit_code ?? null, deploy_id: log.deploy_id ?? null },
    report: file.path,
  };
  const result = classifyDeployLog(log, provider);
  if (result.kind === 'not-judged') return unread(file.path, result.fault);
  const contradicted =
    hook !== null && hook.state !== 'ok'
      ? `the log says ${log.deploy_status}, but the hook ended as ${hook.state}`
      : null;
  if (result.kind === 'fail' || contradicted !== null) {
    const findings = extractReportFindings(reading.body);
    return say(rollbackFailed(log, hook) ? 'DEPLOY_ROLLBACK_FAILED' : 'DEPLOY_FAILED', {
      text: `${result.kind === 'fail' ? result.text : (contradicted ?? '')}; see ${file.path}`,
      findings: findings === '' ? null : findings,
      ...shape,
    });
  }
  if (provider === 'none')
    return say('N_A', { text: 'nothing is deployed for this repository (deploy.provider: none)', ...shape });
  return say('DEPLOY_SUCCESS', { text: `${shortOf(facts.digest)} serves in production`, ...shape });
}

const rollbackFailed = (log: DeployLog, hook: HookFact | null) =>
  log.exit_code === 2 || hook?.state === 'rollback-failed';
const unread = (path: string, found: ArtifactFault) => unknown(faultText(path, found), found.code, path);
const unknown = (why: string, detail: string | null = null, report: string | null = null) =>
  say('DEPLOY_UNKNOWN', {
    text: `nothing proves what production runs: ${why}; look at production, then recheck`,
    detail,
    report,
  });
const shortOf = (digest: string) => digest.replace(/^sha256:/, '').slice(0, 12);
