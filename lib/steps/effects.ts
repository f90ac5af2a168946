import { ExternalError, errorText } from '../base/errors.ts';
import { writeLedger } from '../ledger/store.ts';
import { receiptLines } from '../ledger/transact.ts';
import { derivedStatus } from '../pipeline/board.ts';
import type { Effect, OutboxEntry, Receipt } from '../pipeline/effects.ts';
import { type Performed, recordReceipts } from '../pipeline/receipts.ts';
import type { ItemState, Snapshot } from '../pipeline/state.ts';
import type { ChatPort } from '../ports/chat.ts';
import type { TrackerPort } from '../ports/tracker.ts';
import { renderStatusDescription } from '../report/status-description.ts';
import { archiveArtifacts, archiveFinished } from './archive.ts';
import { renderItemCard } from './card.ts';
import { renderComment } from './comments.ts';
import type { Session } from './engine.ts';
import { actionRowAfter } from './gesture-rows.ts';
import { carryStatuses, deleteBranch, ensurePullRequest, STATUS_STATES, statusUrl } from './forge-effects.ts';

/** Everything that performing effects needs. */
export interface Performer {
  readonly session: Session;
  readonly tracker: TrackerPort;
  readonly chat: ChatPort | null;
  /** The state in which the effects stand. */
  readonly snapshot: Snapshot;
  /** true: the reconciler repeats what others began, so each act is read back first. spec: PL-C-4 */
  readonly repeat: boolean;
}

interface Done {
  readonly value: string | null;
  readonly wrote: string | null;
}
const done = (value: string | null = null, wrote: string | null = null): Done => ({ value, wrote });

/** Effects to one target go in order, targets go side by side; a failing target delays only itself. spec: PL-C-4 */
const TARGETS: Readonly<Record<Effect['kind'], 'dispatch' | 'forge' | 'tracker' | 'chat' | 'branch'>> = {
  dispatch: 'dispatch',
  'commit-status': 'forge',
  'carry-statuses': 'forge',
  'pull-request': 'forge',
  'close-pull-request': 'forge',
  'tracker-status': 'tracker',
  'tracker-comment': 'tracker',
  'chat-card': 'chat',
  'archive-artifacts': 'branch',
  'delete-branch': 'branch',
};

/** The run that recorded an effect starts it within this time or leaves it. spec: PL-C-4 */
const LATEST_START_MS = 120_000;

/**
 * Performs the chosen outbox entries of the given items; `settle` records what it answers. Dispatches go first.
 * Never throws for an effect: what failed stays in the outbox, one try older, and the reconciler goes on with it.
 */
export async function performEffects(
  performer: Performer,
  items: Iterable<ItemState>,
  pick: (entry: OutboxEntry, item: ItemState) => boolean,
): Promise<readonly Performed[]> {
  const work = [...items]
    .map((item) => ({ item, entries: item.outbox.filter((entry) => pick(entry, item)) }))
    .filter(({ entries }) => entries.length > 0);
  const { clock } = performer.session.engine;
  const receipts = new Map<string, Receipt[]>();
  const failed = new Map<string, Record<string, string>>();
  const performLane = async (item: ItemState, lane: readonly OutboxEntry[]) => {
    for (const entry of lane) {
      // From 180 s on the reconciler is the performer: nothing is started so late that two could be at it.
      if (!performer.repeat && clock.now().getTime() - Date.parse(entry.at) > LATEST_START_MS) return;
      try {
        const { value, wrote } = await perform(performer, item, entry);
        receipts.set(item.id, [...(receipts.get(item.id) ?? []), { key: entry.key, seq: entry.seq, value, wrote }]);
      } catch (thrown) {
        performer.session.engine.log.warn(`${item.id}: ${entry.key} is not done yet: ${errorText(thrown)}`);
        failed.set(item.id, { ...failed.get(item.id), [entry.key]: errorText(thrown) });
        return;
      }
    }
  };
  const lanes = (target: string) =>
    work.map(({ item, entries }) =>
      performLane(
        item,
        entries.filter((entry) => TARGETS[entry.effect.kind] === target),
      ),
    );
  await Promise.all(lanes('dispatch'));
  await Promise.all(['forge', 'tracker', 'chat', 'branch'].flatMap(lanes));
  return work.map(({ item }): Performed => ({
    item: item.id,
    receipts: receipts.get(item.id) ?? [],
    failed: failed.get(item.id) ?? {},
  }));
}

