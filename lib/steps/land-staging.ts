import { z } from 'zod';
import type { ItemState } from '../pipeline/state.ts';
import { Verdict, hold } from '../pipeline/verdict.ts';
import type { Engine, Session } from './engine.ts';
import { OwedReceipts } from './job-memory.ts';
import { STAGED_HANDOVER } from './record.ts';
import { candidateOf } from './report-commit.ts';
import { fetchCode } from './run-item.ts';
import { Candidate, createScratch } from './scratch.ts';

const Staged = z.object({ candidate: Candidate, verdicts: z.array(Verdict), owed: OwedReceipts });

/**
 * The landing job of deploy-staging begins: takes what the staging job recorded and names the candidate that goes on:
 * the head, its code tree, and main's head that it contains. spec: delivery §5 "Pass → one CAS"
 */
export async function prepareStagingLanding(engine: Engine, session: Session, item: ItemState): Promise<void> {
  const scratch = createScratch(engine.scratch);
  const files = await engine.handover.get(STAGED_HANDOVER);
  const staged = Staged.safeParse(JSON.parse(files?.get('staged.json')?.toString('utf8') ?? 'null')).data ?? null;
  if (staged === null)
    return scratch.saveCandidate(
      candidateOf(item, 'infra', {
        cause: 'STG_TRANSIENT',
        text: 'the staging job left nothing: it was cancelled or lost',
      }),
    );
  await engine.memory.owe(staged.owed);
  const head = await fetchCode(engine, item);
  if (head === null || head !== item.head)
    return scratch.saveCandidate(
      candidateOf(item, 'infra', { cause: 'BRANCH_MOVED', text: `the branch is at ${head ?? 'nothing'} now` }),
    );
  const { code } = engine;
  const base = session.view.main;
  const behind = !(await code.isAncestor(base, head));
  const candidate: Candidate = {
    ...staged.candidate,
    commit: head,
    recordedHead: head,
    validated: { sha: head, tree: await code.treeOf(head), code_tree: await code.codeTree(head), base },
  };
  await scratch.saveCandidate(candidate);
  for (const verdict of staged.verdicts) await scratch.saveVerdict(verdict);
  // Without the merge gate nothing catches up: code that was never tested on this main must not go on.
  if (behind && staged.verdicts.every((verdict) => verdict.verdict === 'pass'))
    await scratch.saveVerdict(
      hold({
        gate: 'staging',
        code: 'MERGE_BASE_MOVING',
        class: 'infra',
        text: `main moved to ${base.slice(0, 8)} after the branch was cut: merge main into ${item.branch ?? 'the branch'} and push, then CI and review judge the combination`,
        subject: { sha: head, base },
      }),
    );
}
