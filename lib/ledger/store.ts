import { ConfigError, ExternalError } from '../base/errors.ts';
import type { Line } from '../pipeline/draft.ts';
import type { ItemState, Snapshot } from '../pipeline/state.ts';
import type { Clock } from '../ports/clock.ts';
import type { GitPort, RefUpdate, Sha, TreeChange } from '../ports/git.ts';
import type { Log } from '../ports/log.ts';
import {
  type JournalLine,
  initialRepo,
  journalPath,
  parseLedger,
  renderItem,
  renderJournalLine,
  renderRepo,
  statePath,
} from './codec.ts';
import { LEDGER_REF } from './refs.ts';

export interface LedgerPorts {
  readonly git: GitPort;
  readonly clock: Clock;
  readonly log: Log;
  /** Full name of the main branch. */
  readonly mainRef: string;
  /** Jitter in [0, 1). */
  readonly random: () => number;
  /** What this job read or wrote last, while that is fresh; the clone has its objects. */
  readonly memory?: {
    seen(): Promise<LedgerPoint | null>;
    see(point: LedgerPoint): Promise<void>;
  };
}

/** Where the ledger and main stand. */
export interface LedgerPoint {
  readonly head: Sha;
  readonly main: Sha;
}

/** The ledger as it was at one commit. */
export interface LedgerView {
  readonly head: Sha;
  readonly main: Sha;
  /** Values of the further refs that were asked for. */
  readonly refs: ReadonlyMap<string, Sha | null>;
  readonly snapshot: Snapshot;
}

/** What one attempt wants to write; null = nothing. */
export interface LedgerWrite {
  readonly next: Snapshot;
  readonly lines: readonly Line[];
  /** Line for the journals of items changed without a decision (receipts). */
  readonly receipts?: readonly { readonly item: string; readonly keys: readonly string[] }[];
  /** Refs that move in the same atomic push. */
  readonly refs: readonly RefUpdate[];
  /** Items that leave the live ledger. */
  readonly removed?: readonly string[];
  readonly message: string;
  /** The run that writes. */
  readonly run: string;
  readonly config: Sha | null;
}

export interface LedgerPush {
  readonly view: LedgerView;
  readonly write: LedgerWrite;
  readonly commit: Sha;
}

/** `attempts` for a control run; a landing goes on until its deadline. spec: PL-S-5 */
export interface WriteLimits {
  readonly attempts: number;
  readonly deadline?: Date;
}
export const CONTROL_RUN: WriteLimits = { attempts: 10 };

/** Reads ledger, main and further refs in one fetch. Throws ConfigError LEDGER_ABSENT / LEDGER_NEWER / LEDGER_UNREADABLE. */
export async function loadLedger(ports: LedgerPorts, refs: readonly string[] = []): Promise<LedgerView> {
  const found = await ports.git.fetch([LEDGER_REF, ports.mainRef, ...refs]);
  const head = found.get(LEDGER_REF) ?? null;
  const main = found.get(ports.mainRef) ?? null;
  if (main === null)
    throw new ConfigError('MAIN_ABSENT', `The repository has no ${ports.mainRef}: push a first commit to it.`);
  if (head === null)
    throw new ConfigError(
      'LEDGER_ABSENT',
      'The repository has no branch conveyor/ledger: run `conveyor init` once with the bot token.',
    );
  await ports.memory?.see({ head, main });
  return loadLedgerAt(ports, { head, main }, found);
}

/** The ledger at a commit that the clone has; nothing is fetched. Throws ConfigError LEDGER_NEWER / LEDGER_UNREADABLE. */
export async function loadLedgerAt(
  ports: Pick<LedgerPorts, 'git'>,
  { head, main }: LedgerPoint,
  refs: ReadonlyMap<string, Sha | null> = new Map(),
): Promise<LedgerView> {
  const tree = await ports.git.listTree(head, '');
  const paths = tree.map((entry) => entry.path).filter((path) => path === 'repo.json' || path.endsWith('/state.json'));
  return { head, main, refs, snapshot: parseLedger(await ports.git.readFiles(head, paths)) };
}

/** Makes the ledger branch with its first commit; an existing one is left alone. Answers whether it was made. */
export async function initLedger(ports: LedgerPorts): Promise<boolean> {
  const { git, clock } = ports;
  if ((await git.fetch([LEDGER_REF])).get(LEDGER_REF) != null) return false;
  const at = clock.now();
  const commit = await git.commit({
    base: null,
    parents: [],
    changes: [{ path: 'repo.json', content: renderRepo(initialRepo(Math.max(1, Math.floor(at.getTime() / 1000)))) }],
    message: 'ledger: begin',
    author: BOT,
    at,
  });
  const result = await git.push([{ ref: LEDGER_REF, to: commit, expect: null }]);
  if (!result.ok && result.reason === 'refused') throw refused(result.text);
  return result.ok;
}

const BOT = { name: 'Conveyor', email: 'conveyor@conveyor.invalid' };
const refused = (text: string) =>
  new ConfigError(
    'LEDGER_REFUSED',
    `The forge refused the push to the ledger: ${text}. Only the bot may push there: check CONVEYOR_BOT_TOKEN and the protection rule conveyor/**.`,
  );

