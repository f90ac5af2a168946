import type { StageLanded } from '../pipeline/events.ts';
import type { RefUpdate } from '../ports/git.ts';
import { type Desk, feed } from './feed.ts';
import { MOVED_ON } from './run-item.ts';
import { createScratch } from './scratch.ts';

export interface LandResult {
  readonly result: 'landed' | 'superseded' | 'nothing';
  readonly line: string;
}

/** A landing goes on until its deadline: its work exists nowhere else. Seconds. spec: PL-S-5 */
const LANDING_S = 600;

/**
 * The end of a stage run: artifacts of the item's branch, verdicts and the next state in one atomic push, with the
 * token checked inside the compare-and-swap; then the effects. spec: PL-K-3, AG-APP-5
 */
export async function land(desk: Desk, input: { readonly item: string; readonly token: string }): Promise<LandResult> {
  const { engine } = desk.session;
  const scratch = createScratch(engine.scratch);
  const candidate = await scratch.loadCandidate();
  if (candidate === null)
    return { result: 'nothing', line: 'an earlier step of this job decided that there is nothing to land' };
  const verdicts = await scratch.loadVerdicts();
  const moved = candidate.commit !== candidate.recordedHead;
  const event: StageLanded = {
    type: 'stage.landed',
    item: input.item,
    token: input.token,
    run: engine.run,
    outcome: candidate.outcome,
    verdicts,
    head: moved ? candidate.commit : null,
    reports: candidate.reports,
    package: candidate.package,
    message: candidate.message,
    validated: candidate.validated,
    mergeCommit: candidate.mergeCommit,
  };
  const branch = `refs/heads/${candidate.branch}`;
  const deadline = new Date(engine.clock.now().getTime() + LANDING_S * 1000);
  const result = await feed(
    desk,
    (view) => {
      const there = view.refs.get(branch) ?? null;
      // Somebody pushed to the branch meanwhile: this work stands on an old head, the stage runs again on the new one.
      if (moved && there !== null && there !== candidate.recordedHead)
        return [{ type: 'branch.moved', item: input.item, head: there }];
      return [event];
    },
    {
      limits: { attempts: Number.POSITIVE_INFINITY, deadline },
      extraRefs: [branch],
      landing: (decision): RefUpdate[] =>
        moved && decision.answers[0]?.event === 'stage.landed' && decision.answers[0].applied
          ? [{ ref: branch, to: candidate.commit, expect: candidate.recordedHead }]
          : [],
    },
  );
  const answer = result.decision.answers[0];
  const item = result.snapshot.items.get(input.item);
  const where =
    item === undefined
      ? 'not live any more'
      : `${item.stage}/${item.activity}${item.hold === null ? '' : ` (${item.hold.code}: ${item.hold.text.slice(0, 200)})`}`;
  if (answer?.event === 'stage.landed' && answer.applied)
    return { result: 'landed', line: `${input.item} is now in ${where}` };
  return {
    result: 'superseded',
    line: `superseded: ${input.item} is in ${where} now. ${MOVED_ON}`,
  };
}
