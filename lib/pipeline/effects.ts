import { z } from 'zod';
import { STAGES } from './stages.ts';
import { VerdictKind } from './verdict.ts';

const stage = z.enum(STAGES);

/**
 * An outside action as data. Levels (tracker-status, card) are computed when they are written; acts happen once,
 * with receipt and read-back. spec: PL-S-5, design §3 "Effects"
 */
export const Effect = z.discriminatedUnion('kind', [
  /** Start the run of a stage; the run id is the receipt. */
  z.object({
    kind: z.literal('dispatch'),
    stage,
    token: z.string(),
    title: z.string(),
    round: z.int(),
    attempt: z.int(),
  }),
  /** A commit status of a gate; state and description are made of the verdict when it is written. */
  z.object({
    kind: z.literal('commit-status'),
    sha: z.string(),
    context: z.string(),
    verdict: VerdictKind,
    code: z.string(),
    text: z.string(),
    report: z.string().nullable(),
  }),
  /** Post the still valid statuses of one commit on the next one. spec: G-STA-3 */
  z.object({ kind: z.literal('carry-statuses'), from: z.string(), to: z.string() }),
  /** Board status = derivedStatus(item) at the time of writing. */
  z.object({ kind: z.literal('tracker-status') }),
  /** One comment per item + kind + stage + attempt. */
  z.object({
    kind: z.literal('tracker-comment'),
    comment: z.string(),
    stage,
    attempt: z.int(),
    role: z.string(),
    data: z.record(z.string(), z.string()),
  }),
  /** The open pull request of the item's branch. The number is the receipt. */
  z.object({ kind: z.literal('pull-request'), branch: z.string() }),
  z.object({ kind: z.literal('close-pull-request'), number: z.int() }),
  /** Copy of the work-item folder to conveyor/archive, before the branch goes. spec: AR-ST-1 */
  z.object({ kind: z.literal('archive-artifacts'), branch: z.string(), head: z.string() }),
  z.object({ kind: z.literal('delete-branch'), branch: z.string(), expect: z.string() }),
  /** The chat card, a level. */
  z.object({ kind: z.literal('chat-card'), notify: z.boolean() }),
]);
export type Effect = z.infer<typeof Effect>;

/** An effect that has no receipt yet. `by` = the run that recorded it and may perform it first. spec: PL-C-4 */
export const OutboxEntry = z.object({
  key: z.string(),
  effect: Effect,
  seq: z.int(),
  at: z.string(),
  by: z.string(),
  tries: z.int(),
  lastError: z.string().nullable(),
});
export type OutboxEntry = z.infer<typeof OutboxEntry>;

/** The idempotency key of an effect within its item. spec: design §3 */
export function effectKey(effect: Effect): string {
  switch (effect.kind) {
    case 'dispatch':
      return `dispatch:${effect.token}`;
    case 'commit-status':
      return `status:${effect.sha}:${effect.context}`;
    case 'carry-statuses':
      return `carry:${effect.to}`;
    case 'tracker-comment':
      return `comment:${effect.comment}:${effect.stage}:${effect.attempt}`;
    case 'pull-request':
      return `pull:${effect.branch}`;
    case 'close-pull-request':
      return `close:${effect.number}`;
    case 'archive-artifacts':
      return `archive:${effect.head}`;
    case 'delete-branch':
      return `delete:${effect.branch}`;
    case 'tracker-status':
    case 'chat-card':
      return effect.kind;
  }
}

/** Proof that an effect happened. `value`: run id, pull request number, message id. */
export interface Receipt {
  readonly key: string;
  readonly seq: number;
  readonly value: string | null;
  /** What a level effect wrote, to be compared with the state before the entry is closed. */
  readonly wrote: string | null;
}
