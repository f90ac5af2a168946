import type { Config } from './config.ts';
import { type Effect, type OutboxEntry, effectKey } from './effects.ts';
import type { Answer } from './events.ts';
import { type Stage, stageRow } from './stages.ts';
import { type HoldReason, type ItemState, type RepoState, type Snapshot, fencingToken, isCritical } from './state.ts';
import type { Verdict } from './verdict.ts';

/** First commit of an item's branch: made on main's head by the writer, in the same push as the decision. spec: PL-D-7 */
export interface BranchCut {
  readonly item: string;
}

/** Words of a person for `00-business-request.md`: committed on the item's head by the writer, in the same push as the decision. */
export interface Clarification {
  readonly item: string;
  /** ISO time of the gesture. */
  readonly at: string;
  readonly text: string;
}

/** What happened to one item in one decision; becomes one line of its journal. */
export interface Line {
  readonly item: string;
  readonly seq: number;
  readonly event: string;
  rule: string;
  text: string;
  readonly before: string;
  after: string;
  effects: string[];
}

/** A private copy of the snapshot on which one call of `decide` works; nothing of it leaves before the end. */
export interface Draft {
  repo: RepoState;
  readonly items: Map<string, ItemState>;
  readonly config: Config;
  readonly now: Date;
  /** The run that decides: first performer of the effects. */
  readonly run: string;
  readonly lines: Line[];
  readonly answers: Answer[];
  readonly cuts: BranchCut[];
  readonly clarifications: Clarification[];
  readonly cloned: Set<string>;
}

export function createDraft(snapshot: Snapshot, config: Config, now: Date, run: string): Draft {
  return {
    repo: structuredClone(snapshot.repo),
    items: new Map(snapshot.items),
    config,
    now,
    run,
    lines: [],
    answers: [],
    cuts: [],
    clarifications: [],
    cloned: new Set(),
  };
}

export const describeState = (item: ItemState) =>
  `${item.stage}/${item.activity}${item.waitingFor === null ? '' : `(${item.waitingFor})`}${item.hold === null ? '' : `(${item.hold.code})`}`;

/** A copy of the item that may be changed. */
export function edit(draft: Draft, id: string): ItemState {
  const item = draft.items.get(id);
  if (item === undefined) throw new TypeError(`no live item ${id}`);
  if (draft.cloned.has(id)) return item;
  const copy = structuredClone(item);
  draft.items.set(id, copy);
  draft.cloned.add(id);
  return copy;
}

/** Opens the journal line of a decision about an item; the decision's number feeds its fencing token. */
export function open(draft: Draft, id: string, event: string, rule: string, text: string): ItemState {
  const item = edit(draft, id);
  item.seq += 1;
  const before = describeState(item);
  draft.lines.push({ item: id, seq: item.seq, event, rule, text, before, after: before, effects: [] });
  return item;
}

/** The line of this item that is still open in this call, or a new one. */
export function continueLine(draft: Draft, id: string, event: string, rule: string, text: string): ItemState {
  const line = draft.lines.findLast((candidate) => candidate.item === id);
  if (line === undefined) return open(draft, id, event, rule, text);
  line.text = `${line.text}; ${text}`;
  return edit(draft, id);
}

export function applied(draft: Draft, event: string, item: string | null, rule: string, text: string): void {
  draft.answers.push({ event, item, applied: true, rule, text });
}

export function ignored(draft: Draft, event: string, item: string | null, rule: string, text: string): void {
  draft.answers.push({ event, item, applied: false, rule, text });
}

/** Records an effect in the item's outbox; a newer level or status replaces an older one of the same key. spec: PL-S-5 */
export function emit(draft: Draft, item: ItemState, effect: Effect): void {
  const key = effectKey(effect);
  const entry: OutboxEntry = {
    key,
    effect,
    seq: item.seq,
    at: draft.now.toISOString(),
    by: draft.run,
    tries: 0,
    lastError: null,
  };
  // A new token drops the older dispatch. spec: PL-C-4
  item.outbox = item.outbox.filter(
    (old) => old.key !== key && !(effect.kind === 'dispatch' && old.effect.kind === 'dispatch'),
  );
  item.outbox.push(entry);
  const line = draft.lines.findLast((candidate) => candidate.item === item.id);
  if (line !== undefined && !line.effects.includes(key)) line.effects.push(key);
}

export function comment(
  draft: Draft,
  item: ItemState,
  kind: string,
  role: string,
  data: Readonly<Record<string, string>> = {},
  attempt = item.rounds[item.stage] ?? 1,
): void {
  emit(draft, item, { kind: 'tracker-comment', comment: kind, stage: item.stage, attempt, role, data: { ...data } });
}

/** Board and card follow every change of state. */
export function show(draft: Draft, item: ItemState, notify = false): void {
  emit(draft, item, { kind: 'tracker-status' });
  if (draft.config.chat.kind !== 'none') emit(draft, item, { kind: 'chat-card', notify });
}

function rest(draft: Draft, item: ItemState): void {
  item.token = null;
  item.dispatch = null;
  item.waitingFor = null;
  item.hold = null;
  item.notBefore = null;
  item.since = draft.now.toISOString();
  item.outbox = item.outbox.filter((entry) => entry.effect.kind !== 'dispatch');
}

