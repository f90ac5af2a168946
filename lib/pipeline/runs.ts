import {
  type Draft,
  advance,
  applied,
  emit,
  emitStatus,
  enter,
  hold,
  ignored,
  open,
  queue,
  releaseSlot,
  wait,
} from './draft.ts';
import type { PipelineEvent } from './events.ts';
import { backoffS, freshBudgets, holdReason, infraRetry, rework, runRetry, voidFrom, workMode } from './retries.ts';
import { type Stage, isTerminal } from './stages.ts';
import { type ItemState, isCritical } from './state.ts';
import { applyCancel } from './stopping.ts';
import { tellWorker } from './told.ts';

type Of<Type extends PipelineEvent['type']> = Extract<PipelineEvent, { type: Type }>;

/** The run of the current token ended without a landing. spec: PL-K-6, pipeline §3.3 "run lost" */
export function decideRunLost(draft: Draft, event: Of<'run.lost'>): void {
  const found = withToken(draft, event);
  if (found === null) return;
  const item = open(draft, found.id, event.type, 'PL-K-6', event.text);
  applied(draft, event.type, item.id, 'PL-K-6', event.text);
  if (item.cancel !== null && !isCritical(item)) return applyCancel(draft, item, item.cancel.reason);
  const seconds = Math.max(0, (draft.now.getTime() - Date.parse(item.dispatch?.at ?? item.since)) / 1000);
  item.lastRun = { class: 'killed', seconds, text: `RUN_LOST: ${event.text}` };
  if (isCritical(item)) {
    // The finalizer asks the target and goes on where the ledger says the deployment is.
    const unknown = item.delivery?.phase === 'initiated';
    return runRetry(draft, item, 'RUN_LOST', event.text, unknown ? 'deploy-unknown' : 'not-landed');
  }
  // A slot whose holder died goes to others; the next run of this item asks for it again. spec: PL-Q9-6
  if (item.stage === 'deploy-staging') releaseSlot(draft, item);
  runRetry(draft, item, 'RUN_LOST', event.text, 'agent-failed', item.stage === 'deploy-staging' ? 'resume' : 'work');
}

/** The worker could not even start; no attempt is used up. spec: AG-PRE-2 */
export function decidePreflightFailed(draft: Draft, event: Of<'preflight.failed'>): void {
  const found = withToken(draft, event);
  if (found === null) return;
  const item = open(draft, found.id, event.type, 'AG-PRE-2', `${event.cause}: ${event.text}`);
  applied(draft, event.type, item.id, 'AG-PRE-2', event.text);
  if (event.cause === 'infra') return infraRetry(draft, item, 'work', 'PREFLIGHT', event.text);
  if (event.cause === 'transient') {
    const failures = item.counters.transient;
    if (failures >= draft.config.retry.transient_max)
      return hold(draft, item, 'agent-unavailable', 'transient', event.text);
    queue(draft, item, workMode(item), backoffS(60, failures, 900));
    item.counters.transient = failures + 1;
    return;
  }
  hold(draft, item, event.cause === 'auth' ? 'agent-unavailable' : 'config-invalid', event.cause, event.text);
}

function withToken(
  draft: Draft,
  event: { readonly type: string; readonly item: string; readonly token: string },
): ItemState | null {
  const found = draft.items.get(event.item);
  if (found === undefined) {
    ignored(draft, event.type, event.item, 'I-NOITEM', `${event.item} is not a live work item`);
    return null;
  }
  if (found.token !== event.token) {
    ignored(
      draft,
      event.type,
      found.id,
      'I-RUN',
      `the token is not current: ${found.id} is in ${found.stage}/${found.activity}`,
    );
    return null;
  }
  return found;
}

/** One read of the ci gate, judged at development only. spec: pipeline §3.3 "CI finished", RL-FWH-4 */
export function decideCiJudged(draft: Draft, event: Of<'ci.judged'>): void {
  const found = draft.items.get(event.item);
  if (found === undefined)
    return ignored(draft, event.type, event.item, 'I-NOITEM', 'no live work item has this commit');
  if (isTerminal(found.stage)) return ignored(draft, event.type, found.id, 'I-TERMINAL', found.stage);
  if (found.head !== event.sha)
    return ignored(draft, event.type, found.id, 'I-SHA', `the head is ${found.head ?? 'none'}`);
  const waits = found.stage === 'development' && (found.waitingFor === 'ci' || found.hold?.code === 'ci-silent');
  if (!waits)
    return ignored(
      draft,
      event.type,
      found.id,
      'I-STAGE',
      `CI counts in development; ${found.id} is in ${found.stage}/${found.activity}`,
    );
  const { verdict } = event;
  const nothingNew =
    verdict.verdict === 'hold' &&
    (verdict.code === 'CI_PENDING' || verdict.code === 'CI_RERUN_PENDING' || found.hold !== null);
  // An unreadable forge says nothing about the change: the next event or the reconciler reads again. spec: G-GEN-1
  if (nothingNew || verdict.verdict === 'error' || verdict.gate !== 'ci')
    return ignored(draft, event.type, found.id, 'I-INFO', verdict.text);
  const item = open(draft, found.id, event.type, 'G-CI-5', `${verdict.code}: ${verdict.text}`);
  applied(draft, event.type, item.id, 'G-CI-5', verdict.code);
  item.gates.ci = {
    verdict: verdict.verdict,
    code: verdict.code,
    text: verdict.text,
    subject: { sha: event.sha },
    sha: event.sha,
    report: null,
    run: draft.run,
    at: draft.now.toISOString(),
  };
  emitStatus(draft, item, event.sha, { ...verdict, gate: 'ci', report: null });
  if (verdict.verdict === 'pass') {
    tellWorker(item, null);
    advance(draft, item);
  } else if (verdict.verdict === 'fail') rework(draft, item, verdict);
  else hold(draft, item, holdReason(verdict.code), verdict.code, verdict.text);
}

