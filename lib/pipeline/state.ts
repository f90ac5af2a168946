import { createHash } from 'node:crypto';
import { z } from 'zod';
import { OutboxEntry } from './effects.ts';
import { OUTCOME_CLASSES } from './outcome.ts';
import { GATES, STAGES, isTerminal } from './stages.ts';
import { VerdictKind } from './verdict.ts';

/** Version of everything on branch conveyor/ledger. A newer one is refused, never guessed at. */
export const LEDGER_SCHEMA = 1;

const stage = z.enum(STAGES);
const sha = z.string().regex(/^[0-9a-f]{40}$|^[0-9a-f]{64}$/);
const at = z.iso.datetime();
const counter = z.int().min(0);

export const HOLD_REASONS = [
  'questions',
  'analysis-empty',
  'agent-failed',
  'agent-unavailable',
  'ci-silent',
  'retries-exhausted',
  'no-progress',
  'loop',
  'infra',
  'deploy-failed',
  'deploy-unknown',
  'not-landed',
  'pr-create-failed',
  'merge-refused',
  'merged-outside',
  'report-untrusted',
  'config-invalid',
  'budget',
  'tracker-gone',
  'branch-gone',
] as const;
export type HoldReason = (typeof HOLD_REASONS)[number];

export const Hold = z.object({
  code: z.enum(HOLD_REASONS),
  /** Verdict code or outcome class that led here. */
  cause: z.string(),
  text: z.string(),
  at,
});
export type Hold = z.infer<typeof Hold>;

/** The newest result of a gate for this item; the authority that commit statuses only show. spec: gates §1.2 */
export const GateRecord = z.object({
  verdict: VerdictKind,
  code: z.string(),
  text: z.string(),
  subject: z.record(z.string(), z.string()),
  sha: sha.nullable(),
  report: z.string().nullable(),
  run: z.string(),
  at,
});
export type GateRecord = z.infer<typeof GateRecord>;

export const ReportRecord = z.object({ blob: sha, commit: sha, round: z.int().min(1), run: z.string() });
export type ReportRecord = z.infer<typeof ReportRecord>;

const artifact = z.object({
  digest: z.string(),
  commit: sha,
  tree: sha,
  code_tree: sha,
  build_key: z.string(),
  size: counter,
});
/** Candidate that passed staging and may go to production. */
const validated = z.object({ sha, tree: sha, code_tree: sha, base: sha });

export const DELIVERY_PHASES = [
  'building',
  'requested',
  'approved',
  'initiated',
  'deployed',
  'landing',
  'landed',
  'failed',
] as const;
/** spec: delivery §11 */
export const Delivery = z.object({
  pass: z.int().min(1),
  phase: z.enum(DELIVERY_PHASES),
  artifact: artifact.nullable(),
  validated: validated.nullable(),
  request: z.object({ n: z.int().min(1), at, expires_at: at, digest: z.string() }).nullable(),
  approved: z.object({ by: z.string(), via: z.enum(['tracker', 'dispatch', 'label', 'config']), at }).nullable(),
  attempts: z.array(
    z.object({
      id: z.string(),
      run: z.string(),
      state: z.string(),
      exit: z.int().nullable(),
      previous: z.string().nullable(),
      log: z.string(),
      started_at: at,
      finished_at: at.nullable(),
    }),
  ),
  land: z
    .object({ pr: z.int().nullable(), head: sha, expected_tree: sha, base: sha, merge_commit: sha.nullable() })
    .nullable(),
});
export type Delivery = z.infer<typeof Delivery>;

