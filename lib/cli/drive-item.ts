import { addComment, moveIssue } from '../adapters/tracker/file.ts';
import type { LocalEngine } from '../engines/local.ts';
import { isTerminal } from '../pipeline/stages.ts';
import type { StatusKey } from '../pipeline/stages.ts';
import type { ItemState } from '../pipeline/state.ts';

/** Who moves issues when the pipeline waits for a person. null and false: the item stays where it is. */
export interface Person {
  /** Account name on the board. */
  readonly name: string;
  approves(item: ItemState): Promise<boolean>;
  answers(item: ItemState): Promise<string | null>;
  confirms(item: ItemState): Promise<boolean>;
}

/**
 * Lets a work item go its way until it is over or somebody else has to act, or `stop` says so; answers where it stands,
 * null when the entry gate refused it. Timers of the pipeline are waited for. spec: design §6
 */
export async function driveItem(
  engine: LocalEngine,
  issue: string,
  person: Person,
  stop: AbortSignal,
): Promise<ItemState | null> {
  const stopped = new Promise<void>((resolve) => stop.addEventListener('abort', () => resolve(), { once: true }));
  let before = '';
  for (await engine.intake([issue]); ; await engine.intake([issue])) {
    await Promise.race([engine.idle(), stopped]);
    const item = await findItem(engine, issue);
    const now = item === null ? '' : `${item.stage} ${item.activity} ${item.since}`;
    // What the person did changed nothing, so it would change nothing again.
    if (item === null || stop.aborted || isTerminal(item.stage) || now === before) return item;
    before = now;
    if (!(await act(engine, item, person, stop))) return item;
  }
}

/** The live item of an issue. */
async function findItem(engine: LocalEngine, issue: string): Promise<ItemState | null> {
  const { snapshot } = await engine.view();
  return [...snapshot.items.values()].find((item) => item.issue === issue) ?? null;
}

async function act(engine: LocalEngine, item: ItemState, person: Person, stop: AbortSignal): Promise<boolean> {
  const move = async (key: StatusKey) => {
    await moveIssue(engine.issues, item.issue, key, person.name);
    return true;
  };
  if (item.waitingFor === 'approval') return (await person.approves(item)) && move('approved');
  if (item.waitingFor === 'confirm-deploy') return (await person.confirms(item)) && move('confirm_deploy');
  if (item.hold?.code === 'questions') {
    const answer = await person.answers(item);
    if (answer === null) return false;
    await addComment(engine.issues, item.issue, answer, person.name);
    return move('to_analyse');
  }
  if (item.activity !== 'queued' || item.notBefore === null) return false;
  await engine.clock.sleep(Math.max(0, Date.parse(item.notBefore) - engine.clock.now().getTime()), stop);
  if (!stop.aborted) await engine.reconcile();
  return !stop.aborted;
}
