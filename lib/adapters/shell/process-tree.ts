import { setTimeout as delay } from 'node:timers/promises';
import { hasProcessTable, readProcess, readProcessTable, readProcessVariable } from './proc-table.ts';
import type { ProcessRow } from './proc-table.ts';

/** Variable that every descendant inherits, in sessions of their own too. spec: AG-TIME-3 */
export const RUN_MARK = 'CONVEYOR_RUN_MARK';
const POLL_MS = 250;
const KILL_ROUNDS = 5;

/** Everything one child started. `pid` leads a process group and a session of its own. */
export interface ProcessTree {
  readonly pid: number;
  readonly mark: string;
  /** Clock ticks at which the child started; nothing older can be its descendant. */
  readonly started: number;
  /** pid → start of processes once seen, so that one that hides later is still known. */
  readonly seen: Map<number, number>;
}

/** The tree of a child just spawned (call it in the same tick: a dead child is still readable then). */
export function openTree(pid: number, mark: string): ProcessTree {
  return { pid, mark, started: hasProcessTable ? (readProcess(pid)?.started ?? 0) : 0, seen: new Map() };
}

/**
 * Living processes of the tree: descendants by parent id, members of their groups and sessions, and whoever carries
 * the mark. Never this process, never one older than the child. Not found: a process with a session of its own, no
 * living parent and an environment without the mark; a service that a deploy starts must be one. spec: AG-TIME-3
 */
export function collectTree(tree: ProcessTree): ProcessRow[] {
  const candidates = readProcessTable().filter((row) => row.started >= tree.started && row.pid !== process.pid);
  const members = new Map<number, ProcessRow>();
  const groups = new Set([tree.pid]);
  const sessions = new Set([tree.pid]);
  const add = (row: ProcessRow): void => {
    members.set(row.pid, row);
    groups.add(row.group);
    sessions.add(row.session);
    tree.seen.set(row.pid, row.started);
  };
  for (const row of candidates) {
    if (tree.seen.get(row.pid) === row.started || carriesMark(row.pid, tree.mark)) add(row);
  }
  for (let before = -1; before !== members.size;) {
    before = members.size;
    for (const row of candidates) {
      if (members.has(row.pid)) continue;
      if (groups.has(row.group) || sessions.has(row.session) || members.has(row.parent)) add(row);
    }
  }
  return [...members.values()];
}

/** SIGTERM to every group → up to `graceMs`, or until the main process is gone → `killTree`. Answers the survivors. */
export async function endTree(tree: ProcessTree, graceMs: number, mainExit: Promise<void>): Promise<readonly number[]> {
  const deadline = performance.now() + graceMs;
  const asked = new Set<number>();
  let gone = false;
  const exited = mainExit.then(() => {
    gone = true;
  });
  for (let left = graceMs; !gone && left > 0; left = deadline - performance.now()) {
    for (const group of groupsOf(tree)) {
      if (asked.has(group)) continue;
      asked.add(group);
      sendGroup(group, 'SIGTERM');
    }
    await Promise.race([delay(Math.min(POLL_MS, left)), exited]);
  }
  return killTree(tree);
}

/** SIGKILL for what is left of the tree, looking again up to five times. Answers the pids that survived even that. */
export async function killTree(tree: ProcessTree): Promise<readonly number[]> {
  if (!hasProcessTable) {
    sendGroup(tree.pid, 'SIGKILL');
    return [];
  }
  for (let round = 0; round < KILL_ROUNDS; round += 1) {
    if (killNow(tree) === 0) return [];
    await delay(10 * 2 ** round);
  }
  return collectTree(tree).map((row) => row.pid);
}

/** One round of SIGKILL without waiting, for the last moment of our own process. Answers how many it met. */
export function killNow(tree: ProcessTree): number {
  if (!hasProcessTable) {
    sendGroup(tree.pid, 'SIGKILL');
    return 0;
  }
  const rows = collectTree(tree);
  for (const group of new Set(rows.map((row) => row.group))) sendGroup(group, 'SIGKILL');
  for (const row of rows) send(row.pid, 'SIGKILL');
  return rows.length;
}

function groupsOf(tree: ProcessTree): ReadonlySet<number> {
  return hasProcessTable ? new Set(collectTree(tree).map((row) => row.group)) : new Set([tree.pid]);
}

/** A mark may hold the marks of outer runs in front of its own, so that an outer run finds inner leftovers. */
function carriesMark(pid: number, mark: string): boolean {
  return readProcessVariable(pid, RUN_MARK)?.split('/').includes(mark) ?? false;
}

/** Windows has no groups: there the process alone. */
function sendGroup(group: number, signal: NodeJS.Signals): void {
  send(process.platform === 'win32' ? group : -group, signal);
}

function send(pid: number, signal: NodeJS.Signals): void {
  // A group id of 0 or 1 would mean ourselves or everybody.
  if (pid === 0 || Math.abs(pid) === 1) return;
  try {
    process.kill(pid, signal);
  } catch {
    // ESRCH: a vanished process is not an error; EPERM: it stays in the collection and is reported as a survivor.
  }
}
