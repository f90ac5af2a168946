import { freeWorkItemId, nextWorkItemNumber } from '../base/ids.ts';
import {
  type Draft,
  advance,
  applied,
  comment,
  describeState,
  emit,
  enter,

  ignored,
  open,
  queue,
  releaseSlot,
  settle,
  show,
  wait,
} from './draft.ts';
import type { Gesture, IgnoreCode, IssueFacts } from './events.ts';
import { freshBudgets } from './retries.ts';
import { isTerminal, stageRow } from './stages.ts';
import { type ItemState, isCritical } from './state.ts';

/** What a person did, on the board or by hand. Total: every gesture has an answer in every state. spec: pipeline §3.2, §7 */
export function decideGesture(draft: Draft, event: Gesture): void {
  const found = findItem(draft, event);
  if (found === null) return withoutItem(draft, event);
  if (event.row !== null && found.seen !== null && event.row.at <= found.seen.at && event.row.id !== '')
    return ignored(draft, event.action, found.id, 'I-DUP', 'this change was decided already');
  if (event.action === 'start' && found.stage === 'cancelled')
    // Not consumed: the reconciler feeds it again when the old life is in the archive.
    return ignored(draft, event.action, found.id, 'I-BUSY', `${found.id} is still being cleaned up after STOP; it starts again by itself afterwards`);
  const answer = ANSWERS[event.action](draft, found, event);
  if (answer === null) return;
  const item = open(draft, found.id, event.action, answer.code, answer.text);
  consume(item, event);
  ignored(draft, event.action, item.id, answer.code, answer.text);
  if (event.via === 'tracker') {
    emit(draft, item, { kind: 'tracker-status' });
    comment(draft, item, 'ignored', 'stream', { code: answer.code, text: answer.text }, item.seq);
  }
}

/** null = applied; else why not. */
type Ignored = { readonly code: IgnoreCode; readonly text: string } | null;

function findItem(draft: Draft, event: Gesture): ItemState | null {
  if (event.item !== null) return draft.items.get(event.item) ?? null;
  const issue = event.issue?.id;
  return [...draft.items.values()].find((item) => item.issue === issue) ?? null;
}

function consume(item: ItemState, event: Gesture): void {
  if (event.row !== null) item.seen = { at: event.row.at, row: event.row.id };
}

/** Opens the decision, marks the gesture as consumed and answers "applied". */
function accept(draft: Draft, found: ItemState, event: Gesture, rule: string, text: string): ItemState {
  const item = open(draft, found.id, event.action, rule, text);
  consume(item, event);
  applied(draft, event.action, item.id, rule, text);
  return item;
}

function withoutItem(draft: Draft, event: Gesture): void {
  if (event.action !== 'start' || event.issue === null)
    return ignored(draft, event.action, event.item, 'I-NOITEM', `there is no live work item${event.item === null ? ' for this issue' : ` ${event.item}`}`);
  if (event.archived?.stage === 'done')
    return ignored(draft, event.action, event.archived.id, 'I-TERMINAL', `${event.archived.id} is done; new work needs a new issue`);
  if (event.archived?.seen != null && event.row !== null && event.row.at <= event.archived.seen)
    return ignored(draft, event.action, event.archived.id, 'I-DUP', 'this change belongs to an earlier life of the item');
  if (event.entry?.verdict !== 'pass')
    return ignored(draft, event.action, null, event.entry?.code ?? 'ENTRY_NOT_JUDGED', event.entry?.text ?? 'the entry gate was not judged');
  create(draft, event, event.issue);
}

/** spec: PL-D-1, PL-D-3, PL-D-6 */
function create(draft: Draft, event: Gesture, issue: IssueFacts): void {
  const { prefix } = draft.config.project;
  const { width } = draft.config.ids;
  const known = [...draft.items.keys(), ...event.known];
  const number = issue.sequence ?? nextWorkItemNumber(prefix, known);
  const id = event.archived?.id ?? freeWorkItemId({ prefix, number }, known, width);
  draft.repo.order += 1;
  const at = draft.now.toISOString();
  const bug = draft.config.labels.bug.trim().toLowerCase();
  const matches = (issue.labels ?? []).filter((label) => label.trim().toLowerCase() === bug);
  const item: ItemState = {
    id,
    gen: (event.archived?.gen ?? 0) + 1,
    issue: issue.id,
    sequence: issue.sequence,
    title: issue.title,
    description: issue.description,
    labels: [...(issue.labels ?? [])],
    order: draft.repo.order,
    seq: 0,
    seen: null,
    track: bug !== '' && matches.length === 1 ? 'bug' : 'full',
    stage: 'created',
    activity: 'queued',
    mode: 'work',
    waitingFor: null,
    hold: null,
    since: at,
    branch: null,
    head: null,
    base: null,
    token: null,
    dispatch: null,
    notBefore: null,
    cancel: null,
    approval: null,
    package: null,
    delivery: null,
    counters: { developer: 0, run: 0, infra: {}, transient: 0, noProgress: 0, conflict: 0, entries: 0 },
    rounds: {},
    gates: {},
    reports: {},
    findings: null,
    fingerprint: null,
    pull: null,
    chat: null,
    usage: {},
    outbox: [],
  };
  draft.items.set(id, item);
  draft.cloned.add(id);
  accept(draft, item, event, 'PL-D-6', `${id} registered on track ${item.track}`);
  if (event.entry !== null) item.gates.entry = { verdict: 'pass', code: event.entry.code, text: event.entry.text, subject: {}, sha: null, report: null, run: draft.run, at };
  show(draft, item);
}

