import { startDeploy } from './confirmation.ts';
import {
  type Draft,
  advance,
  applied,
  comment,
  emit,
  enter,
  hold,
  ignored,
  loseSlot,
  open,
  queue,
  recordVerdict,
  settle,
  wait,
} from './draft.ts';
import type { DeliveryRecorded, StageLanded } from './events.ts';
import { approveAnalysis } from './gestures.ts';
import { holdReason, infraRetry, rework, runRetry, voidFrom } from './retries.ts';
import { type GateName, type Stage, stageRow } from './stages.ts';
import { type ItemState, isCritical } from './state.ts';
import { tellWorker } from './told.ts';
import { unfinished } from './unfinished.ts';
import type { Verdict } from './verdict.ts';

export type FromRun = Pick<StageLanded | DeliveryRecorded, 'token' | 'run' | 'item' | 'head' | 'reports'> & {
  readonly type: string;
};

/** The item, if the run that speaks still holds its token. Stale work cannot land. spec: PL-K-3, PL-K-7 */
export function currentItem(draft: Draft, event: FromRun): ItemState | null {
  const found = draft.items.get(event.item);
  if (found === undefined) {
    ignored(draft, event.type, event.item, 'I-NOITEM', `${event.item} is not a live work item any more`);
    return null;
  }
  if (found.token === null || found.token !== event.token) {
    ignored(
      draft,
      event.type,
      found.id,
      'I-RUN',
      `this run is superseded: ${found.id} is in ${found.stage}/${found.activity} now`,
    );
    return null;
  }
  return found;
}

/** The head and the reports that the push brings. */
export function takeHead(draft: Draft, item: ItemState, event: FromRun, inert: boolean): void {
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
  const item = open(
    draft,
    event.item,
    'stage.landed',
    'PL-K-3',
    `${event.outcome.class}${event.verdicts.map((verdict) => `, ${verdict.gate} ${verdict.verdict} ${verdict.code}`).join('')}`,
  );
  applied(draft, 'stage.landed', item.id, 'PL-K-3', item.stage);
  addUsage(item, event);
  takeHead(draft, item, event, item.stage !== 'development');
  const { gates } = stageRow(item.stage);
  for (const verdict of event.verdicts) if (gates.includes(verdict.gate)) recordVerdict(draft, item, verdict);
  if (event.outcome.class === 'ok') judged(draft, item, event);
  else unfinished(draft, item, event);
}

/** Exit gates that a person or CI judges after the run. */
const JUDGED_LATER: readonly GateName[] = ['analysis-approved', 'ci'];