/** Somebody else pushed to the item's branch. spec: pipeline §3.3 "push by somebody else" */
export function decideBranchMoved(draft: Draft, event: Of<'branch.moved'>): void {
  const found = draft.items.get(event.item);
  if (found === undefined)
    return ignored(draft, event.type, event.item, 'I-NOITEM', 'no live work item has this branch');
  if (isTerminal(found.stage) || found.branch === null || found.head === event.head)
    return ignored(draft, event.type, found.id, 'I-INFO', 'nothing new');
  if (isCritical(found))
    return ignored(draft, event.type, found.id, 'I-CRITICAL', 'landed judges the validated candidate');
  const item = open(
    draft,
    found.id,
    event.type,
    'PL-P-4',
    `head ${event.head.slice(0, 8)} was pushed by somebody else`,
  );
  applied(draft, event.type, item.id, 'PL-P-4', 'head taken over');
  item.head = event.head;
  item.fingerprint = null;
  if (item.activity === 'dispatched' && WORKS_ON.includes(item.stage)) return queue(draft, item);
  if (item.stage === 'analysis' || item.stage === 'architecture') {
    if (item.waitingFor === 'approval') queue(draft, item);
    return;
  }
  voidFrom(item, 'development');
  releaseSlot(draft, item);
  // The developer's turn is still to come.
  if (item.stage === 'development' && item.activity === 'queued') return;
  freshBudgets(item);
  if (item.stage !== 'development') enter(draft, item, 'development');
  // No event will ever come where the developer's own run judges CI.
  if (draft.config.ci.mode === 'local') return queue(draft, item);
  emit(draft, item, { kind: 'pull-request', branch: found.branch });
  wait(draft, item, 'ci');
}

/** Stages whose worker changes the branch: its run starts again on the new head. */
const WORKS_ON: readonly Stage[] = ['analysis', 'architecture', 'development'];

/** A merged pull request never completes an item. spec: PL-P-6, G-LND-9 */
export function decidePullMerged(draft: Draft, event: Of<'pull.merged'>): void {
  const found = draft.items.get(event.item);
  if (found === undefined)
    return ignored(draft, event.type, event.item, 'I-NOITEM', 'no live work item has this pull request');
  if (isTerminal(found.stage)) return ignored(draft, event.type, found.id, 'I-TERMINAL', found.stage);
  if (isCritical(found)) return ignored(draft, event.type, found.id, 'I-CRITICAL', 'the landing run proves it');
  if (found.hold?.code === 'merged-outside') return ignored(draft, event.type, found.id, 'I-DUP', 'known');
  const item = open(
    draft,
    found.id,
    event.type,
    'G-LND-9',
    `pull request ${event.number} was merged at ${found.stage}`,
  );
  applied(draft, event.type, item.id, 'G-LND-9', 'held');
  hold(
    draft,
    item,
    'merged-outside',
    'LANDED_OUT_OF_BAND',
    `pull request ${event.number} was merged by hand at ${item.stage}: the later gates never judged this code`,
  );
}

/** Something outside makes work impossible: issue or branch gone, configuration invalid. spec: PL-R-9 */
export function decideHeldOutside(draft: Draft, event: Of<'held.outside'>): void {
  const found = draft.items.get(event.item);
  if (found === undefined) return ignored(draft, event.type, event.item, 'I-NOITEM', 'no live work item');
  if (
    isTerminal(found.stage) ||
    isCritical(found) ||
    found.activity === 'dispatched' ||
    found.hold?.code === event.hold
  )
    return ignored(draft, event.type, found.id, 'I-INFO', `${found.stage}/${found.activity} is left alone`);
  const item = open(draft, found.id, event.type, 'PL-R-9', event.text);
  applied(draft, event.type, item.id, 'PL-R-9', event.hold);
  hold(draft, item, event.hold, event.hold, event.text);
}
