import { archiveFinished } from './archive.ts';
import { waitsForCi, judgeCi } from './ci.ts';
import { performAndSettle } from './effects.ts';
import { type Desk, feed } from './feed.ts';
import { actionOf } from './gesture-rows.ts';
import { readGesture, refuseEntry } from './intake.ts';
import { CONTROL_RUN, writeLedger } from '../ledger/store.ts';
import type { PipelineEvent } from '../pipeline/events.ts';
import type { ItemState, Snapshot } from '../pipeline/state.ts';
import { isTerminal } from '../pipeline/stages.ts';
import { errorText } from '../base/errors.ts';
import type { Issue } from '../ports/tracker.ts';
import type { Verdict } from '../pipeline/verdict.ts';

/** From this age on an effect without receipt belongs to the reconciler. Seconds. spec: PL-C-4 */
const REDRIVE_S = 180;
/** A finished run whose result did not land within this time is lost. Seconds. spec: PL-K-4 */
const LANDING_GRACE_S = 300;
/** A reconciler's stamp is taken over from this age on. Seconds. spec: pipeline §10 */
const STAMP_S = 900;
/** A run that waits in the forge's queue longer than this is lost. Seconds. spec: PL-K-4 */
const QUEUE_LOST_S = 86_400;
/** Sends of one dispatch before a person is asked. spec: pipeline §3.3 */
const DISPATCH_SENDS = 3;

export interface ReconcileResult {
  /** What was found and done, one line each; empty = tracker, ledger and forge agree. */
  readonly plan: readonly string[];
}

/** Compares tracker, ledger and forge, applies what it finds as ordinary events, and drives what has no receipt. spec: pipeline §10 */
export async function reconcile(desk: Desk): Promise<ReconcileResult> {
  const plan: string[] = [];
  const { session } = desk;
  let refused: BoardReading['refused'] = [];
  const result = await feed(desk, async (view) => {
    const board = await readBoard(desk, view.snapshot);
    refused = board.refused;
    return [
      ...board.events,
      ...(await lostRuns(desk, view.snapshot)),
      ...(await movedBranches(desk, view.snapshot)),
      ...(await missedCi(desk, view.snapshot)),
    ];
  });
  for (const answer of result.decision.answers)
    if (answer.applied) plan.push(`${answer.item ?? '–'}: ${answer.event} (${answer.rule}) ${answer.text}`);
  for (const { issue, verdict } of refused) {
    await refuseEntry(desk, issue, verdict);
    plan.push(`issue ${issue.id}: entry gate ${verdict.code}`);
  }
  plan.push(...(await redriveAlone(desk, result.snapshot)));
  plan.push(...(await archiveOld(desk)));
  for (const line of plan) session.engine.log.info(`reconcile: ${line}`);
  return { plan };
}

const ageS = (desk: Desk, at: string) => (desk.session.engine.clock.now().getTime() - Date.parse(at)) / 1000;

interface BoardReading {
  readonly events: readonly PipelineEvent[];
  /** Issues that ask to start and that the entry gate refuses. */
  readonly refused: readonly { readonly issue: Issue; readonly verdict: Verdict }[];
}

/** Issues with a person's row that was not consumed, and issues in an action status without an item. spec: pipeline §10 (1) */
async function readBoard(desk: Desk, snapshot: Snapshot): Promise<BoardReading> {
  const { tracker, session } = desk;
  const events: PipelineEvent[] = [];
  const refused: { issue: Issue; verdict: Verdict }[] = [];
  try {
    const hasStart = await tracker.hasStatus('to_analyse');
    const live = new Map([...snapshot.items.values()].map((item) => [item.issue, item]));
    const issues = await tracker.listUpdated(snapshot.repo.trackerMark);
    for (const listed of issues) {
      const item = live.get(listed.id);
      if (item === undefined && actionOf(listed.state.key, hasStart) !== 'start') continue;
      const found = await readGesture(desk, snapshot, listed.id);
      if (found === null) continue;
      events.push(found.event);
      if (found.item === null && found.event.entry?.verdict === 'fail')
        refused.push({ issue: found.issue, verdict: found.event.entry });
    }
    // A pass that found gestures may leave one for later (a life that is still being cleaned up): the mark stays before it.
    const mark = issues
      .map((issue) => issue.updatedAt)
      .toSorted()
      .at(-1);
    if (events.length === 0 && mark !== undefined) events.push({ type: 'tracker.listed', mark });
  } catch (thrown) {
    session.engine.log.warn(`the tracker could not be read, its part waits for the next pass: ${errorText(thrown)}`);
  }
  return { events, refused };
}

