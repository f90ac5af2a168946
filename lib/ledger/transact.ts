import { appendClarifications } from '../artifacts/business-request.ts';
import { artifactPath } from '../artifacts/paths.ts';
import { branchCandidates } from '../base/ids.ts';
import { slugOf } from '../base/slug.ts';
import type { Config } from '../pipeline/config.ts';
import { type Decision, decide } from '../pipeline/decide.ts';
import type { PipelineEvent } from '../pipeline/events.ts';
import { type Performed, recordReceipts } from '../pipeline/receipts.ts';
import type { ItemState, Snapshot } from '../pipeline/state.ts';
import type { RefUpdate, Sha } from '../ports/git.ts';
import { type LedgerPorts, type LedgerView, type WriteLimits, writeLedger } from './store.ts';

export interface Transaction {
  /** Events for the state that is found; called again after each lost race. */
  readonly events: (view: LedgerView) => Promise<readonly PipelineEvent[]> | readonly PipelineEvent[];
  readonly config: Config;
  /** Commit of main the configuration was read from. */
  readonly configCommit: Sha | null;
  readonly run: string;
  readonly limits: WriteLimits;
  /** Refs that land with the decision; left out when the decision refuses the landing. */
  readonly landing?: (decision: Decision, view: LedgerView) => readonly RefUpdate[];
  readonly extraRefs?: readonly string[];
  /** Effects of an earlier push of this run, whose receipts go with this one. */
  readonly owed?: readonly Performed[];
  /** First commit of a branch that is cut. */
  readonly businessRequest: (item: ItemState) => string;
}

export interface Transacted {
  readonly decision: Decision;
  /** The state that is in the ledger now. */
  readonly snapshot: Snapshot;
  readonly view: LedgerView;
  /** false: nothing was pushed. */
  readonly pushed: boolean;
}

/** Decides events on the ledger and writes the result: the one way by which a stage changes. spec: design §3 */
export async function transact(ports: LedgerPorts, transaction: Transaction): Promise<Transacted> {
  let last: Transacted | null = null;
  const push = await writeLedger(
    ports,
    async (view) => {
      const events = await transaction.events(view);
      const settled = recordReceipts(view.snapshot, transaction.owed ?? []);
      const decision = decide(settled.next, events, transaction.config, {
        now: ports.clock.now(),
        run: transaction.run,
      });
      const made = [
        ...(await cutBranches(ports, view, decision, transaction)),
        ...(await writeClarifications(ports, decision, transaction)),
      ];
      last = { decision, snapshot: decision.next, view, pushed: false };
      if (!decision.changed && settled.changed.length === 0) return null;
      return {
        next: decision.next,
        lines: decision.lines,
        receipts: receiptLines(transaction.owed ?? [], settled.changed),
        refs: [...(transaction.landing?.(decision, view) ?? []), ...made],
        run: transaction.run,
        message:
          `${transaction.run}: ${[...new Set(decision.lines.map((line) => `${line.item} ${line.event}`))].join(', ') || 'receipts'}`.slice(
            0,
            200,
          ),
        config: transaction.configCommit,
      };
    },
    transaction.limits,
    transaction.extraRefs,
  );
  if (last === null) throw new TypeError('the ledger was not read');
  const result: Transacted = last;
  return { ...result, pushed: push !== null };
}

/** Keys of the receipts by item, for the journals of the items that they changed. */
export function receiptLines(
  performed: readonly Performed[],
  changed: readonly string[],
): readonly { readonly item: string; readonly keys: readonly string[] }[] {
  return performed
    .filter(({ item }) => changed.includes(item))
    .map(({ item, receipts }) => ({ item, keys: receipts.map(({ key }) => key) }));
}

const ENGINE = { name: 'Conveyor engine', email: 'engine@conveyor.invalid' };

/** Cuts the branches of admitted items from main's head, under a free name, in the same push. spec: PL-D-5, PL-D-7 */
async function cutBranches(
  ports: LedgerPorts,
  view: LedgerView,
  decision: Decision,
  transaction: Transaction,
): Promise<RefUpdate[]> {
  const updates: RefUpdate[] = [];
  for (const { item: id } of decision.cuts) {
    const item = decision.next.items.get(id);
    if (item === undefined) continue;
    const taken = await ports.git.listRefs(`refs/heads/feature/${id}-*`);
    const names = branchCandidates(item.id, slugOf(item.title, item.issue), item.issue);
    let branch = names.next().value;
    while (taken.has(`refs/heads/${branch}`)) branch = names.next().value;
    const commit = await ports.git.commit({
      base: view.main,
      parents: [view.main],
      changes: [{ path: `docs/work-items/${id}/00-business-request.md`, content: transaction.businessRequest(item) }],
      message: `docs: init ${id} business request\n\nRefs: ${id}\n\n[skip ci]\n`,
      author: ENGINE,
      at: ports.clock.now(),
    });
    // decide is pure and cannot know ids of commits: the writer fills them in before anything is pushed.
    Object.assign(item, { branch, head: commit, base: view.main });
    updates.push({ ref: `refs/heads/${branch}`, to: commit, expect: null });
  }
  return updates;
}

/**
 * Appends what people answered to `00-business-request.md` on the item's head, in the same push, so that the analyst and
 * everybody after it read it there. A branch that is not where the ledger says is left to its own event: the words are
 * in the item's findings all the same. spec: artifacts §5 (00), AR-Q-3, AG-BRF-2
 */
async function writeClarifications(
  ports: LedgerPorts,
  decision: Decision,
  transaction: Transaction,
): Promise<RefUpdate[]> {
  const { git, clock, log } = ports;
  const updates: RefUpdate[] = [];
  for (const { item: id, at, text } of decision.clarifications) {
    const item = decision.next.items.get(id);
    if (item === undefined || item.branch === null || item.head === null || item.stage !== 'analysis') continue;
    const ref = `refs/heads/${item.branch}`;
    const there = (await git.fetch([ref])).get(ref) ?? null;
    if (there !== item.head) {
      log.warn(
        `${id}: ${item.branch} is at ${there?.slice(0, 8) ?? 'nothing'}, recorded is ${item.head.slice(0, 8)}: the answers are not in 00-business-request.md`,
      );
      continue;
    }
    const path = artifactPath(id, '00-business-request.md');
    const source = (await git.readFile(there, path))?.toString('utf8') ?? transaction.businessRequest(item);
    const commit = await git.commit({
      base: there,
      parents: [there],
      changes: [{ path, content: appendClarifications(source, [{ at, text }]) }],
      message: `docs: answers to ${id}\n\nRefs: ${id}\n\n[skip ci]\n`,
      author: ENGINE,
      at: clock.now(),
    });
    item.head = commit;
    updates.push({ ref, to: commit, expect: there });
  }
  return updates;
}