export const ItemState = z.object({
  id: z.string(),
  gen: z.int().min(1),
  issue: z.string(),
  sequence: z.int().nullable(),
  title: z.string(),
  description: z.string(),
  labels: z.array(z.string()),
  order: z.int().min(1),
  /** Number of decisions about this item in this life; the journal has as many lines. */
  seq: counter,
  /** Newest row of the issue's history that was consumed. spec: PL-E-3 */
  seen: z.object({ at: z.string(), row: z.string() }).nullable(),
  track: z.enum(['full', 'bug']),
  stage,
  activity: z.enum(['queued', 'dispatched', 'waiting', 'held', 'settled']),
  mode: z.enum(['work', 'recheck', 'resume', 'finalize']),
  waitingFor: z.enum(['approval', 'ci', 'confirm-deploy', 'slot']).nullable(),
  hold: Hold.nullable(),
  /** Since when the item is in this stage and activity. */
  since: at,
  branch: z.string().nullable(),
  head: sha.nullable(),
  /** Commit of main the branch was cut from. */
  base: sha.nullable(),
  token: z.string().nullable(),
  dispatch: z.object({ at, sends: z.int().min(0), run: z.string().nullable() }).nullable(),
  notBefore: at.nullable(),
  cancel: z.object({ requestedAt: at, by: z.string(), reason: z.string() }).nullable(),
  approval: z.object({ package: z.string(), at, by: z.string(), via: z.string() }).nullable(),
  /** Latest complete analysis package: hash of the four blobs. */
  package: z.string().nullable(),
  delivery: Delivery.nullable(),
  counters: z.object({
    developer: counter,
    run: counter,
    infra: z.record(z.string(), counter),
    transient: counter,
    noProgress: counter,
    conflict: counter,
    entries: counter,
  }),
  /** Round (attempt number) of each stage in this life, from 1. */
  rounds: z.partialRecord(stage, z.int().min(1)),
  gates: z.partialRecord(z.enum(GATES), GateRecord),
  reports: z.record(z.string(), ReportRecord),
  /** What the next worker is told: gate text, rejection reason or people's answers, verbatim. Set by `tellWorker`. */
  findings: z.string().nullable(),
  /** The verdict whose text `findings` is, when a gate sent the item back; `sha`, `report`: where its report stands. */
  bounce: z
    .object({
      gate: z.enum(GATES),
      code: z.string(),
      verdict: VerdictKind,
      attempt: counter,
      limit: counter,
      round: z.int().min(1),
      sha: sha.nullable(),
      report: z.string().nullable(),
    })
    .nullable()
    .default(null),
  /** Findings of the last bounces before that one in this life, oldest first. spec: AR-FB-5 */
  rejections: z
    .array(z.object({ round: z.int().min(1), findings: z.string() }))
    .max(3)
    .default([]),
  /** What people said when they retried. */
  words: z.string().nullable().default(null),
  /** The run of this stage before the next one, when it did not end well. `seconds` of work. spec: AG-PORT-4 */
  lastRun: z
    .object({ class: z.enum(OUTCOME_CLASSES), seconds: z.number().min(0), text: z.string() })
    .nullable()
    .default(null),
  fingerprint: z.string().nullable(),
  pull: z.int().nullable(),
  chat: z.object({ messageId: z.string() }).nullable(),
  /** Seconds each stage took so far, and what its agents used. */
  usage: z.partialRecord(
    stage,
    z.object({ seconds: z.number(), input: counter, cached: counter, output: counter, costUsd: z.number() }),
  ),
  outbox: z.array(OutboxEntry),
});
export type ItemState = z.infer<typeof ItemState>;

export const RepoState = z.object({
  schema: z.literal(LEDGER_SCHEMA),
  /** New for every ledger ever made for this repository, so that no token value repeats. */
  epoch: z.int().min(1),
  /** Append counter for the order of items. */
  order: counter,
  slot: z.object({ item: z.string(), gen: z.int(), since: at }).nullable(),
  /** Mark of the tracker list: newest `updated_at` of the last complete reconcile pass. */
  trackerMark: z.string().nullable(),
  reconcile: z.object({ run: z.string(), at }).nullable(),
  lastLanding: z.object({ item: z.string(), mergeCommit: sha, at }).nullable(),
});
export type RepoState = z.infer<typeof RepoState>;

/** What `decide` sees: the whole live ledger. */
export interface Snapshot {
  readonly repo: RepoState;
  /** By work item id, live items only. */
  readonly items: ReadonlyMap<string, ItemState>;
}

/**
 * The fencing token of a decision: first 10 base32 characters of sha256(epoch, ID, gen, seq). Pure; no value repeats
 * within a repository. spec: PL-S-4
 */
export function fencingToken(epoch: number, id: string, gen: number, seq: number): string {
  const digest = createHash('sha256').update(`${epoch}\n${id}\n${gen}\n${seq}`).digest();
  const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';
  let token = '';
  for (let index = 0; index < 10; index += 1) {
    const bit = index * 5;
    const word = ((digest[bit >> 3] ?? 0) << 8) | (digest[(bit >> 3) + 1] ?? 0);
    token += alphabet[(word >> (11 - (bit & 7))) & 31];
  }
  return token;
}

/** From `initiated` until landed or rolled back: STOP and Rejected wait. spec: PL-S-6 */
export function isCritical(item: ItemState): boolean {
  const phase = item.delivery?.phase;
  if (item.stage === 'deploy') return phase === 'initiated' || phase === 'deployed' || phase === 'landing';
  return false;
}

/** Says what is contradictory in a state; [] when it is sound. spec: pipeline §14 invariants 4-5 */
export function stateFaults(item: ItemState): string[] {
  const faults: string[] = [];
  if ((item.activity === 'dispatched') !== (item.token !== null))
    faults.push(`activity ${item.activity} with token ${item.token ?? 'none'}`);
  if ((item.activity === 'settled') !== isTerminal(item.stage)) faults.push(`stage ${item.stage} is ${item.activity}`);
  if ((item.activity === 'waiting') !== (item.waitingFor !== null))
    faults.push(`activity ${item.activity} waits for ${item.waitingFor ?? 'nothing'}`);
  if ((item.activity === 'held') !== (item.hold !== null))
    faults.push(`activity ${item.activity} with hold ${item.hold?.code ?? 'none'}`);
  if (item.activity === 'dispatched' && item.dispatch === null) faults.push('dispatched without a dispatch record');
  return faults;
}
