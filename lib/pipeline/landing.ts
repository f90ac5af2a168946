import {
  type Draft,
  advance,
  applied,
  comment,
  dispatch,
  emit,
  enter,
  hold,
  ignored,
  open,
  queue,
  recordVerdict,
  releaseSlot,
  settle,
  wait,
} from './draft.ts';
import type { DeliveryRecorded, StageLanded } from './events.ts';
import { applyCancel, approveAnalysis, startDeploy } from './gestures.ts';
import { backoffS, holdReason, infraRetry, rework, runRetry } from './retries.ts';
import { type ItemState, isCritical } from './state.ts';
import type { Verdict } from './verdict.ts';

type FromRun = Pick<StageLanded | DeliveryRecorded, 'token' | 'run' | 'item' | 'head' | 'reports'> & { readonly type: string };

/** The item, if the run that speaks still holds its token. Stale work cannot land. spec: PL-K-3, PL-K-7 */
function currentItem(draft: Draft, event: FromRun): ItemState | null {
  const found = draft.items.get(event.item);
  if (found === undefined) {
    ignored(draft, event.type, event.item, 'I-NOITEM', `${event.item} is not a live work item any more`);
    return null;
  }
  if (found.token === null || found.token !== event.token) {
    ignored(draft, event.type, found.id, 'I-RUN', `this run is superseded: ${found.id} is in ${found.stage}/${found.activity} now`);
    return null;
  }
  return found;
}

function takeHead(draft: Draft, item: ItemState, event: FromRun, inert: boolean): void {
  if (event.head !== null && event.head !== item.head) {
    if (inert && item.head !== null) emit(draft, item, { kind: 'carry-statuses', from: item.head, to: event.head });
    item.head = event.head;
  }
  for (const [path, blob] of Object.entries(event.reports))
    item.reports[path] = { blob, commit: item.head ?? blob, round: item.rounds[item.stage] ?? 1, run: event.run };
}

/** What a stage run brought. spec: pipeline §3.3 "stage landed", §8 */
export function decideLanded(draft: Draft, event: StageLanded): void {
  if (currentItem(draft, event) === null) return;
  const item = open(draft, event.item, 'stage.landed', 'PL-K-3', `${event.outcome.class}${event.verdicts.map((verdict) => `, ${verdict.gate} ${verdict.verdict} ${verdict.code}`).join('')}`);
  applied(draft, 'stage.landed', item.id, 'PL-K-3', item.stage);
  addUsage(item, event);
  takeHead(draft, item, event, item.stage !== 'development');
  for (const verdict of event.verdicts) recordVerdict(draft, item, verdict);
  const before = item.stage;
  if (event.outcome.class === 'ok') judged(draft, item, event);
  else unfinished(draft, item, event);
  deferredStop(draft, item, before);
}

/** STOP that had to wait takes effect at the end of the deployment. spec: PL-H-6, delivery §9 */
function deferredStop(draft: Draft, item: ItemState, before: ItemState['stage']): void {
  if (item.cancel === null || item.stage === 'cancelled') return;
  if (item.stage === 'done') return comment(draft, item, 'cancel_late', 'stream');
  if (isCritical(item)) return;
  const untouched = before !== 'deploy' || item.stage === 'development';
  if (untouched || item.delivery?.phase !== 'landed') applyCancel(draft, item, item.cancel.reason);
}

function addUsage(item: ItemState, event: StageLanded): void {
  const { seconds, usage, costUsd } = event.outcome;
  const sum = item.usage[item.stage] ?? { seconds: 0, input: 0, cached: 0, output: 0, costUsd: 0 };
  item.usage[item.stage] = {
    seconds: Math.round((sum.seconds + seconds) * 100) / 100,
    input: sum.input + (usage?.input ?? 0) + (usage?.cacheRead ?? 0) + (usage?.cacheCreation ?? 0),
    cached: sum.cached + (usage?.cacheRead ?? 0),
    output: sum.output + (usage?.output ?? 0),
    costUsd: sum.costUsd + (costUsd ?? 0),
  };
}

