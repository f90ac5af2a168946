import { derivedStatus } from '../pipeline/board.ts';
import { STAGES, type Stage, isTerminal } from '../pipeline/stages.ts';
import type { HoldReason, ItemState } from '../pipeline/state.ts';
import { STATUS_NAMES } from '../pipeline/status-names.ts';
import type { Card, CardRow, CardWaiting } from './card.ts';
import { holdExit } from './exits.ts';
import { addUsage } from './figures.ts';
import { message } from './message.ts';

/** What the card needs besides the item's own state. */
export interface CardView {
  readonly now: Date;
  /** Page of the issue, and of the pull request; null = none that people can open. */
  readonly url: string | null;
  readonly pullUrl: string | null;
  /** Item that goes first while this one is queued. */
  readonly behind: string | null;
}

/** Holds that wait for something outside; the others are a failure of the stage. */
const OUTSIDE: readonly HoldReason[] = ['infra', 'agent-unavailable', 'config-invalid', 'tracker-gone', 'branch-gone'];

/** The card of an item, from the ledger alone. Pure. spec: people §2.1 */
export function cardOfItem(item: ItemState, view: CardView): Card {
  const over = isTerminal(item.stage);
  return {
    id: item.id,
    title: item.title,
    url: view.url,
    state: item.stage === 'done' || item.stage === 'cancelled' ? item.stage : 'open',
    board: boardName(item),
    detail: null,
    rows: STAGES.flatMap((stage) => stageRows(item, stage, view.now)),
    waiting: over ? null : waitingLine(item, view.behind),
    next: over ? null : nextStep(item),
    usage: addUsage(Object.values(item.usage)),
    pull: item.pull === null ? null : { number: item.pull, href: view.pullUrl },
  };
}

function boardName(item: ItemState): string {
  if (item.stage === 'deploy-staging' && item.activity !== 'held') return 'Deploying (staging)';
  return STATUS_NAMES[derivedStatus(item) ?? 'to_analyse'][0];
}

function stageRows(item: ItemState, stage: Stage, now: Date): readonly CardRow[] {
  if (stage === 'created' || stage === 'done' || stage === 'cancelled') return [];
  const own = stageRow(item, stage, now);
  const approval = stage === 'analysis' ? brdRow(item, now) : null;
  const confirmation = stage === 'deploy' ? confirmRow(item, now) : null;
  return [confirmation, own, approval].filter((row) => row !== null);
}

/** A stage behind the item is done, the one it is in says what it does, one before it has no row: also after a rollback. spec: H-CRD-1 */
function stageRow(item: ItemState, stage: Exclude<Stage, 'created' | 'done' | 'cancelled'>, now: Date): CardRow | null {
  const label = `stage.${stage}` as const;
  const usage = item.usage[stage] ?? null;
  const done: CardRow | null = usage === null ? null : { label, kind: 'done', seconds: usage.seconds, usage };
  if (stage !== item.stage) return STAGES.indexOf(stage) < STAGES.indexOf(item.stage) ? done : null;
  const attempt = item.rounds[stage] ?? 1;
  switch (item.activity) {
    case 'queued':
      return { label, kind: 'queued' };
    case 'dispatched':
      return item.dispatch?.run === null || item.dispatch === null
        ? { label, kind: 'queued' }
        : { label, kind: 'running', attempt };
    case 'held':
      if (item.hold === null || OUTSIDE.includes(item.hold.code)) return done;
      if (item.hold.code === 'questions')
        return { label, kind: 'person', seconds: secondsSince(item.since, now), waiting: true };
      return { label, kind: 'failed', attempt, reason: item.hold.text };
    default:
      return done;
  }
}

function brdRow(item: ItemState, now: Date): CardRow | null {
  const label = 'card.brd';
  if (item.waitingFor === 'approval')
    return { label, kind: 'person', seconds: secondsSince(item.since, now), waiting: true };
  if (item.approval === null) return null;
  if (item.approval.via === 'label') return { label, kind: 'auto', by: item.approval.by };
  return { label, kind: 'person', seconds: null, waiting: false };
}

function confirmRow(item: ItemState, now: Date): CardRow | null {
  const label = 'card.deploy_ok';
  const approved = item.delivery?.approved ?? null;
  if (item.waitingFor === 'confirm-deploy')
    return { label, kind: 'person', seconds: secondsSince(item.since, now), waiting: true };
  if (approved === null || STAGES.indexOf(item.stage) < STAGES.indexOf('deploy')) return null;
  if (approved.via === 'label' || approved.via === 'config') return { label, kind: 'auto', by: approved.by };
  return {
    label,
    kind: 'person',
    seconds: (Date.parse(approved.at) - Date.parse(item.delivery?.request?.at ?? '')) / 1000,
    waiting: false,
  };
}

function waitingLine(item: ItemState, behind: string | null): CardWaiting | null {
  if (item.hold !== null && OUTSIDE.includes(item.hold.code))
    return { kind: 'hold', why: `${item.hold.text} (${item.hold.code})` };
  return item.activity === 'queued' && behind !== null ? { kind: 'queue', behind } : null;
}

function nextStep(item: ItemState): string | null {
  if (item.hold !== null) return holdExit(item.hold.code, item.stage);
  if (item.waitingFor === 'approval') return message('next.decide', { a: 'Approved', b: 'Rejected' });
  if (item.waitingFor === 'confirm-deploy') return message('next.move', { a: 'Confirm Deploy' });
  return null;
}

function secondsSince(iso: string, now: Date): number {
  return (now.getTime() - Date.parse(iso)) / 1000;
}