/** Performs and records in one go, as the reconciler does. */
export async function performAndSettle(
  performer: Performer,
  items: Iterable<ItemState>,
  pick: (entry: OutboxEntry, item: ItemState) => boolean,
): Promise<readonly Performed[]> {
  const performed = await performEffects(performer, items, pick);
  await settle(performer.session, performed);
  return performed;
}

/** One push that closes what was done; a finished, quiet item of a cancelled life leaves for the archive with it. */
export async function settle(session: Session, performed: readonly Performed[]): Promise<void> {
  if (performed.length === 0) return;
  await writeLedger(
    session.ledger,
    async (view) => {
      const { next, changed } = recordReceipts(view.snapshot, performed);
      if (changed.length === 0) return null;
      const leaving = [...next.items.values()].filter((item) => item.stage === 'cancelled' && item.outbox.length === 0);
      const archive = await archiveFinished(session, view, next, leaving);
      return {
        next: archive.next,
        lines: [],
        receipts: receiptLines(performed, changed),
        refs: archive.refs,
        removed: leaving.map((item) => item.id),
        run: session.engine.run,
        message: `${session.engine.run}: receipts of ${changed.join(', ')}`,
        config: null,
      };
    },
    { attempts: 10 },
  );
}

async function perform(performer: Performer, item: ItemState, entry: OutboxEntry): Promise<Done> {
  const { session, tracker, chat, snapshot, repeat } = performer;
  const { forge } = session.engine;
  const { effect } = entry;
  switch (effect.kind) {
    case 'dispatch': {
      const known = repeat || entry.tries > 0 ? (await forge.findRuns(effect.token))[0] : undefined;
      if (known !== undefined) return done(String(known.id));
      const { runId } = await forge.dispatch(`conveyor-${effect.stage}.yml`, {
        item: item.id,
        token: effect.token,
        round: String(effect.round),
        attempt: String(effect.attempt),
        title: effect.title,
      });
      return done(runId === null ? null : String(runId));
    }
    case 'commit-status':
      await forge.setStatus(effect.sha, {
        context: effect.context,
        state: STATUS_STATES[effect.verdict],
        description: renderStatusDescription({ ...effect, text: session.engine.redact(effect.text) }),
        targetUrl: statusUrl(session, effect.sha, effect.report),
      });
      return done();
    case 'carry-statuses':
      await carryStatuses(session, effect.from, effect.to);
      return done();
    case 'pull-request':
      return done(String(await ensurePullRequest(session, item)));
    case 'close-pull-request':
      await forge.closePull(effect.number);
      return done();
    case 'tracker-status': {
      const key = derivedStatus(item);
      if (key === null) return done(null, '');
      const moved = await actionRowAfter(session, tracker, item);
      if (moved !== null)
        throw new ExternalError(
          'TRACKER_MOVED',
          `a person moved the issue to ${moved} meanwhile: that is decided first (PL-E-5)`,
        );
      await tracker.setStatus(item.issue, key);
      return done(null, key);
    }
    case 'tracker-comment': {
      const life = item.gen === 1 ? '' : `/g${item.gen}`;
      const html = await renderComment(session, snapshot, item, effect);
      const externalId = `${item.id}/${effect.comment}/${effect.stage}/${effect.attempt}${life}`;
      // Nothing to say (a summary without usage): the entry is done.
      if (html === null) return done();
      return done((await tracker.upsertComment(item.issue, { externalId, html, role: effect.role })).id);
    }
    case 'chat-card': {
      if (chat === null) return done();
      const { messageId } = await chat.upsertCard({
        messageId: item.chat?.messageId ?? null,
        text: renderItemCard(session, tracker, snapshot, item),
        notify: effect.notify,
      });
      return done(messageId);
    }
    case 'archive-artifacts':
      await archiveArtifacts(session, item, effect.head);
      return done();
    case 'delete-branch':
      await deleteBranch(session, effect.branch, effect.expect);
      return done();
  }
}