/** The worker did not finish: its class decides, and no class burns a developer retry. spec: agents §7, AG-OUT-1 */
function unfinished(draft: Draft, item: ItemState, event: StageLanded): void {
  const { class: outcome, text } = event.outcome;
  switch (outcome) {
    case 'transient': {
      const failures = item.counters.transient;
      if (failures >= draft.config.retry.transient_max) return hold(draft, item, 'agent-unavailable', outcome, text);
      queue(draft, item, 'work', backoffS(60, failures, 900));
      item.counters.transient = failures + 1;
      return;
    }
    case 'auth':
    case 'usage-limit':
      return hold(draft, item, 'agent-unavailable', outcome, text);
    case 'config':
      return hold(draft, item, 'config-invalid', outcome, text);
    case 'budget':
      return hold(draft, item, 'budget', outcome, text);
    case 'infra':
      return infraRetry(draft, item, 'work', event.outcome.cause ?? 'WORK_INFRA', text);
    case 'no-change':
      if (item.stage === 'development') {
        const rounds = item.counters.noProgress + 1;
        if (rounds >= draft.config.retry.same_fingerprint_max) return hold(draft, item, 'no-progress', outcome, text);
        queue(draft, item);
        item.counters.noProgress = rounds;
        return;
      }
      return runRetry(draft, item, item.stage === 'analysis' ? 'ANALYSIS_EMPTY' : outcome, text, item.stage === 'analysis' ? 'analysis-empty' : 'agent-failed');
    default:
      return runRetry(draft, item, event.outcome.cause ?? outcome, text, 'agent-failed');
  }
}

function judged(draft: Draft, item: ItemState, event: StageLanded): void {
  const stopping = event.verdicts.find((verdict) => verdict.verdict !== 'pass');
  if (stopping !== undefined) return notPassed(draft, item, event, stopping);
  stageComment(draft, item, event);
  item.findings = null;
  item.counters.noProgress = 0;
  switch (item.stage) {
    case 'analysis':
      item.package = event.package;
      if (event.verdicts.some((verdict) => verdict.gate === 'analysis-approved')) return approveAnalysis(draft, item, 'autoApprove', 'label');
      return wait(draft, item, 'approval');
    case 'development':
      if (item.branch !== null) emit(draft, item, { kind: 'pull-request', branch: item.branch });
      if (event.verdicts.some((verdict) => verdict.gate === 'ci')) return advance(draft, item);
      return wait(draft, item, 'ci');
    case 'deploy-staging':
      return requestDeploy(draft, item, event);
    case 'deploy':
      return finish(draft, item, event);
    default:
      return advance(draft, item);
  }
}

/** The one status comment of this stage attempt. spec: people §1.1 */
function stageComment(draft: Draft, item: ItemState, event: StageLanded): void {
  const { usage, costUsd } = event.outcome;
  const figures = { ...usage, costUsd };
  comment(draft, item, 'stage', item.stage, { sha: item.head ?? '', seconds: String(event.outcome.seconds), usage: JSON.stringify(figures) });
}

function notPassed(draft: Draft, item: ItemState, event: StageLanded, verdict: Verdict): void {
  if (verdict.code === 'DEPLOY_GUARD') return backToEdge(draft, item, verdict);
  switch (verdict.action) {
    case 'dev':
      if (verdict.gate === 'architecture') return conflict(draft, item, event, verdict);
      stageComment(draft, item, event);
      return rework(draft, item, verdict);
    case 'dev!':
      return rework(draft, item, verdict, false);
    case 'rerun':
      return runRetry(draft, item, verdict.code, verdict.text, holdReason(verdict.code));
    case 'infra':
      return infraRetry(draft, item, verdict.gate, verdict.code, verdict.text);
    default:
      return waitOrHold(draft, item, event, verdict);
  }
}

function waitOrHold(draft: Draft, item: ItemState, event: StageLanded, verdict: Verdict): void {
  if (verdict.code === 'APPROVAL_PENDING' || verdict.code === 'APPROVAL_STALE') {
    item.package = event.package;
    stageComment(draft, item, event);
    item.findings = null;
    return wait(draft, item, 'approval');
  }
  if (verdict.code === 'CI_PENDING' || verdict.code === 'CI_RERUN_PENDING') return wait(draft, item, 'ci');
  hold(draft, item, holdReason(verdict.code), verdict.code, verdict.text);
  if (verdict.code === 'ANALYSIS_QUESTIONS')
    comment(draft, item, 'questions', 'analyst', { text: (event.message ?? '').slice(0, 16_384) });
}

/** Main or artifact are not what was validated, production is untouched: the edge once more, no retry charged. spec: G-DPL-5, D-B-4 */
function backToEdge(draft: Draft, item: ItemState, verdict: Verdict): void {
  const times = item.counters.infra['deploy-guard'] ?? 0;
  releaseSlot(draft, item);
  item.stage = 'deploy-staging';
  if (item.delivery !== null) Object.assign(item.delivery, { phase: 'building', approved: null });
  if (times >= draft.config.retry.infra_max) return hold(draft, item, 'infra', verdict.code, verdict.text);
  queue(draft, item, 'resume');
  item.counters.infra['deploy-guard'] = times + 1;
}

