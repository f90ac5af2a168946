import { createHash } from 'node:crypto';
import { type Draft, emit, enter, hold, queue, releaseSlot } from './draft.ts';
import { type GateName, STAGES, STAGE_TABLE, type Stage } from './stages.ts';
import { type HoldReason, type ItemState, isCritical } from './state.ts';
import { tellWorker } from './told.ts';
import type { Verdict } from './verdict.ts';

/** Verdict code → hold reason, where it is not `infra`. spec: pipeline §8.4 */
const HOLDS: Readonly<Record<string, HoldReason>> = {
  ANALYSIS_QUESTIONS: 'questions',
  ANALYSIS_EMPTY: 'analysis-empty',
  ARCH_EMPTY: 'agent-failed',
  REVIEW_NOT_JUDGED: 'agent-failed',
  REVIEW_STALE: 'agent-failed',
  REPORT_UNTRUSTED: 'report-untrusted',
  CI_SILENT: 'ci-silent',
  CI_STUCK: 'ci-silent',
  CI_NEVER_REPORTED: 'ci-silent',
  CI_ALL_SKIPPED: 'ci-silent',
  CI_SHA_UNKNOWN: 'ci-silent',
  GATE_NO_PRODUCER: 'config-invalid',
  DEPLOY_FAILED: 'deploy-failed',
  DEPLOY_ROLLBACK_FAILED: 'deploy-failed',
  DEPLOY_UNKNOWN: 'deploy-unknown',
  NOT_LANDED: 'not-landed',
  LANDED_TREE_MISMATCH: 'not-landed',
  LANDED_BASE_MOVED: 'not-landed',
  LANDED_OUT_OF_BAND: 'merged-outside',
  PR_CREATE_FAILED: 'pr-create-failed',
  MERGE_REFUSED: 'merge-refused',
};

export const holdReason = (code: string): HoldReason => HOLDS[code] ?? 'infra';

/** Exponential back-off in seconds for the n-th failure (n from 0). spec: pipeline §8.1 */
export const backoffS = (baseS: number, failures: number, capS: number) =>
  Math.min(baseS * 2 ** Math.min(failures, 30), capS);

/** Hash of what failed, without numbers, paths, hashes and times, so that the same red is recognised. spec: G-GEN-3 */
export function fingerprint(gate: string, code: string, text: string): string {
  const normal = text
    .replace(/[0-9a-f]{7,64}/gi, '')
    .replace(/\S*\/\S*/g, '')
    .replace(/\d+/g, '')
    .replace(/\s+/g, ' ');
  return createHash('sha256').update(`${gate}\n${code}\n${normal}`).digest('hex').slice(0, 16);
}

/** A person gave a fresh start: the counters that stopped the item begin again. spec: PL-R-6 */
export function freshBudgets(item: ItemState): void {
  Object.assign(item.counters, {
    developer: 0,
    run: 0,
    infra: {},
    transient: 0,
    noProgress: 0,
    conflict: 0,
    entries: 0,
  });
  item.fingerprint = null;
}

/** Verdicts of this stage and of later ones say nothing about the next version, nor do marks of the delivery. spec: PL-R-7 */
export function voidFrom(item: ItemState, stage: Stage): void {
  for (const row of STAGE_TABLE.slice(STAGES.indexOf(stage))) for (const gate of row.gates) delete item.gates[gate];
  if (item.delivery !== null)
    Object.assign(item.delivery, { validated: null, request: null, approved: null, land: null, phase: 'failed' });
}

/**
 * A gate proved a fault of the change: back to the developer with the findings, verbatim, until the budget is spent
 * or the same red came twice. spec: PL-R-1…4, PL-R-7, G-GEN-2…4
 */
