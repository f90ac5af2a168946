import { ExternalError } from '../base/errors.ts';
import { contextMatcher } from '../gates/ci-contexts.ts';
import type { ItemState } from '../pipeline/state.ts';
import type { VerdictKind } from '../pipeline/verdict.ts';
import type { StatusState } from '../ports/forge.ts';
import { cut } from '../report/neutral.ts';
import { renderPullRequest } from './comments.ts';
import type { Session } from './engine.ts';

/** State of a commit status, by the gate's verdict. spec: gates §1.3 */
export const STATUS_STATES: Readonly<Record<VerdictKind, StatusState>> = {
  pass: 'success',
  fail: 'failure',
  hold: 'pending',
  error: 'error',
};

/** Where a commit status leads: the report at that commit, else the run. spec: gates §1.3 */
export function statusUrl({ engine }: Session, sha: string, report: string | null): string | null {
  if (report !== null)
    return `${engine.forge.webUrl}/src/commit/${sha}/${report.split('/').map(encodeURIComponent).join('/')}`;
  return engine.runUrl;
}

/** Number of the open pull request of the item's branch, made when there is none. spec: D-L-3 */
export async function ensurePullRequest(session: Session, item: ItemState): Promise<number> {
  const { engine } = session;
  if (item.branch === null) throw new ExternalError('NO_BRANCH', `${item.id} has no branch`, { retryable: false });
  const known = await engine.forge.findPull(item.branch, engine.mainBranch);
  if (known !== null) return known.number;
  const pull = { head: item.branch, base: engine.mainBranch, ...renderPullRequest(session, item) };
  try {
    return (await engine.forge.openPull(pull)).number;
  } catch (thrown) {
    // 409, 422: somebody opened it between our look and our call.
    const now = await engine.forge.findPull(item.branch, engine.mainBranch);
    if (now !== null) return now.number;
    throw thrown;
  }
}

/**
 * After an inert commit every still valid context is posted again on the new head, and so are the green foreign ones
 * that protection of the base requires; nothing else: absent is not passed. spec: G-STA-3
 */
export async function carryStatuses({ engine }: Session, from: string, to: string): Promise<void> {
  const { forge } = engine;
  const [rows, there, required] = await Promise.all([
    forge.listStatuses(from),
    forge.listStatuses(to),
    forge.requiredContexts(engine.mainBranch),
  ]);
  const present = new Set((there ?? []).map((row) => row.context));
  const isRequired = contextMatcher(required);
  for (const row of rows ?? []) {
    if (row.state !== 'success' || present.has(row.context)) continue;
    if (!row.context.startsWith('conveyor/') && !isRequired(row.context)) continue;
    const origin = / \(carried from [0-9a-f]{8}\)$/.test(row.description)
      ? row.description
      : `${cut(row.description, 112)} (carried from ${from.slice(0, 8)})`;
    await forge.setStatus(to, {
      context: row.context,
      state: 'success',
      description: origin,
      targetUrl: row.targetUrl,
    });
  }
}

/** Deletes a branch only at exactly the recorded commit; absent = done; moved = kept, with a warning. spec: D-L-9, AR-ST-2 */
export async function deleteBranch({ engine }: Session, branch: string, expect: string): Promise<void> {
  const ref = `refs/heads/${branch}`;
  if (!branch.startsWith('feature/'))
    throw new ExternalError('BRANCH_FOREIGN', `${branch} is not a branch of ours`, { retryable: false });
  const there = (await engine.git.listRefs(ref)).get(ref);
  if (there === undefined) return;
  if (there !== expect) return engine.log.warn(`${branch} moved to ${there.slice(0, 8)} and is kept`);
  const result = await engine.git.push([{ ref, to: null, expect }]);
  if (!result.ok && result.reason === 'refused') throw new ExternalError('BRANCH_DELETE', result.text);
}
