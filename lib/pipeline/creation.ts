import { freeWorkItemId, nextWorkItemNumber } from '../base/ids.ts';
import { type Draft, ignored } from './draft.ts';
import type { Gesture, IssueFacts } from './events.ts';
import type { ItemState } from './state.ts';

/** A gesture on an issue that has no live item: only a start may make one. Answers the new item, or null. spec: PL-Q-4, PL-E-3 */
export function register(draft: Draft, event: Gesture): ItemState | null {
  const refuse = (item: string | null, rule: string, text: string) => {
    ignored(draft, event.action, item, rule, text);
    return null;
  };
  // A command names an item; only an issue of the board becomes one.
  if (event.action !== 'start' || event.issue === null || event.item !== null)
    return refuse(
      event.item,
      'I-NOITEM',
      `there is no live work item${event.item === null ? ' for this issue' : ` ${event.item}`}`,
    );
  if (event.archived?.stage === 'done')
    return refuse(event.archived.id, 'I-TERMINAL', `${event.archived.id} is done; new work needs a new issue`);
  if (event.archived?.seen != null && event.row !== null && event.row.at <= event.archived.seen)
    return refuse(event.archived.id, 'I-DUP', 'this change belongs to an earlier life of the item');
  if (event.entry?.verdict !== 'pass')
    return refuse(null, event.entry?.code ?? 'ENTRY_NOT_JUDGED', event.entry?.text ?? 'the entry gate was not judged');
  return create(draft, event, event.issue);
}

/** An id that no other issue has, live or archived; a restarted issue keeps its own. spec: PL-D-1…3 */
function chooseId(draft: Draft, event: Gesture, issue: IssueFacts): string {
  const { prefix } = draft.config.project;
  const own = event.archived?.id;
  if (own !== undefined && !draft.items.has(own)) return own;
  const known = [...draft.items.keys(), ...event.known];
  return freeWorkItemId(
    { prefix, number: issue.sequence ?? nextWorkItemNumber(prefix, known) },
    known,
    draft.config.ids.width,
  );
}

/** spec: PL-D-6 */
function create(draft: Draft, event: Gesture, issue: IssueFacts): ItemState {
  const id = chooseId(draft, event, issue);
  draft.repo.order += 1;
  const at = draft.now.toISOString();
  const bug = draft.config.labels.bug.trim().toLowerCase();
  const matches = (issue.labels ?? []).filter((label) => label.trim().toLowerCase() === bug);
  const item: ItemState = {
    id,
    gen: (event.archived?.gen ?? 0) + 1,
    issue: issue.id,
    sequence: issue.sequence,
    title: issue.title,
    description: issue.description,
    labels: [...(issue.labels ?? [])],
    order: draft.repo.order,
    seq: 0,
    seen: null,
    track: bug !== '' && matches.length === 1 ? 'bug' : 'full',
    stage: 'created',
    activity: 'queued',
    mode: 'work',
    waitingFor: null,
    hold: null,
    since: at,
    branch: null,
    head: null,
    base: null,
    token: null,
    dispatch: null,
    notBefore: null,
    cancel: null,
    approval: null,
    package: null,
    delivery: null,
    counters: { developer: 0, run: 0, infra: {}, transient: 0, noProgress: 0, conflict: 0, entries: 0 },
    rounds: {},
    gates: {},
    reports: {},
    findings: null,
    bounce: null,
    rejections: [],
    words: null,
    lastRun: null,
    fingerprint: null,
    pull: null,
    chat: null,
    usage: {},
    outbox: [],
  };
  if (event.entry !== null)
    item.gates.entry = {
      verdict: 'pass',
      code: event.entry.code,
      text: event.entry.text,
      subject: {},
      sha: null,
      report: null,
      run: draft.run,
      at,
    };
  draft.items.set(id, item);
  draft.cloned.add(id);
  return item;
}
