import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../base/errors.ts';
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
  | { readonly current: true; readonly session: Session; readonly item: ItemState }
  /** The token is not the item's: the run ends green with this line. spec: PL-K-2 */
  | { readonly current: false; readonly session: Session; readonly line: string };

/** The item of a stage run, if this run's token is current. spec: PL-K-2 */
export async function openRun(engine: Engine, input: RunInput): Promise<RunItem> {
  const session = await openSession(engine);
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
  return { current: true, session, item };
}

/** Whole history of the item's branch and of main in the code clone; answers the branch's head on the forge. */
export async function fetchCode(engine: Engine, item: ItemState): Promise<string | null> {
  const branch = `refs/heads/${item.branch ?? ''}`;
  return (await engine.code.fetch([branch, `refs/heads/${engine.mainBranch}`], { depth: 0 })).get(branch) ?? null;
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
