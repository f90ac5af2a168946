import { type Transacted, transact } from '../ledger/transact.ts';
import { CONTROL_RUN, type LedgerPorts, type LedgerView, type WriteLimits } from '../ledger/store.ts';
import type { Decision } from '../pipeline/decide.ts';
import type { PipelineEvent } from '../pipeline/events.ts';
import type { Performed } from '../pipeline/receipts.ts';
import type { ChatPort } from '../ports/chat.ts';
import type { RefUpdate } from '../ports/git.ts';
import type { TrackerPort } from '../ports/tracker.ts';
import { renderBusinessRequest } from '../artifacts/business-request.ts';
import type * as EffectsProgram from './effects.ts';
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
  /** This run pushes again soon: the receipts of the effects wait for that push instead of making one of their own. */
  readonly more?: boolean;
}

/** Decides events on the ledger, then performs the effects that this very decision recorded. spec: design §3 */
export async function feed(
  desk: Desk,
  events: (view: LedgerView) => Promise<readonly PipelineEvent[]> | readonly PipelineEvent[],
  options: FeedOptions = {},
): Promise<Transacted> {
  const { session } = desk;
  const { memory } = session.engine;
  const owed = await memory.owed();
  const effects = loadedDuringPush(session);
  const result = await transact(effects.ledger, {
    events,
    owed,
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
  if (owed.length > 0) await memory.owe([]);
  if (!result.pushed) return result;
  const program = await effects.program();
  const performed = await performOwn(program, desk, result);
  if (options.more === true) await memory.owe(performed);
  else await program.settle(session, performed);
  return result;
}

type Effects = typeof EffectsProgram;

/** The program that performs effects, texts of comments included, is loaded while the forge works on the push. */
function loadedDuringPush({ ledger }: Session): { ledger: LedgerPorts; program(): Promise<Effects> } {
  let program: Promise<Effects> | null = null;
  const load = () => (program ??= import('./effects.ts'));
  const push: LedgerPorts['git']['push'] = (updates) => {
    const answer = ledger.git.push(updates);
    // Whoever needs it hears of a failure.
    load().catch(() => {});
    return answer;
  };
  return { ledger: { ...ledger, git: { ...ledger.git, push } }, program: load };
}

/** For a run that ends without another push: records what it still owes. */
export async function settleOwed(session: Session): Promise<void> {
  const { memory } = session.engine;
  const owed = await memory.owed();
  if (owed.length === 0) return;
  const { settle } = await import('./effects.ts');
  await settle(session, owed);
  await memory.owe([]);
}

/** Only what this push recorded: older entries belong to the run that recorded them, then to the reconciler. spec: PL-C-4 */
async function performOwn({ performEffects }: Effects, desk: Desk, result: Transacted): Promise<readonly Performed[]> {
  const before = result.view.snapshot.items;
  const items = new Set(result.decision.lines.map((line) => line.item));
  return performEffects(
    { ...desk, snapshot: result.snapshot, repeat: false },
    [...items].flatMap((id) => result.snapshot.items.get(id) ?? []),
    (entry, item) => entry.seq > (before.get(item.id)?.seq ?? 0),
  );
}
