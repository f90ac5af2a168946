import { InternalError } from '../base/errors.ts';
import type { OutcomeClass } from '../pipeline/outcome.ts';
import type { ItemState } from '../pipeline/state.ts';
import { readBackFault } from '../artifacts/stamp.ts';
import type { TreeChange } from '../ports/git.ts';
import type { Session } from './engine.ts';
import type { Candidate } from './scratch.ts';

/** A candidate that is the recorded head itself. */
export function candidateOf(
  item: ItemState,
  outcome: OutcomeClass = 'ok',
  over: { cause?: string; text?: string; seconds?: number } = {},
): Candidate {
  const head = item.head ?? '';
  return {
    item: item.id,
    stage: item.stage,
    branch: item.branch ?? '',
    commit: head,
    recordedHead: head,
    base: item.base ?? head,
    outcome: {
      class: outcome,
      cause: over.cause ?? null,
      text: over.text ?? '',
      seconds: over.seconds ?? 0,
      usage: null,
      costUsd: null,
    },
    reports: {},
    package: null,
    message: null,
    validated: null,
    mergeCommit: null,
  };
}

export interface ChangeCommit {
  readonly changes: readonly TreeChange[];
  readonly role: string;
  readonly round: number;
  /** Who worked, for the trailer Conveyor-Agent. */
  readonly agent?: string;
  /** Only paths below docs/work-items change: CI has nothing to say. spec: G-GEN-16 */
  readonly inert: boolean;
}

/** One commit on the recorded head, with the trailers by which people and machines find the run. spec: AG-APP-4, AR-AP-1 */
export async function commitChange(
  { engine }: Session,
  item: ItemState,
  parent: string,
  change: ChangeCommit,
): Promise<string> {
  const trailers = [
    `Conveyor-Run: ${engine.run}`,
    `Conveyor-Stage: ${item.stage}`,
    ...(change.agent === undefined ? [] : [`Conveyor-Agent: ${change.agent}`]),
    `Refs: ${item.id}`,
  ];
  const skip = change.inert ? '[skip ci]\n\n' : '';
  return engine.code.commit({
    base: parent,
    parents: [parent],
    changes: change.changes,
    message: `${change.role}(${item.id}): ${item.stage} round ${change.round}\n\n${skip}${trailers.join('\n')}\n`,
    author: { name: `Conveyor ${change.role}`, email: `${change.role}@conveyor.invalid` },
    at: engine.clock.now(),
  });
}

/** Commits one verdict file of a deterministic step and reads it back from the commit object. spec: AR-VAL-1, G-FM-5 */
export async function commitReport(
  session: Session,
  item: ItemState,
  candidate: Candidate,
  report: { readonly path: string; readonly text: string; readonly role: string; readonly round: number },
): Promise<Candidate> {
  const meant = Buffer.from(report.text);
  const commit = await commitChange(session, item, candidate.commit, {
    changes: [{ path: report.path, content: meant }],
    role: report.role,
    round: report.round,
    inert: true,
  });
  const fault = readBackFault(meant, await session.engine.code.readFile(commit, report.path));
  if (fault !== null) throw new InternalError('REPORT_READBACK', `${report.path}: ${fault.text}`);
  return {
    ...candidate,
    commit,
    reports: { ...candidate.reports, [report.path]: await blobOf(session, commit, report.path) },
  };
}

/** Blob id of a file at a commit. */
export async function blobOf({ engine }: Session, commit: string, path: string): Promise<string> {
  const entry = (await engine.code.listTree(commit, path)).find((candidate) => candidate.path === path);
  if (entry === undefined) throw new InternalError('REPORT_READBACK', `${path} is not in ${commit}`);
  return entry.sha;
}
