import { decideEntry } from '../gates/entry.ts';
import { judge } from '../gates/judge.ts';
import type { Gesture, PipelineEvent } from '../pipeline/events.ts';
import type { ItemState, Snapshot } from '../pipeline/state.ts';
import type { Verdict } from '../pipeline/verdict.ts';
import type { Issue } from '../ports/tracker.ts';
import { formatWorkItemId } from '../base/ids.ts';
import { findArchived } from './archive.ts';
import { readCi } from './ci.ts';
import { renderEntryFailed } from './comments.ts';
import { type Desk, feed } from './feed.ts';
import { actionOf, isTrusted, newestGesture } from './gesture-rows.ts';

/** What the run was started with: ids of issues to look at, a commit whose CI ended, a pull request that was closed. */
export interface IntakeInput {
  readonly issues: readonly string[];
  readonly ciCommit: string | null;
  readonly pull: {
    readonly number: number;
    readonly head: string;
    readonly merged: boolean;
    readonly mergeCommit: string | null;
  } | null;
}

export interface IntakeResult {
  readonly lines: readonly string[];
}

/** A webhook is a hint: issues, CI and pull requests are read now, decided together in one commit. spec: PL-E-1 */
export async function intake(desk: Desk, input: IntakeInput): Promise<IntakeResult> {
  const entryFaults: { issue: Issue; verdict: Verdict }[] = [];
  const result = await feed(desk, async (view) => {
    entryFaults.length = 0;
    const events: PipelineEvent[] = [];
    for (const id of new Set(input.issues)) {
      const gesture = await readGesture(desk, view.snapshot, id);
      if (gesture === null) continue;
      events.push(gesture.event);
      const { entry } = gesture.event;
      if (gesture.item === null && entry !== null && entry.verdict === 'fail')
        entryFaults.push({ issue: gesture.issue, verdict: entry });
    }
    if (input.ciCommit !== null) events.push(...(await readCi(desk.session, view.snapshot, input.ciCommit)));
    if (input.pull !== null) events.push(...pullEvents(view.snapshot, input.pull));
    return events;
  });
  for (const { issue, verdict } of entryFaults) await refuseEntry(desk, issue, verdict);
  return {
    lines: result.decision.answers.map(
      (answer) =>
        `${answer.item ?? '–'} · ${answer.event} · ${answer.applied ? 'applied' : 'ignored'} · ${answer.rule} · ${answer.text}`,
    ),
  };
}

function pullEvents(snapshot: Snapshot, pull: NonNullable<IntakeInput['pull']>): PipelineEvent[] {
  const item = [...snapshot.items.values()].find((candidate) => candidate.branch === pull.head);
  if (item === undefined || !pull.merged) return [];
  return [{ type: 'pull.merged', item: item.id, number: pull.number, mergeCommit: pull.mergeCommit }];
}

/** QG-0 failed: no item, no branch; all failures in one comment, status Blocked. Keyed, so a repeat changes nothing. spec: PL-Q-4 */
export async function refuseEntry({ tracker, session }: Desk, issue: Issue, verdict: Verdict): Promise<void> {
  session.engine.log.info(`entry gate: ${verdict.code} ${verdict.text}`);
  await tracker.upsertComment(issue.id, {
    externalId: `${issue.id}/entry_failed/created/1`,
    html: renderEntryFailed(session, verdict),
    role: 'stream',
  });
  await tracker.setStatus(issue.id, 'blocked');
}

interface FoundGesture {
  readonly event: Gesture;
  readonly issue: Issue;
  readonly item: ItemState | null;
}

/** What a person wants of this issue now, or null. Reads the tracker, never the payload. spec: PL-E-1, PL-E-4, PL-Q-1 */
export async function readGesture(desk: Desk, snapshot: Snapshot, issueId: string): Promise<FoundGesture | null> {
  const { session, tracker } = desk;
  const issue = await tracker.getIssue(issueId);
  const item = [...snapshot.items.values()].find((candidate) => candidate.issue === issueId) ?? null;
  if (issue === null) {
    session.engine.log.warn(`issue ${issueId} is not on the board any more`);
    return null;
  }
  const rows = await tracker.listStateRows(issueId);
  const found = await gestureOf(desk, issue, rows, item);
  if (found === null) return null;
  const { action, row } = found;
  const reason = action === 'reject' || action === 'start' ? await personsWords(desk, issueId, item, action) : null;
  const archived = item === null ? await archivedLife(desk, issue) : null;
  const config = session.config;
  const event: Gesture = {
    type: 'gesture',
    action,
    item: null,
    issue: {
      id: issue.id,
      sequence: issue.sequence,
      title: issue.title,
      description: issue.description,
      labels: issue.labels,
    },
    row: row === null ? null : { id: row.id, at: row.at },
    by: row?.actor ?? 'board',
    via: 'tracker',
    reason,
    digest: null,
    entry:
      action === 'start'
        ? judge('entry', () =>
            decideEntry({ kind: 'read', value: { title: issue.title, description: issue.description } }, config.entry),
          )
        : null,
    archived: archived?.own ?? null,
    known: archived?.known ?? [],
  };
  return { event, issue, item };
}

async function gestureOf(
  desk: Desk,
  issue: Issue,
  rows: Awaited<ReturnType<Desk['tracker']['listStateRows']>>,
  item: ItemState | null,
) {
  const { session, tracker } = desk;
  if (item !== null) return newestGesture(session, tracker, rows, item.seen?.at ?? null);
  // Without an item only the current status counts. spec: PL-E-4
  const action = actionOf(issue.state.key, await tracker.hasStatus('to_analyse'));
  if (action === null) return null;
  const row = rows.findLast((candidate) => candidate.to === issue.state.key) ?? null;
  if (row === null) return { action, row: null };
  const own = await tracker.ownActors();
  return own.has(row.actor) || !(await isTrusted(session, tracker, row, action)) ? null : { action, row };
}

/** Newest words of a person: the reason of a rejection; all answers since the question for a relaunch. spec: PL-H-1, PL-H-4 */
async function personsWords(
  { tracker }: Desk,
  issue: string,
  item: ItemState | null,
  action: 'reject' | 'start',
): Promise<string | null> {
  const own = await tracker.ownActors();
  const people = (await tracker.listComments(issue)).filter(
    (comment) => !own.has(comment.actor) && comment.externalId === null,
  );
  if (action === 'reject') return people.at(-1)?.text.slice(0, 16_384) ?? null;
  if (item === null) return null;
  const fresh = people.filter((comment) => comment.at > item.since).map((comment) => comment.text);
  return fresh.length === 0 ? null : fresh.join('\n\n').slice(-16_384);
}

async function archivedLife({ session }: Desk, issue: Issue) {
  const { prefix } = session.config.project;
  const number = issue.sequence;
  if (number === null) return null;
  // From its number upward until a free one, so that an id is never given twice. spec: PL-D-3
  const ids = Array.from({ length: 5 }, (_, offset) =>
    formatWorkItemId({ prefix, number: number + offset }, session.config.ids.width),
  );
  const found = await findArchived(session, ids);
  const own = [...found.values()].find((entry) => entry.issue === issue.id) ?? null;
  return { own, known: [...found.values()].filter((entry) => entry.issue !== issue.id).map((entry) => entry.id) };
}
