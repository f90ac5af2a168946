import type { Performed } from '../pipeline/receipts.ts';
import type { ItemState } from '../pipeline/state.ts';
import type { Verdict } from '../pipeline/verdict.ts';
import type { Session } from './engine.ts';
import { createDesk } from './feed.ts';
import { recordDelivery } from './record-delivery.ts';
import { openRun, type RunInput } from './run-item.ts';
import { type Candidate, createScratch } from './scratch.ts';
import { loadStaging } from './staging-scratch.ts';
import type { Engine } from './engine.ts';

export const STAGED_HANDOVER = 'staged';

/** What the staging job leaves for the landing job: candidate and verdicts. */
export interface Staged {
  readonly candidate: Candidate;
  readonly verdicts: readonly Verdict[];
  /** Receipts of the record's effects, which go with the landing's push. */
  readonly owed: readonly Performed[];
}

/** Last step of the staging job: artifact, `15-` and verdict in one push that keeps the token. spec: D-MOD-6 job stage, PL-P-1 */
export async function record(engine: Engine, input: RunInput): Promise<string> {
  const run = await openRun(engine, input);
  if (!run.current) return run.line;
  const { session, item } = run;
  const scratch = createScratch(engine.scratch);
  const candidate = await scratch.loadCandidate();
  if (candidate === null || item.delivery === null) return 'there is nothing to record';
  const verdicts = await scratch.loadVerdicts();
  const recorded = await recordStaging(session, item, candidate, verdicts, input.token);
  if (recorded === null) return 'superseded while staging was judged: nothing was recorded';
  const staged: Staged = {
    candidate: { ...candidate, recordedHead: candidate.commit, reports: {} },
    verdicts,
    owed: await engine.memory.owed(),
  };
  await engine.handover.put(STAGED_HANDOVER, new Map([['staged.json', Buffer.from(JSON.stringify(staged))]]));
  return `recorded: ${verdicts.map((verdict) => `${verdict.gate} ${verdict.verdict} ${verdict.code}`).join(', ')}`;
}

async function recordStaging(
  session: Session,
  item: ItemState,
  candidate: Candidate,
  verdicts: readonly Verdict[],
  token: string,
): Promise<ItemState | null> {
  const staging = await loadStaging(session.engine.scratch);
  if (item.delivery === null) return null;
  if (staging?.kind !== 'suite') return item;
  const { manifest } = staging.artifact;
  const artifact = {
    digest: manifest.digest,
    commit: manifest.commit,
    tree: manifest.tree,
    code_tree: manifest.code_tree,
    build_key: manifest.build_key,
    size: manifest.size,
  };
  return recordDelivery(createDesk(session), item, token, {
    from: 'building',
    delivery: { ...item.delivery, artifact },
    candidate,
    verdicts,
    more: true,
  });
}
