import { type Transacted, transact } from '../ledger/transact.ts';
import { CONTROL_RUN, type LedgerView, type WriteLimits } from '../ledger/store.ts';
import type { Decision } from '../pipeline/decide.ts';
import type { PipelineEvent } from '../pipeline/events.ts';
import type { ChatPort } from '../ports/chat.ts';
import type { RefUpdate } from '../ports/git.ts';
import type { TrackerPort } from '../ports/tracker.ts';
import { renderBusinessRequest } from '../artifacts/business-request.ts';
import { performAndSettle } from './effects.ts';
import type { Session } from './engine.ts';

/** A session with the ports that need the configuration. */
export interface Desk {
  readonly session: Session;
  readonly tracker: TrackerPort;
  readonly chat: ChatPort | null;
}

export function createDesk(session: Session): Desk {
  const { engine, config } = session;
  return { session, tracker: engine.createTracker(config), chat: engine.createChat(config) };
}

export interface FeedOptions {
  readonly limits?: WriteLimits;
  /** Refs that land with the decision. */
  readonly landing?: (decision: Decision, view: LedgerView) => readonly RefUpdate[];
  readonly extraRefs?: readonly string[];
}

/** Decides events on the ledger, then performs the effects that this very decision recorded. spec: design §3 */
export async function feed(
  desk: Desk,
  events: (view: LedgerView) => Promise<readonly PipelineEvent[]> | readonly PipelineEvent[],
  options: FeedOptions = {},
): Promise<Transacted> {
  const { session } = desk;
  const result = await transact(session.ledger, {
    events,
    config: session.config,
    configCommit: session.configCommit,
    run: session.engine.run,
    limits: options.limits ?? CONTROL_RUN,
    businessRequest: (item) =>
      renderBusinessRequest({ item: item.id, title: item.title, description: item.description }),
    ...(options.landing === undefined ? {} : { landing: options.landing }),
    ...(options.extraRefs === undefined ? {} : { extraRefs: options.extraRefs }),
  });
  for (const answer of result.decision.answers)
    session.engine.log.info(
      `${answer.item ?? 'no item'}: ${answer.event} ${answer.applied ? 'applied' : 'ignored'} (${answer.rule}) ${answer.text}`,
    );
  if (result.pushed) await performOwn(desk, result);
  return result;
}

/** Only what this push recorded: older entries belong to the run that recorded them, then to the reconciler. spec: PL-C-4 */
async function performOwn(desk: Desk, result: Transacted): Promise<void> {
  const before = result.view.snapshot.items;
  const items = new Set(result.decision.lines.map((line) => line.item));
  await performAndSettle(
    { ...desk, snapshot: result.snapshot, repeat: false },
    [...items].flatMap((id) => result.snapshot.items.get(id) ?? []),
    (entry, item) => entry.seq > (before.get(item.id)?.seq ?? 0),
  );
}
