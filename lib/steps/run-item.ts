import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../base/errors.ts';
import { WHOLE_HISTORY, codeRefs } from '../ledger/refs.ts';
import type { ItemState } from '../pipeline/state.ts';
import { type Engine, type Session, openSession } from './engine.ts';
import { createScratch } from './scratch.ts';
import { renderEnvironment } from './work/environment.ts';

/** What a run says that finds its result already recorded. spec: PL-K-8 */
export const MOVED_ON = 'This stage has moved on. Use Approved (re-check) or the retry command.';

/** Which dispatch a run belongs to. */
export interface RunInput {
  readonly item: string;
  readonly token: string;
}

export type RunItem =
  | {
      readonly current: true;
      readonly session: Session;
      readonly item: ItemState;
      /** Heads of the item's branches that were fetched with the ledger; empty unless asked for. */
      readonly ahead: CodeAhead;
    }
  /** The token is not the item's: the run ends green with this line. spec: PL-K-2 */
  | { readonly current: false; readonly session: Session; readonly line: string };

type CodeAhead = ReadonlyMap<string, string | null>;

/**
 * The item of a stage run, if this run's token is current. `code`: its branch is fetched beside the ledger, before its
 * name is known (PL-D-5: every branch of an item begins so); `fetchCode` takes it from there. spec: PL-K-2
 */
export async function openRun(engine: Engine, input: RunInput, { code = false } = {}): Promise<RunItem> {
  const [session, ahead] = await Promise.all([
    openSession(engine),
    // One repository for both has nothing to fetch.
    code && engine.code !== engine.git ? fetchBranches(engine, input.item) : (new Map() as CodeAhead),
  ]);
  const item = session.view.snapshot.items.get(input.item);
  if (item === undefined)
    return { current: false, session, line: `superseded: ${input.item} is not a live work item any more` };
  if (item.token !== input.token)
    return {
      current: false,
      session,
      line:
        (await createScratch(engine.scratch).loadHandedOver()) ??
        `superseded: ${input.item} is in ${item.stage}/${item.activity} now. ${MOVED_ON}`,
    };
  return { current: true, session, item, ahead };
}

/** A failure is told by the fetch that repeats it. */
async function fetchBranches(engine: Engine, item: string): Promise<CodeAhead> {
  const refs = codeRefs(item, `refs/heads/${engine.mainBranch}`);
  return engine.code.fetch(refs, WHOLE_HISTORY).catch(() => new Map());
}

/**
 * Whole history of the item's branch and of main in the code clone; answers the branch's head on the forge. What was
 * fetched ahead counts when it is the recorded head; anything else may just have moved and is asked again.
 */
export async function fetchCode(engine: Engine, item: ItemState, ahead: CodeAhead = new Map()): Promise<string | null> {
  const branch = `refs/heads/${item.branch ?? ''}`;
  if (item.head !== null && ahead.get(branch) === item.head) return item.head;
  return (await engine.code.fetch([branch, `refs/heads/${engine.mainBranch}`], WHOLE_HISTORY)).get(branch) ?? null;
}

/** Private folders and environment for commands of the managed repository: no token, no secret. spec: AG-DET-3, D-MOD-6 */
export async function branchEnvironment(
  session: Session,
  item: string,
  role: string,
  credentials: readonly string[] = [],
) {
  const { engine, config } = session;
  const home = join(engine.scratch, 'home');
  const tmp = join(engine.scratch, 'tmp');
  const workdir = join(engine.scratch, 'tree');
  await Promise.all([home, tmp, workdir].map((folder) => mkdir(folder, { recursive: true })));
  const result = renderEnvironment({
    source: engine.env,
    home,
    tmp,
    workdir,
    item,
    stage: role,
    role,
    pass: config.agents.env_pass,
    credentials,
  });
  if (!result.ok) throw new ConfigError('ENVIRONMENT', result.errors.join('; '));
  return { env: result.env, home, tmp, workdir };
}
