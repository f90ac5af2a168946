import { decideCi } from '../gates/ci.ts';
import { loadCiFacts } from '../gates/facts/ci.ts';
import { judgeLoaded } from '../gates/judge.ts';
import type { PipelineEvent } from '../pipeline/events.ts';
import type { ItemState, Snapshot } from '../pipeline/state.ts';
import type { Session } from './engine.ts';

/** Whether a CI result of its head may move the item. spec: pipeline §3.3 */
export const waitsForCi = (item: ItemState) =>
  item.stage === 'development' && (item.waitingFor === 'ci' || item.hold?.code === 'ci-silent');

/** One read of the ci gate for the item whose head is this commit; more than one match or none = no action. spec: RL-FWH-2 */
export async function readCi(session: Session, snapshot: Snapshot, commit: string): Promise<PipelineEvent[]> {
  const items = [...snapshot.items.values()].filter((item) => item.head === commit && waitsForCi(item));
  const [item, ...others] = items;
  if (item === undefined || others.length > 0) return [];
  return [await judgeCi(session, item, commit)];
}

export async function judgeCi(session: Session, item: ItemState, commit: string): Promise<PipelineEvent> {
  const { engine, config } = session;
  const verdict = await judgeLoaded('ci', async () => {
    const facts = await loadCiFacts(engine, {
      commit,
      baseBranch: engine.mainBranch,
      pushedAt: item.since,
      passInForce: item.gates.ci?.verdict === 'pass' && item.gates.ci.sha === commit,
      ownRun: null,
    });
    return decideCi(facts, config.ci);
  });
  return { type: 'ci.judged', item: item.id, sha: commit, verdict };
}