/** Liveness is asked from the forge; its silence means alive until the deadline. spec: PL-K-4, PL-K-5 */
async function lostRuns(desk: Desk, snapshot: Snapshot): Promise<PipelineEvent[]> {
  const { engine, config } = desk.session;
  const events: PipelineEvent[] = [];
  for (const item of snapshot.items.values()) {
    if (item.activity !== 'dispatched' || item.token === null || item.dispatch?.run == null) continue;
    const run = await engine.forge.getRun(Number(item.dispatch.run)).catch((thrown: unknown) => {
      engine.log.warn(`run ${item.dispatch?.run} could not be read: ${errorText(thrown)}`);
      return undefined;
    });
    const sent = ageS(desk, item.dispatch.at);
    let text: string | null = null;
    if (run === null) text = sent > LANDING_GRACE_S ? `run ${item.dispatch.run} is unknown to the forge` : null;
    else if (run === undefined)
      text = sent > config.process.backstop_s ? 'the forge was silent until the deadline' : null;
    else if (run.state === 'queued') text = sent > QUEUE_LOST_S ? 'the run waited for a runner for a day' : null;
    else if (run.state === 'running' || run.state === 'unknown')
      text =
        ageS(desk, run.startedAt ?? item.dispatch.at) > deadlineS(desk, item) ? 'the run is past its deadline' : null;
    else if (ageS(desk, run.finishedAt ?? item.dispatch.at) > LANDING_GRACE_S)
      text = `run ${run.id} ended (${run.state}) and nothing landed`;
    if (text !== null) events.push({ type: 'run.lost', item: item.id, token: item.token, text });
  }
  return events;
}

/** spec: PL-K-5 */
function deadlineS({ session: { config } }: Desk, item: ItemState): number {
  const roles = Object.values(config.agents.roles).map((role) => role?.timeout_s ?? 0);
  const budget =
    item.stage === 'deploy'
      ? config.deploy.timeout_s
      : Math.max(config.agents.timeout_s, config.tests.timeout_s, ...roles);
  return Math.max(config.process.backstop_s, budget + config.process.kill_grace_s + 300);
}

/** Head of the branch is not the recorded one: somebody else pushed, or deleted it. spec: PL-C-3 */
async function movedBranches(desk: Desk, snapshot: Snapshot): Promise<PipelineEvent[]> {
  const { engine } = desk.session;
  const live = [...snapshot.items.values()].filter(
    (item) => !isTerminal(item.stage) && item.branch !== null && item.activity !== 'dispatched',
  );
  if (live.length === 0) return [];
  const refs = await engine.git.listRefs('refs/heads/feature/*');
  return live.flatMap((item): PipelineEvent[] => {
    const head = refs.get(`refs/heads/${item.branch ?? ''}`);
    if (head === item.head) return [];
    if (head === undefined)
      return [
        {
          type: 'held.outside',
          item: item.id,
          hold: 'branch-gone',
          text: `branch ${item.branch ?? ''} is gone: push it again, or stop the item`,
        },
      ];
    return [{ type: 'branch.moved', item: item.id, head }];
  });
}

/** CI results whose event was lost. spec: PL-C-3, G-GEN-7 */
async function missedCi({ session }: Desk, snapshot: Snapshot): Promise<PipelineEvent[]> {
  const waiting = [...snapshot.items.values()].filter((item) => waitsForCi(item) && item.head !== null);
  const events = await Promise.all(waiting.map((item) => judgeCi(session, item, item.head ?? '')));
  return events.filter(
    (event) =>
      event.type !== 'ci.judged' || event.verdict.verdict !== 'fail' || snapshot.items.get(event.item)?.hold === null,
  );
}

