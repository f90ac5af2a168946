import { slugOf } from '../base/slug.ts';
import { branchCandidates } from '../base/ids.ts';
import type { Config } from '../pipeline/config.ts';
import { type Decision, decide } from '../pipeline/decide.ts';
import type { PipelineEvent } from '../pipeline/events.ts';
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
      const decision = decide(view.snapshot, events, transaction.config, { now: ports.clock.now(), run: transaction.run });
      const cut = await cutBranches(ports, view, decision, transaction);
      last = { decision, snapshot: decision.next, view, pushed: false };
      if (!decision.changed) return null;
      return {
        next: decision.next,
        lines: decision.lines,
        refs: [...(transaction.landing?.(decision, view) ?? []), ...cut],
        run: transaction.run,
        message: `${transaction.run}: ${[...new Set(decision.lines.map((line) => `${line.item} ${line.event}`))].join(', ')}`.slice(0, 200),
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

/** Cuts the branches of admitted items from main's head, under a free name, in the same push. spec: PL-D-5, PL-D-7 */
async function cutBranches(ports: LedgerPorts, view: LedgerView, decision: Decision, transaction: Transaction): Promise<RefUpdate[]> {
  const updates: RefUpdate[] = [];
  for (const { item: id } of decision.cuts) {
    const item = decision.next.items.get(id);
    if (item === undefined) continue;
    const taken = await ports.git.listRefs(`refs/heads/feature/${id}-*`);
    const branch = [...branchNames(item)].find((name) => !taken.has(`refs/heads/${name}`)) ?? `feature/${id}-${item.gen}`;
    const commit = await ports.git.commit({
      base: view.main,
      parents: [view.main],
      changes: [{ path: `docs/work-items/${id}/00-business-request.md`, content: transaction.businessRequest(item) }],
      message: `docs: init ${id} business request\n\nRefs: ${id}\n\n[skip ci]\n`,
      author: { name: 'Conveyor engine', email: 'engine@conveyor.invalid' },
      at: ports.clock.now(),
    });
    // decide is pure and cannot know ids of commits: the writer fills them in before anything is pushed.
    Object.assign(item, { branch, head: commit, base: view.main });
    updates.push({ ref: `refs/heads/${branch}`, to: commit, expect: null });
  }
  return updates;
}

function* branchNames(item: ItemState): Generator<string> {
  let count = 0;
  for (const name of branchCandidates(item.id, slugOf(item.title, item.issue), item.issue)) {
    yield name;
    count += 1;
    if (count > 50) return;
  }
}
