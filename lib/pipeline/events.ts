import type { Delivery, HoldReason } from './state.ts';
import type { Verdict } from './verdict.ts';
import type { OutcomeClass, Usage } from './outcome.ts';

/** What a person did, on the board or through conveyor-control / conveyor-confirm-deploy. spec: pipeline §3.2, §3.4 */
export const GESTURES = ['start', 'approve', 'reject', 'confirm', 'cancel', 'retry', 'recheck'] as const;
export type GestureAction = (typeof GESTURES)[number];

/** The issue as read from the tracker just now. */
export interface IssueFacts {
  readonly id: string;
  readonly sequence: number | null;
  readonly title: string;
  readonly description: string;
  /** null = unreadable; then no label counts. */
  readonly labels: readonly string[] | null;
}

export interface Gesture {
  readonly type: 'gesture';
  readonly action: GestureAction;
  /** Item id when a control command names it; else the issue decides. */
  readonly item: string | null;
  readonly issue: IssueFacts | null;
  readonly row: { readonly id: string; readonly at: string } | null;
  readonly by: string;
  readonly via: 'tracker' | 'dispatch';
  readonly reason: string | null;
  /** Confirm Deploy: digest the person saw (≥ 12 hex or the whole), null from the board. */
  readonly digest: string | null;
  /** Verdict of the entry gate, for start. */
  readonly entry: Verdict | null;
  /** Archived life of the issue, when there is no live item. */
  readonly archived: {
    readonly id: string;
    readonly gen: number;
    readonly stage: string;
    readonly seen: string | null;
  } | null;
  /** Ids of archived items that other issues hold, so that none is given twice. spec: PL-D-2, PL-D-3 */
  readonly known: readonly string[];
}

/** What a stage run brings to land. `token` decides whether it counts. */
export interface StageLanded {
  readonly type: 'stage.landed';
  readonly item: string;
  readonly token: string;
  readonly run: string;
  readonly outcome: {
    readonly class: OutcomeClass;
    readonly cause: string | null;
    readonly text: string;
    readonly seconds: number;
    readonly usage: Usage | null;
    readonly costUsd: number | null;
  };
  /** In the order of the stage's exit gates. */
  readonly verdicts: readonly Verdict[];
  /** New head of the item's branch that travels in the same push; null = branch unchanged. */
  readonly head: string | null;
  /** Verdict files that the push brings: path → blob. */
  readonly reports: Readonly<Record<string, string>>;
  /** Hash of the four analysis files at the head, after an analyst run. */
  readonly package: string | null;
  /** Active questions of the analyst, or text of an architect's conflict. */
  readonly message: string | null;
  /** deploy-staging: the candidate that passed, and main's head it was judged against. */
  readonly validated: {
    readonly sha: string;
    readonly tree: string;
    readonly code_tree: string;
    readonly base: string;
  } | null;
  /** deploy: the landed merge. */
  readonly mergeCommit: string | null;
}

/** A record inside a delivery run; keeps the token unless it hands over. spec: PL-K-3 */
export interface DeliveryRecorded {
  readonly type: 'delivery.recorded';
  readonly item: string;
  readonly token: string;
  readonly run: string;
  /** Phase that must be in force. */
  readonly from: Delivery['phase'];
  readonly delivery: Delivery;
  readonly head: string | null;
  readonly reports: Readonly<Record<string, string>>;
  readonly verdicts: readonly Verdict[];
  /** true: this run ends and a new one goes on (deploy → finalizer). */
  readonly handOver: boolean;
}

export type PipelineEvent =
  | Gesture
  | StageLanded
  | DeliveryRecorded
  | { readonly type: 'run.lost'; readonly item: string; readonly token: string; readonly text: string }
  | {
      readonly type: 'preflight.failed';
      readonly item: string;
      readonly token: string;
      readonly run: string;
      readonly cause: 'config' | 'auth' | 'transient' | 'infra';
      readonly text: string;
    }
  /** One read of the ci gate for a commit. */
  | { readonly type: 'ci.judged'; readonly item: string; readonly sha: string; readonly verdict: Verdict }
  | { readonly type: 'branch.moved'; readonly item: string; readonly head: string }
  | {
      readonly type: 'pull.merged';
      readonly item: string;
      readonly number: number;
      readonly mergeCommit: string | null;
    }
  | { readonly type: 'held.outside'; readonly item: string; readonly hold: HoldReason; readonly text: string }
  /** A reconcile pass read the tracker's list completely; `mark` = newest change it saw. spec: pipeline §10 (1) */
  | { readonly type: 'tracker.listed'; readonly mark: string }
  /** Only due timers and the queue. */
  | { readonly type: 'clock' };

/** Why an event changed nothing. spec: pipeline §3.1 */
export type IgnoreCode =
  | 'I-PROJECT'
  | 'I-DUP'
  | 'I-STALE'
  | 'I-ECHO'
  | 'I-NOITEM'
  | 'I-BUSY'
  | 'I-EARLY'
  | 'I-STAGE'
  | 'I-TERMINAL'
  | 'I-CRITICAL'
  | 'I-SHA'
  | 'I-RUN'
  | 'I-OFF'
  | 'I-INFO';

/** The answer to one event: what it did, or why it did nothing. Every event has one. */
export interface Answer {
  readonly event: string;
  readonly item: string | null;
  readonly applied: boolean;
  /** Ignore code, or the rule that decided. */
  readonly rule: string;
  readonly text: string;
}
