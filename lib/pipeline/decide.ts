import type { Config } from './config.ts';
import { decideDelivery } from './delivery.ts';
import { type BranchCut, type Clarification, type Line, createDraft, describeState, ignored } from './draft.ts';
import type { Answer, PipelineEvent } from './events.ts';
import { decideGesture } from './gestures.ts';
import { decideLanded } from './landing.ts';
import { dueTimers, runQueue } from './queue.ts';
import {
  decideBranchMoved,
  decideCiJudged,
  decideHeldOutside,
  decidePreflightFailed,
  decidePullMerged,
  decideRunLost,
} from './runs.ts';
import type { Snapshot } from './state.ts';
import { applyDueStops } from './stopping.ts';

export interface Context {
  readonly now: Date;
  /** The run that decides; it performs the effects first. */
  readonly run: string;
}

/** What is to be written and done. Effects stand in the outboxes of the items. */
export interface Decision {
  readonly next: Snapshot;
  readonly lines: readonly Line[];
  /** One per event, in order; then one per timer that was due. */
  readonly answers: readonly Answer[];
  /** Branches that must be made in the same push. */
  readonly cuts: readonly BranchCut[];
  /** Words of people that must be committed in the same push. */
  readonly clarifications: readonly Clarification[];
  /** false: nothing to push. */
  readonly changed: boolean;
}

/**
 * The only code that changes a stage. Pure and total: no clock, no randomness, no I/O; every event in every state has
 * an answer. Events are decided in order, then due timers, then the queue over the whole repository. spec: design §4
 */
export function decide(
  snapshot: Snapshot,
  events: readonly PipelineEvent[],
  config: Config,
  context: Context,
): Decision {
  const draft = createDraft(snapshot, config, context.now, context.run);
  let mark: string | null = null;
  for (const event of events) {
    const before = draft.lines.length;
    switch (event.type) {
      case 'gesture':
        decideGesture(draft, event);
        break;
      case 'stage.landed':
        decideLanded(draft, event);
        break;
      case 'delivery.recorded':
        decideDelivery(draft, event);
        break;
      case 'run.lost':
        decideRunLost(draft, event);
        break;
      case 'preflight.failed':
        decidePreflightFailed(draft, event);
        break;
      case 'ci.judged':
        decideCiJudged(draft, event);
        break;
      case 'branch.moved':
        decideBranchMoved(draft, event);
        break;
      case 'pull.merged':
        decidePullMerged(draft, event);
        break;
      case 'held.outside':
        decideHeldOutside(draft, event);
        break;
      case 'tracker.listed':
        mark = event.mark;
        ignored(draft, event.type, null, 'I-INFO', `the tracker was read up to ${event.mark}`);
        break;
      case 'clock':
        ignored(draft, event.type, null, 'I-INFO', 'timers and queue only');
        break;
    }
    closeLines(draft.items, draft.lines, before);
  }
  dueTimers(draft);
  applyDueStops(draft);
  runQueue(draft);
  closeLines(draft.items, draft.lines, 0);
  const marked = mark !== null && movesMark(snapshot, mark, draft.lines.length > 0);
  if (marked) draft.repo.trackerMark = mark;
  return {
    next: { repo: draft.repo, items: draft.items },
    lines: draft.lines,
    answers: draft.answers,
    cuts: draft.cuts,
    clarifications: draft.clarifications,
    changed: draft.lines.length > 0 || marked,
  };
}

/** The mark travels with a push that happens anyway; alone at most once an hour, so a quiet board makes no commits. spec: pipeline §10 (1) */
function movesMark({ repo }: Snapshot, mark: string, pushed: boolean): boolean {
  if (repo.trackerMark === null) return true;
  if (mark <= repo.trackerMark) return false;
  return pushed || Date.parse(mark) - Date.parse(repo.trackerMark) >= 3_600_000;
}

/** The last line of each item says where the decision left it. */
function closeLines(
  items: ReadonlyMap<string, Parameters<typeof describeState>[0]>,
  lines: Line[],
  from: number,
): void {
  const seen = new Set<string>();
  for (const line of lines.slice(from).toReversed()) {
    if (seen.has(line.item)) continue;
    seen.add(line.item);
    const item = items.get(line.item);
    if (item !== undefined) line.after = describeState(item);
  }
}