/** The architect cannot meet the requirements: the analyst works on its text. spec: G-ARC-1 */
function conflict(draft: Draft, item: ItemState, event: StageLanded, verdict: Verdict): void {
  const times = item.counters.conflict + 1;
  if (times > 2) return hold(draft, item, 'loop', verdict.code, verdict.text);
  comment(draft, item, 'conflict', 'architect', { text: (event.message ?? verdict.text).slice(0, 16_384) });
  item.findings = event.message ?? verdict.text;
  item.approval = null;
  enter(draft, item, 'analysis');
  item.counters.conflict = times;
}

/** Staging passed: the candidate waits for the slot and for a person. spec: delivery §5, §6 A, PL-Q9-6 */
function requestDeploy(draft: Draft, item: ItemState, event: StageLanded): void {
  if (item.delivery === null || event.validated === null)
    return infraRetry(draft, item, 'staging', 'STAGING_INTERNAL', 'the run passed without naming its candidate');
  const { slot } = draft.repo;
  if (slot !== null && slot.item !== item.id) return wait(draft, item, 'slot');
  const at = draft.now.toISOString();
  draft.repo.slot = { item: item.id, gen: item.gen, since: at };
  const digest = item.delivery.artifact?.digest ?? event.validated.sha;
  const expires = new Date(draft.now.getTime() + draft.config.deploy.approval.ttl_h * 3_600_000).toISOString();
  item.delivery.validated = event.validated;
  item.delivery.request = { n: (item.delivery.request?.n ?? 0) + 1, at, expires_at: expires, digest };
  item.delivery.phase = 'requested';
  item.stage = 'deploy';
  item.counters.entries += 1;
  item.counters.infra = {};
  if (!draft.config.deploy.confirm) return startDeploy(draft, item, 'deploy.confirm: false', 'config');
  wait(draft, item, 'confirm-deploy');
  comment(draft, item, 'confirm', 'deployer', { digest, sha: event.validated.sha, base: event.validated.base, expires }, item.delivery.request.n);
}

/** Landed and proven. spec: D-L-5, G-LND-10 */
function finish(draft: Draft, item: ItemState, event: StageLanded): void {
  if (item.delivery !== null) {
    item.delivery.phase = 'landed';
    if (item.delivery.land !== null) item.delivery.land.merge_commit = event.mergeCommit;
  }
  if (event.mergeCommit !== null)
    draft.repo.lastLanding = { item: item.id, mergeCommit: event.mergeCommit, at: draft.now.toISOString() };
  const branch = item.branch;
  const head = item.delivery?.land?.head ?? item.head;
  settle(draft, item, 'done');
  comment(draft, item, 'summary', 'deployer');
  if (branch !== null && head !== null) emit(draft, item, { kind: 'delete-branch', branch, expect: head });
}

/** A record inside a delivery run: compare-and-swap on token and phase. spec: PL-K-3, D-MOD-4 */
export function decideDelivery(draft: Draft, event: DeliveryRecorded): void {
  const found = currentItem(draft, event);
  if (found === null) return;
  if (found.delivery?.phase !== event.from || found.delivery.pass !== event.delivery.pass)
    return ignored(draft, event.type, found.id, 'I-RUN', `the delivery of ${found.id} is in phase ${found.delivery?.phase ?? 'none'}, not ${event.from}`);
  if (found.cancel !== null && event.delivery.phase === 'initiated')
    return ignored(draft, event.type, found.id, 'I-RUN', 'STOP came before the deployment started');
  const item = open(draft, event.item, 'delivery.recorded', 'D-MOD-4', `${event.from} → ${event.delivery.phase}`);
  applied(draft, event.type, item.id, 'D-MOD-4', event.delivery.phase);
  takeHead(draft, item, event, true);
  for (const verdict of event.verdicts) recordVerdict(draft, item, verdict);
  item.delivery = event.delivery;
  const last = event.delivery.attempts.at(-1);
  if (event.handOver) {
    queue(draft, item, 'finalize');
    dispatch(draft, item);
  } else if (event.from === 'initiated' && event.delivery.phase === 'approved')
    hookChangedNothing(draft, item, last?.log ?? '');
  else if (last?.state === 'unknown' && event.delivery.phase === 'initiated')
    hold(draft, item, 'deploy-unknown', 'DEPLOY_UNKNOWN', 'the hook ended without an answer and the target does not say what it runs: look at production, then recheck');
  else if (event.delivery.phase === 'initiated') emit(draft, item, { kind: 'tracker-status' });
}

/** Exit 3: production is untouched, the critical window is closed. spec: delivery §3 exit 3 */
function hookChangedNothing(draft: Draft, item: ItemState, log: string): void {
  if (item.cancel !== null) return applyCancel(draft, item, item.cancel.reason);
  infraRetry(draft, item, 'deploy-hook', 'DEPLOY_NOT_STARTED', log === '' ? 'the hook refused and changed nothing' : log.slice(-1500));
  if (item.activity !== 'held') return;
  releaseSlot(draft, item);
  item.stage = 'deploy-staging';
}