const ANSWERS: Readonly<Record<Gesture['action'], (draft: Draft, item: ItemState, event: Gesture) => Ignored>> = {
  start,
  approve,
  reject,
  confirm,
  cancel,
  retry,
  recheck,
};

const terminal = (item: ItemState): Ignored =>
  isTerminal(item.stage) ? { code: 'I-TERMINAL', text: `${item.id} is ${item.stage}; new work needs a new issue` } : null;
const noMeaning = (item: ItemState, action: string): Ignored => ({
  code: 'I-STAGE',
  text: `${action} has no meaning while ${item.id} is in ${describeState(item)}`,
});
const busy = (item: ItemState): Ignored => ({ code: 'I-BUSY', text: `${item.id} is at work in ${item.stage}` });

/** spec: PL-H-1 */
function start(draft: Draft, found: ItemState, event: Gesture): Ignored {
  if (isTerminal(found.stage)) return terminal(found);
  if (found.stage === 'created') return busy(found);
  if (found.stage !== 'analysis') return noMeaning(found, 'To Analyse');
  if (found.activity === 'queued' || found.activity === 'dispatched') return busy(found);
  const item = accept(draft, found, event, 'PL-H-1', 'the analyst works again');
  if (event.issue !== null) Object.assign(item, { title: event.issue.title, description: event.issue.description });
  item.findings = event.reason;
  item.approval = null;
  freshBudgets(item);
  queue(draft, item);
  comment(draft, item, 'resumed', 'analyst', {}, item.seq);
  return null;
}

/** spec: PL-H-2, PL-H-3 */
function approve(draft: Draft, found: ItemState, event: Gesture): Ignored {
  if (isTerminal(found.stage)) return terminal(found);
  if (found.stage !== 'analysis') return noMeaning(found, 'Approved');
  if (found.waitingFor !== 'approval')
    return { code: 'I-EARLY', text: `${found.id} is ${describeState(found)}: there is no complete package to approve yet` };
  const item = accept(draft, found, event, 'PL-H-3', `approved by ${event.by}`);
  approveAnalysis(draft, item, event.by, event.via);
  return null;
}

/** The same path for a person's Approved and for the label. spec: G-ANA-1, G-ANA-2 */
export function approveAnalysis(draft: Draft, item: ItemState, by: string, via: string): void {
  item.approval = { package: item.package ?? '', at: draft.now.toISOString(), by, via };
  item.gates['analysis-approved'] = {
    verdict: 'pass',
    code: via === 'label' ? 'APPROVED_VIA_LABEL' : 'APPROVED_VIA_STATUS',
    text: `approved by ${by}`,
    subject: { package: item.package ?? '' },
    sha: item.head,
    report: null,
    run: draft.run,
    at: draft.now.toISOString(),
  };
  if (item.head !== null)
    emit(draft, item, {
      kind: 'commit-status',
      sha: item.head,
      context: 'conveyor/analysis-approved',
      state: 'success',
      description: `pass · ${item.gates['analysis-approved'].code} · approved`,
      report: null,
    });
  item.findings = null;
  advance(draft, item);
}

/** spec: PL-H-4 */
function reject(draft: Draft, found: ItemState, event: Gesture): Ignored {
  if (isTerminal(found.stage)) return terminal(found);
  const target = stageRow(found.stage).onRejected;
  if (target === null) return noMeaning(found, 'Rejected');
  if (isCritical(found))
    return { code: 'I-CRITICAL', text: 'the deployment has started: wait for its end, or use the rollback of the deploy' };
  const item = accept(draft, found, event, 'PL-H-4', `rejected by ${event.by}`);
  comment(draft, item, 'rejected', 'stream', { reason: event.reason ?? '', by: event.by }, item.seq);
  item.findings = event.reason === null ? 'Rejected by a person, who gave no reason.' : `Rejected by a person:\n${event.reason}`;
  item.approval = null;
  freshBudgets(item);
  releaseSlot(draft, item);
  enter(draft, item, target[item.track]);
  return null;
}