/**
 * The write protocol, used by everybody: fetch → propose on what is there → one atomic push with leases → on rejection
 * wait a little and propose again on the new state. States are never merged. A lost answer is settled by looking for
 * our own journal line. The first attempt stands on what this job has just seen: if that has moved, its lease fails
 * like any other, and `refs` are null in it. Answers null when `propose` wants nothing. spec: design §3, PL-S-5
 */
export async function writeLedger(
  ports: LedgerPorts,
  propose: (view: LedgerView) => Promise<LedgerWrite | null>,
  limits: WriteLimits,
  refs: readonly string[] = [],
): Promise<LedgerPush | null> {
  let unanswered: { readonly push: LedgerPush; readonly proof: readonly [string, string] } | null = null;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const seen = attempt === 1 ? ((await ports.memory?.seen()) ?? null) : null;
      const view = await (seen === null ? loadLedger(ports, refs) : loadLedgerAt(ports, seen));
      if (unanswered !== null && (await arrived(ports, view, unanswered))) return unanswered.push;
      unanswered = null;
      const write = await propose(view);
      if (write === null) {
        // "Nothing to do" is only said of the state as it is.
        if (seen !== null) continue;
        return null;
      }
      const { commit, proof } = await build(ports, view, write);
      const push = { view, write, commit };
      unanswered = { push, proof };
      const result = await ports.git.push([{ ref: LEDGER_REF, to: commit, expect: view.head }, ...write.refs]);
      if (result.ok) {
        await ports.memory?.see({ head: commit, main: view.main });
        return push;
      }
      unanswered = null;
      if (result.reason === 'refused') throw refused(result.text);
      ports.log.debug(`ledger: somebody was first (attempt ${attempt}): ${result.text}`);
    } catch (thrown) {
      if (!(thrown instanceof ExternalError) || !thrown.detail.retryable || exhausted(ports, attempt, limits))
        throw thrown;
      ports.log.warn(`ledger: ${thrown.message}; trying again`);
    }
    if (exhausted(ports, attempt, limits))
      throw new ExternalError(
        'LEDGER_BUSY',
        `The ledger moved under ${attempt} attempts. Nothing was written; run this again.`,
      );
    await ports.clock.sleep((50 + ports.random() * 150) * Math.min(attempt, 20));
  }
}

function exhausted(ports: LedgerPorts, attempt: number, limits: WriteLimits): boolean {
  return limits.deadline === undefined ? attempt >= limits.attempts : ports.clock.now() >= limits.deadline;
}

async function arrived(
  ports: LedgerPorts,
  view: LedgerView,
  sent: { push: LedgerPush; proof: readonly [string, string] },
): Promise<boolean> {
  if (view.head === sent.push.commit) return true;
  const [path, line] = sent.proof;
  return (await ports.git.readFile(view.head, path))?.toString().includes(line) ?? false;
}

/** One commit with everything the write says; `proof` = a file and the text in it that only this write contains. */
async function build(
  ports: LedgerPorts,
  view: LedgerView,
  write: LedgerWrite,
): Promise<{ commit: Sha; proof: readonly [string, string] }> {
  const at = ports.clock.now();
  const journals = renderJournals(write, at);
  const old = await ports.git.readFiles(view.head, [...journals.keys()].map(journalPath));
  const changes: TreeChange[] = [];
  if (write.next.repo !== view.snapshot.repo) changes.push({ path: 'repo.json', content: renderRepo(write.next.repo) });
  for (const [id, item] of write.next.items)
    if (item !== view.snapshot.items.get(id)) changes.push({ path: statePath(id), content: renderItem(item) });
  for (const id of write.removed ?? []) changes.push({ path: `items/${id}`, content: null });
  for (const [id, lines] of journals)
    changes.push({
      path: journalPath(id),
      content: Buffer.concat([old.get(journalPath(id)) ?? Buffer.alloc(0), Buffer.from(lines)]),
    });
  const commit = await ports.git.commit({
    base: view.head,
    parents: [view.head],
    changes,
    message: write.message,
    author: BOT,
    at,
  });
  const [first] = journals;
  return { commit, proof: first === undefined ? ['repo.json', `\u0000${commit}`] : [journalPath(first[0]), first[1]] };
}

function renderJournals(write: LedgerWrite, at: Date): Map<string, string> {
  const journals = new Map<string, string>();
  const append = (id: string, line: JournalLine) =>
    journals.set(id, (journals.get(id) ?? '') + renderJournalLine(line));
  for (const line of write.lines)
    append(line.item, {
      seq: line.seq,
      at: at.toISOString(),
      by: write.run,
      event: line.event,
      rule: line.rule,
      text: line.text.slice(0, 2000),
      before: line.before,
      after: line.after,
      effects: [...line.effects],
      receipts: [],
      config: write.config,
    });
  for (const { item, keys } of write.receipts ?? []) {
    const state: ItemState | undefined = write.next.items.get(item);
    if (state === undefined) continue;
    const here = `${state.stage}/${state.activity}`;
    append(item, {
      seq: state.seq,
      at: at.toISOString(),
      by: write.run,
      event: 'receipts',
      rule: 'PL-S-5',
      text: '',
      before: here,
      after: here,
      effects: [],
      receipts: [...keys],
      config: null,
    });
  }
  return journals;
}