/** The item wants a run of its stage; the queue table decides when. `delayS` seconds of back-off. */
export function queue(draft: Draft, item: ItemState, mode: ItemState['mode'] = 'work', delayS = 0): void {
  rest(draft, item);
  item.activity = 'queued';
  item.mode = mode;
  if (delayS > 0) item.notBefore = new Date(draft.now.getTime() + delayS * 1000).toISOString();
  show(draft, item);
}

export function wait(draft: Draft, item: ItemState, waitingFor: NonNullable<ItemState['waitingFor']>): void {
  rest(draft, item);
  item.activity = 'waiting';
  item.waitingFor = waitingFor;
  show(draft, item, waitingFor === 'approval' || waitingFor === 'confirm-deploy');
}

/**
 * Stops the item until a person or a stated recovery; one comment names cause and ways out. Outside the critical
 * window the merge slot goes to others. spec: PL-Q9-6
 */
export function hold(draft: Draft, item: ItemState, code: HoldReason, cause: string, text: string): void {
  rest(draft, item);
  if (!isCritical(item)) loseSlot(draft, item);
  item.activity = 'held';
  item.hold = { code, cause, text: text.slice(0, 4000), at: draft.now.toISOString() };
  if (code !== 'questions')
    comment(draft, item, 'held', 'stream', { code, cause, text: text.slice(0, 2000) }, item.seq);
  show(draft, item, true);
}

/** Enters a stage: fresh per-stage counters, one more entry. */
export function enter(draft: Draft, item: ItemState, stage: Stage): void {
  item.stage = stage;
  item.lastRun = null;
  item.counters.run = 0;
  item.counters.infra = {};
  item.counters.transient = 0;
  item.counters.entries += 1;
  if (stage === 'deploy-staging')
    item.delivery = {
      pass: (item.delivery?.pass ?? 0) + 1,
      phase: 'building',
      artifact: item.delivery?.artifact ?? null,
      validated: null,
      request: null,
      approved: null,
      attempts: [],
      land: null,
    };
  if (item.counters.entries > draft.config.retry.entries_max && draft.config.retry.entries_max > 0)
    hold(
      draft,
      item,
      'loop',
      'entries',
      `${item.counters.entries} stage entries in this life: a person decides how to go on`,
    );
  else queue(draft, item);
}

/** Sends the item on from its stage: a pass. spec: pipeline §2 "next", PL-R-6 */
export function advance(draft: Draft, item: ItemState): void {
  item.counters.noProgress = 0;
  const next = stageRow(item.stage).next[item.track];
  if (next === null) throw new TypeError(`stage ${item.stage} has no next stage`);
  enter(draft, item, next);
}

/** Writes a new token and the dispatch of the stage's run. spec: PL-K-1 */
export function dispatch(draft: Draft, item: ItemState): void {
  const round = (item.rounds[item.stage] ?? 0) + 1;
  rest(draft, item);
  item.rounds[item.stage] = round;
  item.activity = 'dispatched';
  item.token = fencingToken(draft.repo.epoch, item.id, item.gen, item.seq);
  item.dispatch = { at: draft.now.toISOString(), sends: 0, run: null };
  emit(draft, item, {
    kind: 'dispatch',
    stage: item.stage,
    token: item.token,
    title: `${item.id} · ${item.stage} · attempt ${round} · ${item.token}`,
    round,
    attempt: item.counters.run + 1,
  });
  show(draft, item);
}

/** Ends the item. */
export function settle(draft: Draft, item: ItemState, stage: 'done' | 'cancelled'): void {
  rest(draft, item);
  item.stage = stage;
  item.activity = 'settled';
  releaseSlot(draft, item);
  show(draft, item, true);
}

/** Frees the merge slot if this item (and life) holds it. spec: PL-Q9-6 */
export function releaseSlot(draft: Draft, item: ItemState): void {
  if (draft.repo.slot?.item === item.id && draft.repo.slot.gen === item.gen) draft.repo.slot = null;
}

/** Without the slot an item is back before the edge, and its confirmation is void. spec: PL-Q9-6 */
export function loseSlot(draft: Draft, item: ItemState): void {
  releaseSlot(draft, item);
  if (item.stage !== 'deploy') return;
  item.stage = 'deploy-staging';
  if (item.delivery !== null) Object.assign(item.delivery, { phase: 'building', approved: null });
}

/** The commit status of a gate, as its newest verdict. spec: gates §1.3 */
export function emitStatus(
  draft: Draft,
  item: ItemState,
  sha: string,
  { gate, verdict, code, text, report }: Pick<Verdict, 'gate' | 'verdict' | 'code' | 'text' | 'report'>,
): void {
  emit(draft, item, {
    kind: 'commit-status',
    sha,
    context: `conveyor/${gate}`,
    verdict,
    code,
    text,
    report,
  });
}

export function recordVerdict(draft: Draft, item: ItemState, verdict: Verdict): void {
  item.gates[verdict.gate] = {
    verdict: verdict.verdict,
    code: verdict.code,
    text: verdict.text,
    subject: verdict.subject,
    sha: item.head,
    report: verdict.report,
    run: draft.run,
    at: draft.now.toISOString(),
  };
  if (item.head === null) return;
  emitStatus(draft, item, item.head, verdict);
}