/** Only one reconciler re-drives at a time: a stamp by compare-and-swap, taken over when it is old. spec: pipeline §10 */
async function redriveAlone(desk: Desk, snapshot: Snapshot): Promise<string[]> {
  const { engine, ledger } = desk.session;
  const due = dueItems(desk, snapshot);
  if (due.length === 0) return [];
  const stamp = (reconcile: Snapshot['repo']['reconcile'], free: (now: Snapshot['repo']['reconcile']) => boolean) =>
    writeLedger(
      ledger,
      async ({ snapshot: now }) =>
        free(now.repo.reconcile)
          ? {
              next: { repo: { ...now.repo, reconcile }, items: now.items },
              lines: [],
              refs: [],
              run: engine.run,
              message: `${engine.run}: reconcile ${reconcile === null ? 'done' : 'begins'}`,
              config: null,
            }
          : null,
      CONTROL_RUN,
    );
  const taken = await stamp(
    { run: engine.run, at: engine.clock.now().toISOString() },
    (now) => now === null || ageS(desk, now.at) > STAMP_S,
  );
  if (taken === null) {
    engine.log.info('another reconcile run is at work: its effects are left to it');
    return [];
  }
  try {
    return await redrive(desk, taken.write.next);
  } finally {
    await stamp(null, (now) => now?.run === engine.run);
  }
}

const dueItems = (desk: Desk, { items }: Snapshot) =>
  [...items.values()].filter((item) => item.outbox.some((entry) => ageS(desk, entry.at) > REDRIVE_S));

/** Effects older than 180 s: read back, then repeated; a dispatch three times, then a person is asked. spec: PL-C-4 */
async function redrive(desk: Desk, snapshot: Snapshot): Promise<string[]> {
  const due = [...snapshot.items.values()].filter((item) =>
    item.outbox.some((entry) => ageS(desk, entry.at) > REDRIVE_S),
  );
  if (due.length === 0) return [];
  const given = due.filter((item) =>
    item.outbox.some((entry) => entry.effect.kind === 'dispatch' && entry.tries >= DISPATCH_SENDS),
  );
  if (given.length > 0)
    await feed(desk, () =>
      given.flatMap((item): PipelineEvent[] =>
        item.token === null
          ? []
          : [
              {
                type: 'preflight.failed',
                item: item.id,
                token: item.token,
                run: desk.session.engine.run,
                cause: 'infra',
                text: `the forge took none of ${DISPATCH_SENDS} dispatches`,
              },
            ],
      ),
    );
  const performed = await performAndSettle(
    { ...desk, snapshot, repeat: true },
    due.filter((item) => !given.includes(item)),
    (entry) => ageS(desk, entry.at) > REDRIVE_S,
  );
  return performed.flatMap(({ item, receipts, failed }) => [
    ...receipts.map((receipt) => `${item}: ${receipt.key} done`),
    ...Object.entries(failed).map(([key, text]) => `${item}: ${key} still fails: ${text}`),
  ]);
}

/** Finished items leave the live ledger after `retention.live_after_done_s`; a stopped one as soon as its effects are done. spec: PL-D-9 */
async function archiveOld(desk: Desk): Promise<string[]> {
  const { session } = desk;
  const lines: string[] = [];
  const isOld = (item: ItemState) =>
    isTerminal(item.stage) &&
    item.outbox.length === 0 &&
    (item.stage === 'cancelled' || ageS(desk, item.since) > session.config.retention.live_after_done_s);
  await writeLedger(
    session.ledger,
    async (view) => {
      lines.length = 0;
      const leaving = [...view.snapshot.items.values()].filter(isOld);
      if (leaving.length === 0) return null;
      lines.push(...leaving.map((item) => `${item.id}: archived (${item.stage})`));
      const { next, refs } = await archiveFinished(session, view, view.snapshot, leaving);
      return {
        next,
        lines: [],
        refs,
        removed: leaving.map((item) => item.id),
        run: session.engine.run,
        message: `${session.engine.run}: archive ${leaving.map((item) => item.id).join(', ')}`,
        config: null,
      };
    },
    { attempts: 10 },
  );
  return lines;
}