/** spec: delivery §6 B */
function confirm(draft: Draft, found: ItemState, event: Gesture): Ignored {
  if (isTerminal(found.stage)) return terminal(found);
  if (found.stage !== 'deploy') return noMeaning(found, 'Confirm Deploy');
  const request = found.delivery?.request ?? null;
  if (found.waitingFor !== 'confirm-deploy' || request === null)
    return isCritical(found) || found.delivery?.phase === 'approved'
      ? { code: 'I-DUP', text: 'the deployment is confirmed and running already' }
      : noMeaning(found, 'Confirm Deploy');
  const wanted = event.digest?.replace(/^sha256:/, '').toLowerCase() ?? null;
  const current = request.digest.replace(/^sha256:/, '');
  if (wanted !== null && (wanted.length < 12 || !current.startsWith(wanted)))
    return { code: 'I-SHA', text: `digest ${wanted.slice(0, 64)} is not what waits for confirmation; that is ${current}` };
  if (event.row !== null && event.row.at < request.at)
    return { code: 'I-STALE', text: 'this confirmation is older than the request that waits now' };
  const approvers = draft.config.deploy.approval.approvers;
  if (approvers.length > 0 && !approvers.includes(event.by))
    return { code: 'I-OFF', text: `${event.by} is not among deploy.approval.approvers` };
  const item = accept(draft, found, event, 'D-B', `deployment of ${current.slice(0, 12)} confirmed by ${event.by}`);
  if (draft.now.toISOString() > request.expires_at) {
    expireRequest(draft, item);
    return null;
  }
  startDeploy(draft, item, event.by, event.via);
  return null;
}

export function startDeploy(draft: Draft, item: ItemState, by: string, via: 'tracker' | 'dispatch' | 'label' | 'config'): void {
  if (item.delivery === null) return;
  item.delivery.approved = { by, via, at: draft.now.toISOString() };
  item.delivery.phase = 'approved';
  queue(draft, item);
}

/** Back to the edge: everything of an equal subject is reused, the confirmation is void. spec: D-B-1 */
export function expireRequest(draft: Draft, item: ItemState): void {
  if (item.delivery !== null) Object.assign(item.delivery, { phase: 'building', request: item.delivery.request, approved: null });
  releaseSlot(draft, item);
  item.stage = 'deploy-staging';
  queue(draft, item, 'resume');
  comment(draft, item, 'confirm_expired', 'deployer', {}, item.seq);
}

/** STOP. spec: PL-H-6 */
function cancel(draft: Draft, found: ItemState, event: Gesture): Ignored {
  if (found.stage === 'cancelled') return { code: 'I-DUP', text: `${found.id} is cancelled already` };
  if (isTerminal(found.stage)) return { code: 'I-TERMINAL', text: `${found.id} is done; nothing that landed is reverted` };
  const runsWithSlot = found.stage === 'deploy-staging' && found.activity === 'dispatched' && draft.repo.slot?.item === found.id;
  if (isCritical(found) || runsWithSlot) {
    if (found.cancel !== null) return { code: 'I-DUP', text: 'STOP is noted already and follows the deployment' };
    const item = accept(draft, found, event, 'PL-H-6', 'STOP waits for the end of the deployment');
    item.cancel = { requestedAt: draft.now.toISOString(), by: event.by, reason: event.reason ?? '' };
    comment(draft, item, 'cancel_deferred', 'stream');
    return null;
  }
  const item = accept(draft, found, event, 'PL-H-6', `stopped by ${event.by}`);
  applyCancel(draft, item, event.reason ?? '');
  return null;
}

/** The stop itself: no token, no slot, artifacts kept in the archive before the branch goes. spec: PL-H-6, AR-ST-1…2 */
export function applyCancel(draft: Draft, item: ItemState, reason: string): void {
  settle(draft, item, 'cancelled');
  item.cancel ??= { requestedAt: draft.now.toISOString(), by: '', reason };
  if (item.pull !== null) emit(draft, item, { kind: 'close-pull-request', number: item.pull });
  if (item.branch !== null && item.head !== null) {
    emit(draft, item, { kind: 'archive-artifacts', branch: item.branch, head: item.head });
    emit(draft, item, { kind: 'delete-branch', branch: item.branch, expect: item.head });
  }
  comment(draft, item, 'cancelled', 'stream', { reason });
}

/** spec: pipeline §3.4 "retry" */
function retry(draft: Draft, found: ItemState, event: Gesture): Ignored {
  if (isTerminal(found.stage)) return terminal(found);
  if (found.activity !== 'held') return { code: 'I-STAGE', text: `retry needs a held item; ${found.id} is ${describeState(found)}` };
  if (isCritical(found)) return { code: 'I-CRITICAL', text: 'production may have changed: use recheck, or rollback' };
  const item = accept(draft, found, event, 'PL-R-6', `retry by ${event.by}`);
  if (event.reason !== null) item.findings = [item.findings, event.reason].filter((part) => part !== null).join('\n\n');
  freshBudgets(item);
  queue(draft, item);
  return null;
}

/** spec: pipeline §3.4 "recheck" */
function recheck(draft: Draft, found: ItemState, event: Gesture): Ignored {
  if (isTerminal(found.stage)) return terminal(found);
  const waitsForCi = found.stage === 'development' && (found.waitingFor === 'ci' || found.hold?.code === 'ci-silent');
  const landing = found.stage === 'deploy' && found.activity === 'held';
  if (!waitsForCi && !landing)
    return { code: 'I-STAGE', text: `there is nothing to check again while ${found.id} is in ${describeState(found)}` };
  const item = accept(draft, found, event, 'PL-H-3a', `recheck by ${event.by}`);
  if (landing) queue(draft, item, 'finalize');
  else if (item.hold !== null) wait(draft, item, 'ci');
  return null;
}

