import { sameWorkItem } from '../base/ids.ts';
import { expireRequest, isExpired, refuseConfirmation, startDeploy } from './confirmation.ts';
import { register } from './creation.ts';
import {
  type Draft,
  advance,
  applied,
  comment,
  describeState,
  emit,
  emitStatus,
  enter,
  ignored,
  open,
  queue,
  releaseSlot,
  show,
  wait,
} from './draft.ts';
import type { Gesture, IgnoreCode } from './events.ts';
import { freshBudgets, voidFrom } from './retries.ts';
import { isTerminal, stageRow } from './stages.ts';
import { type ItemState, isCritical } from './state.ts';
import { applyCancel, stopMustWait } from './stopping.ts';
import { tellWorker } from './told.ts';
import { wayToJudge } from './way-to-judge.ts';

/** What a person did, on the board or by hand. Total: every gesture has an answer in every state. spec: pipeline §3.2, §7 */
export function decideGesture(draft: Draft, event: Gesture): void {
  const found = findItem(draft, event);
  if (found === null) return begin(draft, event);
  if (event.row !== null && found.seen !== null && event.row.at <= found.seen.at && event.row.id !== '')
    return ignored(draft, event.action, found.id, 'I-DUP', 'this change was decided already');
  if (event.action === 'start' && found.stage === 'cancelled')
    // Not consumed: the reconciler feeds it again when the old life is in the archive.
    return ignored(
      draft,
      event.action,
      found.id,
      'I-BUSY',
      `${found.id} is still being cleaned up after STOP; it starts again by itself afterwards`,
    );
  const answer = ANSWERS[event.action](draft, found, event);
  if (answer !== null) refuse(draft, found, event, answer);
}

/** null = applied; else why not. */
type Ignored = { readonly code: IgnoreCode; readonly text: string } | null;

/** Answers that tell nobody anything new. spec: PL-E-6 */
const SILENT: readonly IgnoreCode[] = ['I-DUP', 'I-STALE', 'I-ECHO'];

/** A refused move is put back on the board and explained there; a command's answer goes to its run. spec: PL-E-6, §3.1 */
function refuse(draft: Draft, found: ItemState, event: Gesture, answer: NonNullable<Ignored>): void {
  ignored(draft, event.action, found.id, answer.code, answer.text);
  if (event.via !== 'tracker') return;
  const item = open(draft, found.id, event.action, answer.code, answer.text);
  consume(item, event);
  emit(draft, item, { kind: 'tracker-status' });
  if (!SILENT.includes(answer.code))
    comment(draft, item, 'ignored', 'stream', { code: answer.code, text: answer.text }, item.seq);
}

/** A padded spelling names the same item. spec: PL-D-1 */
function findItem(draft: Draft, event: Gesture): ItemState | null {
  const { item: name } = event;
  const issue = event.issue?.id;
  if (name !== null && draft.items.has(name)) return draft.items.get(name) ?? null;
  for (const item of draft.items.values())
    if (name === null ? item.issue === issue : sameWorkItem(item.id, name)) return item;
  return null;
}