export function rework(draft: Draft, item: ItemState, verdict: Verdict, relaunch = true): void {
  const limit = draft.config.retry.developer_max;
  const print = fingerprint(verdict.gate, verdict.code, verdict.findings ?? verdict.text);
  const repeated = item.fingerprint === print;
  item.fingerprint = print;
  item.counters.noProgress = repeated ? Math.max(item.counters.noProgress, 1) + 1 : 1;
  const attempt = Math.min(item.counters.developer + 1, limit);
  tellWorker(item, verdict.findings ?? verdict.text, {
    gate: verdict.gate,
    code: verdict.code,
    verdict: verdict.verdict,
    attempt,
    limit,
    round: item.rounds.development ?? 1,
    sha: item.head,
    report: verdict.report,
  });
  releaseSlot(draft, item);
  const from = item.stage;
  voidFrom(item, 'development');
  enter(draft, item, 'development');
  const stop = relaunch ? spent(draft, item, verdict) : { reason: holdReason(verdict.code), text: verdict.text };
  const again = stop === null && item.hold === null;
  reportFailure(draft, item, from, verdict, again ? { attempt, limit } : null);
  if (again) item.counters.developer = attempt;
  else if (stop !== null && (item.hold === null || !relaunch)) hold(draft, item, stop.reason, verdict.code, stop.text);
}

/** Why the developer may not start once more; null = it may. spec: PL-R-1, PL-R-4 */
function spent(
  draft: Draft,
  item: ItemState,
  verdict: Verdict,
): { readonly reason: HoldReason; readonly text: string } | null {
  const { developer_max, same_fingerprint_max } = draft.config.retry;
  const { developer, noProgress } = item.counters;
  if (developer >= developer_max)
    return { reason: 'retries-exhausted', text: `${developer_max} attempts are used up; last: ${verdict.text}` };
  if (same_fingerprint_max === 0 || noProgress < same_fingerprint_max) return null;
  return { reason: 'no-progress', text: `the same failure came ${noProgress} times: ${verdict.text}` };
}

/** The comment on a gate that sent an item back; `again` = the developer starts, null = the item is held as well. spec: H-CMT-8, H-FUI-7 */
function reportFailure(
  draft: Draft,
  item: ItemState,
  from: Stage,
  verdict: Verdict,
  again: { readonly attempt: number; readonly limit: number } | null,
): void {
  emit(draft, item, {
    kind: 'tracker-comment',
    comment: 'gate_failed',
    stage: from,
    attempt: item.seq,
    role: 'stream',
    data: {
      gate: verdict.gate,
      verdict: verdict.verdict,
      code: verdict.code,
      class: verdict.class ?? '',
      text: verdict.text,
      sha: item.head ?? '',
      report: verdict.report ?? '',
      ...(again === null ? {} : { attempt: String(again.attempt), limit: String(again.limit) }),
    },
  });
}

/** A run in the critical window goes on from what the ledger says of the deployment; any other works. */
export const workMode = (item: ItemState): ItemState['mode'] => (isCritical(item) ? 'finalize' : 'work');

/** Judge again later, without a rollback or a developer retry, then hold. spec: INF of gates §1 */
export function infraRetry(
  draft: Draft,
  item: ItemState,
  gate: GateName | 'work' | 'deploy-hook',
  code: string,
  text: string,
): void {
  const { infra_max, infra_delay_s, infra_cap_s } = draft.config.retry;
  const tries = item.counters.infra[gate] ?? 0;
  if (tries >= infra_max) return hold(draft, item, holdReason(code), code, text);
  queue(draft, item, workMode(item), backoffS(infra_delay_s, tries, infra_cap_s));
  item.counters.infra[gate] = tries + 1;
}

/** Repeat the run of the worker, told what was wrong; then hold. spec: RERUN of gates §1, class run of pipeline §8.1 */
export function runRetry(
  draft: Draft,
  item: ItemState,
  code: string,
  text: string,
  reason: HoldReason,
  mode = workMode(item),
): void {
  const limit =
    code === 'ANALYSIS_EMPTY' || code === 'ARCH_EMPTY'
      ? Math.min(1, draft.config.retry.run_max)
      : draft.config.retry.run_max;
  const runs = item.counters.run;
  if (runs >= limit) return hold(draft, item, reason, code, text);
  queue(draft, item, mode);
  item.counters.run = runs + 1;
}