/** A gate of the stage that the run did not answer, or an answer that is none of the stage's; null = sound. spec: PL-P-4, G-GEN-8 */
function unsoundGate(stage: Stage, verdicts: readonly Verdict[]): GateName | null {
  const { gates } = stageRow(stage);
  const foreign = verdicts.find(({ gate }) => !gates.includes(gate));
  if (foreign !== undefined) return foreign.gate;
  if (verdicts.some(({ gate, verdict }) => verdict !== 'pass' && !JUDGED_LATER.includes(gate))) return null;
  return (
    gates.find((gate) => !JUDGED_LATER.includes(gate) && !verdicts.some((verdict) => verdict.gate === gate)) ?? null
  );
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

function judged(draft: Draft, item: ItemState, event: StageLanded): void {
  item.lastRun = null;
  const unsound = unsoundGate(item.stage, event.verdicts);
  if (unsound !== null)
    return infraRetry(
      draft,
      item,
      unsound,
      internalCode(unsound),
      `the run of ${item.stage} ended without a sound verdict of gate ${unsound}`,
    );
  const stopping = event.verdicts.find((verdict) => verdict.verdict !== 'pass');
  if (stopping !== undefined) return notPassed(draft, item, event, stopping);
  stageComment(draft, item, event);
  tellWorker(item, null);
  switch (item.stage) {
    case 'analysis':
      item.package = event.package;
      if (event.verdicts.some((verdict) => verdict.gate === 'analysis-approved'))
        return approveAnalysis(draft, item, 'autoApprove', 'label');
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
  comment(draft, item, 'stage', item.stage, {
    sha: item.head ?? '',
    seconds: String(event.outcome.seconds),
    usage: JSON.stringify(figures),
  });
}

const internalCode = (gate: GateName) => `${gate.toUpperCase().replaceAll('-', '_')}_INTERNAL`;

function notPassed(draft: Draft, item: ItemState, event: StageLanded, verdict: Verdict): void {
  const untouched = item.stage === 'deploy' && !isCritical(item);
  if (untouched && (verdict.code === 'DEPLOY_GUARD' || verdict.code === 'DEPLOY_AWAITING_CONFIRM'))
    return backToEdge(draft, item, verdict);
  switch (verdict.action) {
    case 'dev':
      if (verdict.gate === 'architecture') return conflict(draft, item, event, verdict);
      stageComment(draft, item, event);
      return rework(draft, item, verdict);
    case 'dev!':
      return rework(draft, item, verdict, false);
    case 'rerun':
      item.lastRun = {
        class: verdict.code.endsWith('_EMPTY') ? 'no-change' : 'invalid',
        seconds: event.outcome.seconds,
        text: `${verdict.code}: ${verdict.text}`,
      };
      return runRetry(draft, item, verdict.code, verdict.text, holdReason(verdict.code));
    case 'infra':
      return infraRetry(draft, item, verdict.gate, verdict.code, verdict.text);
    default:
      return waitOrHold(draft, item, event, verdict);
  }
}

function waitOrHold(draft: Draft, item: ItemState, event: StageLanded, verdict: Verdict): void {
  if (
    verdict.gate === 'analysis-approved' &&
    (verdict.code === 'APPROVAL_PENDING' || verdict.code === 'APPROVAL_STALE')
  ) {
    item.package = event.package;
    stageComment(draft, item, event);
    tellWorker(item, null);
    return wait(draft, item, 'approval');
  }
  if (verdict.gate === 'ci' && (verdict.code === 'CI_PENDING' || verdict.code === 'CI_RERUN_PENDING'))
    return wait(draft, item, 'ci');
  hold(draft, item, holdReason(verdict.code), verdict.code, verdict.text);
  if (verdict.code === 'ANALYSIS_QUESTIONS')
    comment(draft, item, 'questions', 'analyst', { text: (event.message ?? '').slice(0, 16_384) });
}

/** Main or artifact are not what was validated, production is untouched: the edge once more, no retry charged. spec: G-DPL-5, D-B-4 */
function backToEdge(draft: Draft, item: ItemState, verdict: Verdict): void {
  const times = item.counters.infra['deploy-guard'] ?? 0;
  loseSlot(draft, item);
  if (times >= draft.config.retry.infra_max) return hold(draft, item, 'infra', verdict.code, verdict.text);
  queue(draft, item, 'resume');
  item.counters.infra['deploy-guard'] = times + 1;
}

/** The architect cannot meet the requirements: the analyst works on its text. spec: G-ARC-1 */
function conflict(draft: Draft, item: ItemState, event: StageLanded, verdict: Verdict): void {
  const times = item.counters.conflict + 1;
  if (times > 2) return hold(draft, item, 'loop', verdict.code, verdict.text);
  comment(draft, item, 'conflict', 'architect', { text: (event.message ?? verdict.text).slice(0, 16_384) });
  tellWorker(item, event.message ?? verdict.text);
  item.approval = null;
  voidFrom(item, 'analysis');
  enter(draft, item, 'analysis');
  item.counters.conflict = times;
}

/** Staging passed: the candidate waits for the slot and for a person. spec: delivery §5, §6 A, PL-Q9-6 */
function requestDeploy(draft: Draft, item: ItemState, event: StageLanded): void {
  if (item.delivery === null || event.validated === null)
    return infraRetry(draft, item, 'staging', 'STAGING_INTERNAL', 'the run passed without naming its candidate');
  const { slot } = draft.repo;
  if (slot !== null && slot.item !== item.id) return wait(draft, item, 'slot');
  const { entries_max } = draft.config.retry;
  item.counters.entries += 1;
  if (entries_max > 0 && item.counters.entries > entries_max)
    return hold(
      draft,
      item,
      'loop',
      'entries',
      `${item.counters.entries} stage entries in this life: a person decides how to go on`,
    );
  const guards = item.counters.infra['deploy-guard'];
  Object.assign(item.counters, {
    run: 0,
    transient: 0,
    noProgress: 0,
    infra: guards === undefined ? {} : { 'deploy-guard': guards },
  });
  const at = draft.now.toISOString();
  draft.repo.slot = { item: item.id, gen: item.gen, since: at };
  const digest = item.delivery.artifact?.digest ?? event.validated.sha;
  const expires = new Date(draft.now.getTime() + draft.config.deploy.approval.ttl_h * 3_600_000).toISOString();
  item.delivery.validated = event.validated;
  item.delivery.request = { n: (item.delivery.request?.n ?? 0) + 1, at, expires_at: expires, digest };
  item.delivery.phase = 'requested';
  item.stage = 'deploy';
  if (!draft.config.deploy.confirm) return startDeploy(draft, item, 'deploy.confirm: false', 'config');
  wait(draft, item, 'confirm-deploy');
  comment(
    draft,
    item,
    'confirm',
    'deployer',
    { digest, sha: event.validated.sha, base: event.validated.base, expires },
    // Each request is a comment of its own, in a later pass too.
    item.seq,
  );
}

/** Landed and proven, after a recorded intent. spec: D-L-5, G-LND-1, G-LND-10 */
function finish(draft: Draft, item: ItemState, event: StageLanded): void {
  const { delivery } = item;
  if (delivery?.phase !== 'landing' || delivery.land === null)
    return infraRetry(
      draft,
      item,
      'landed',
      'LANDED_INTERNAL',
      `the run says landed, the ledger says ${delivery?.phase ?? 'no delivery'}`,
    );
  delivery.phase = 'landed';
  delivery.land.merge_commit = event.mergeCommit;
  if (event.mergeCommit !== null)
    draft.repo.lastLanding = { item: item.id, mergeCommit: event.mergeCommit, at: draft.now.toISOString() };
  const branch = item.branch;
  const { head } = delivery.land;
  settle(draft, item, 'done');
  comment(draft, item, 'summary', 'deployer');
  if (item.cancel !== null) comment(draft, item, 'cancel_late', 'stream');
  if (branch !== null) emit(draft, item, { kind: 'delete-branch', branch, expect: head });
}