function begin(draft: Draft, event: Gesture): void {
  const created = register(draft, event);
  if (created === null) return;
  const item = accept(draft, created, event, 'PL-D-6', `${created.id} registered on track ${created.track}`);
  show(draft, item);
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
  isTerminal(item.stage)
    ? { code: 'I-TERMINAL', text: `${item.id} is ${item.stage}; new work needs a new issue` }
    : null;
const noMeaning = (item: ItemState, action: string): Ignored => ({
  code: 'I-STAGE',
  text: `${action} has no meaning while ${item.id} is in ${describeState(item)}`,
});
const busy = (item: ItemState): Ignored => ({ code: 'I-BUSY', text: `${item.id} is at work: ${describeState(item)}` });

/** spec: PL-H-1 */
function start(draft: Draft, found: ItemState, event: Gesture): Ignored {
  if (isTerminal(found.stage)) return terminal(found);
  if (found.stage === 'created') return busy(found);
  if (found.stage !== 'analysis') return noMeaning(found, 'To Analyse');
  if (found.activity === 'queued' || found.activity === 'dispatched') return busy(found);
  const item = accept(draft, found, event, 'PL-H-1', 'the analyst works again');
  if (event.issue !== null) Object.assign(item, { title: event.issue.title, description: event.issue.description });
  tellWorker(item, event.reason);
  if (event.reason !== null)
    draft.clarifications.push({ item: item.id, at: event.row?.at ?? draft.now.toISOString(), text: event.reason });
  item.approval = null;
  voidFrom(item, 'analysis');
  freshBudgets(item);
  queue(draft, item);
  comment(draft, item, 'resumed', 'analyst', {}, item.seq);
  return null;
}

/** spec: PL-H-2, PL-H-3, PL-H-3a */
function approve(draft: Draft, found: ItemState, event: Gesture): Ignored {
  if (isTerminal(found.stage)) return terminal(found);
  if (found.stage === 'created' || found.stage === 'deploy') return noMeaning(found, 'Approved');
  if (found.stage !== 'analysis')
    return judgeAgain(draft, found, event)
      ? null
      : found.activity === 'held'
        ? noMeaning(found, 'Approved')
        : busy(found);
  if (found.waitingFor !== 'approval')
    return {
      code: 'I-EARLY',
      text: `${found.id} is ${describeState(found)}: there is no complete package to approve yet`,
    };
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
    emitStatus(draft, item, item.head, {
      ...item.gates['analysis-approved'],
      gate: 'analysis-approved',
      text: 'approved',
    });
  tellWorker(item, null);
  advance(draft, item);
}

/** spec: PL-H-4 */
function reject(draft: Draft, found: ItemState, event: Gesture): Ignored {
  if (isTerminal(found.stage)) return terminal(found);
  const target = stageRow(found.stage).onRejected;
  if (target === null) return noMeaning(found, 'Rejected');
  if (isCritical(found))
    return {
      code: 'I-CRITICAL',
      text: 'the deployment has started: wait for its end, or use the rollback of the deploy',
    };
  const item = accept(draft, found, event, 'PL-H-4', `rejected by ${event.by}`);
  comment(draft, item, 'rejected', 'stream', { reason: event.reason ?? '', by: event.by }, item.seq);
  tellWorker(
    item,
    event.reason === null ? 'Rejected by a person, who gave no reason.' : `Rejected by a person:\n${event.reason}`,
  );
  if (target[item.track] === 'analysis') item.approval = null;
  freshBudgets(item);
  releaseSlot(draft, item);
  voidFrom(item, target[item.track]);
  enter(draft, item, target[item.track]);
  return null;
}

/** spec: delivery §6 B */
function confirm(draft: Draft, found: ItemState, event: Gesture): Ignored {
  if (isTerminal(found.stage)) return terminal(found);
  const refusal = refuseConfirmation(draft, found, event);
  if (refusal !== null) return refusal;
  if (isExpired(draft, found)) {
    expireRequest(
      draft,
      accept(
        draft,
        found,
        event,
        'D-B-1',
        'the request expired: the edge is judged again, then confirmation is asked anew',
      ),
    );
    return null;
  }
  const item = accept(
    draft,
    found,
    event,
    'D-B',
    `deployment of ${found.delivery?.request?.digest.slice(0, 19) ?? ''} confirmed by ${event.by}`,
  );
  startDeploy(draft, item, event.by, event.via);
  return null;
}

/** STOP. spec: PL-H-6 */
function cancel(draft: Draft, found: ItemState, event: Gesture): Ignored {
  if (found.stage === 'cancelled') return { code: 'I-DUP', text: `${found.id} is cancelled already` };
  if (isTerminal(found.stage))
    return { code: 'I-TERMINAL', text: `${found.id} is done; nothing that landed is reverted` };
  if (!stopMustWait(draft, found)) {
    const item = accept(draft, found, event, 'PL-H-6', `stopped by ${event.by}`);
    applyCancel(draft, item, event.reason ?? '');
    return null;
  }
  if (found.cancel !== null) return { code: 'I-DUP', text: 'STOP is noted already and follows the deployment' };
  const item = accept(draft, found, event, 'PL-H-6', 'STOP waits for the end of the deployment');
  item.cancel = { requestedAt: draft.now.toISOString(), by: event.by, reason: event.reason ?? '' };
  comment(draft, item, 'cancel_deferred', 'stream');
  show(draft, item);
  return null;
}

/** spec: pipeline §3.4 "retry" */
function retry(draft: Draft, found: ItemState, event: Gesture): Ignored {
  if (isTerminal(found.stage)) return terminal(found);
  if (found.activity !== 'held')
    return { code: 'I-STAGE', text: `retry needs a held item; ${found.id} is ${describeState(found)}` };
  if (isCritical(found)) return { code: 'I-CRITICAL', text: 'production may have changed: use recheck, or rollback' };
  const item = accept(draft, found, event, 'PL-R-6', `retry by ${event.by}`);
  if (event.reason !== null)
    item.words = [item.words, event.reason]
      .filter((part) => part !== null)
      .join('\n\n')
      .slice(-8000)
      .toWellFormed();
  freshBudgets(item);
  queue(draft, item);
  return null;
}

/** spec: pipeline §3.4 "recheck" */
function recheck(draft: Draft, found: ItemState, event: Gesture): Ignored {
  if (isTerminal(found.stage)) return terminal(found);
  if (judgeAgain(draft, found, event)) return null;
  return { code: 'I-STAGE', text: `there is nothing to check again while ${found.id} is in ${describeState(found)}` };
}

/** Exit gates once more on the current head; no gate is skipped and the developer's budget stays. spec: PL-H-3a */
function judgeAgain(draft: Draft, found: ItemState, event: Gesture): boolean {
  const way = wayToJudge(draft, found);
  if (way === null) return false;
  const item = accept(draft, found, event, 'PL-H-3a', `recheck by ${event.by}`);
  Object.assign(item.counters, {
    run: 0,
    infra: {},
    transient: 0,
    ...(item.hold?.code === 'loop' ? { entries: 0, conflict: 0 } : {}),
  });
  if (way !== 'ci') queue(draft, item, way);
  else if (item.hold === null) show(draft, item);
  else wait(draft, item, 'ci');
  return true;
}
