import { loadLandedFacts } from '../gates/facts/landed.ts';
import { judgeLoaded } from '../gates/judge.ts';
import { type LandedFacts, type LandingIntent, decideLanded } from '../gates/landed.ts';
import { classifyMergeAnswer } from '../gates/merge-answer.ts';
import { errorText } from '../base/errors.ts';
import type { Delivery, ItemState } from '../pipeline/state.ts';
import { error } from '../pipeline/verdict.ts';
import type { MergeAnswer } from '../ports/forge.ts';
import { renderPullRequest } from './comments.ts';
import type { Session } from './engine.ts';
import { createDesk } from './feed.ts';
import { carryStatuses, ensurePullRequest } from './forge-effects.ts';
import type { Judged } from './judge-gate.ts';
import { recordDelivery } from './record-delivery.ts';
import type { Candidate } from './scratch.ts';
import { createScratch } from './scratch.ts';

/**
 * Landing: intent and `14-` in one push, pull request, merge by the forge's API with the head commit, then the proof,
 * which only git gives. The forge's "merged" proves nothing (phantom merge). spec: gates §13, delivery §7
 */
export async function judgeLanding(session: Session, item: ItemState, candidate: Candidate): Promise<Judged> {
  const { engine, config } = session;
  const prepared = await recordIntent(session, item, candidate);
  if (prepared === null)
    return {
      verdicts: [
        error({ gate: 'landed', code: 'LANDED_INTERNAL', text: 'this run is not the owner of the delivery any more' }),
      ],
      candidate,
    };
  const { delivery, landed } = prepared;
  const land = delivery.land;
  const validated = delivery.validated;
  if (land === null || validated === null)
    return {
      verdicts: [error({ gate: 'landed', code: 'LANDED_INTERNAL', text: 'no landing is recorded' })],
      candidate,
    };
  const intent: LandingIntent = { mergeHead: land.head, expectedTree: land.expected_tree, baseSha: land.base };
  const { pull, call } = await merge(session, item, land.head, landed.commit);
  const facts = () =>
    loadLandedFacts(
      { git: engine.code, forge: engine.forge },
      {
        stage: item.stage,
        baseBranch: engine.mainBranch,
        branch: candidate.branch,
        style: config.deploy.merge.style,
        intent,
        validatedCodeTree: validated.code_tree,
        pull,
        call,
      },
    );
  const verdict = await judgeLoaded('landed', async () => decideLanded(await facts(), config.deploy.merge));
  const merged = verdict.subject['merge_commit'] ?? null;
  return { verdicts: [verdict], candidate: { ...landed, mergeCommit: verdict.verdict === 'pass' ? merged : null } };
}

/** The tree that main must have afterwards, recorded before the call. spec: G-LND-1 */
async function recordIntent(
  session: Session,
  item: ItemState,
  candidate: Candidate,
): Promise<{ delivery: Delivery; landed: Candidate } | null> {
  const { engine } = session;
  const { delivery } = item;
  if (delivery === null || delivery.validated === null || item.token === null) return null;
  if (delivery.phase === 'landing') return { delivery, landed: candidate };
  const expected = await engine.code.mergeTree(delivery.validated.base, candidate.commit);
  const pr = item.pull;
  const next: Delivery = {
    ...delivery,
    phase: 'landing',
    land: {
      pr,
      head: candidate.commit,
      expected_tree: expected.tree ?? '0'.repeat(40),
      base: delivery.validated.base,
      merge_commit: null,
    },
  };
  const verdicts = await createScratch(engine.scratch).loadVerdicts();
  const recorded = await recordDelivery(createDesk(session), item, item.token, {
    from: 'deployed',
    delivery: next,
    candidate,
    verdicts,
    more: true,
  });
  return recorded === null
    ? null
    : { delivery: next, landed: { ...candidate, recordedHead: candidate.commit, reports: {} } };
}

interface Merging {
  readonly pull: number | null;
  readonly call: LandedFacts['call'];
}

/** Only the merge call is repeated; pull request and main are read again before each. spec: D-L-3, D-L-4 */
async function merge(session: Session, item: ItemState, head: string, candidateHead: string): Promise<Merging> {
  const { engine, config } = session;
  const { forge, clock } = engine;
  const { attempts, backoff_base_s, backoff_max_s, style } = config.deploy.merge;
  const main = `refs/heads/${engine.mainBranch}`;
  const tip = (await engine.code.fetch([main], { depth: 0 })).get(main) ?? null;
  if (tip !== null && (await engine.code.isAncestor(head, tip).catch(() => false)))
    return { pull: item.pull, call: { kind: 'done' } };
  if (tip !== session.view.main && tip !== item.delivery?.validated?.base)
    return { pull: item.pull, call: { kind: 'none' } };
  let pull: number;
  try {
    pull = await ensurePullRequest(session, item);
    // Required contexts of base protection stand on the judged head; the log commit moved it. spec: D-L-2, G-STA-3
    if (item.head !== null && item.head !== candidateHead) await carryStatuses(session, item.head, candidateHead);
  } catch (thrown) {
    return { pull: item.pull, call: { kind: 'pull-failed', text: errorText(thrown) } };
  }
  const title = `${renderPullRequest(session, item).title} (#${pull})`;
  let last: MergeAnswer = { status: 0, text: '' };
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const before = await forge.getPull(pull);
    if (before?.merged === true) return { pull, call: { kind: 'done' } };
    last = await forge.mergePull(pull, { headSha: head, style, title, message: `Refs: ${item.id}` });
    const after = await forge.getPull(pull).catch(() => null);
    const answer = classifyMergeAnswer(last, {
      merged: after?.merged === true,
      headUnchanged: after === null || after.headSha === head,
      mergeable: after?.mergeable ?? null,
    });
    engine.log.info(`merge attempt ${attempt}: HTTP ${last.status} ${last.text.slice(0, 200)} → ${answer}`);
    if (answer === 'proof') return { pull, call: { kind: 'done' } };
    if (answer !== 'transient') break;
    if (attempt < attempts) await clock.sleep(Math.min(backoff_base_s * 2 ** (attempt - 1), backoff_max_s) * 1000);
  }
  return { pull, call: { kind: 'refused', text: `HTTP ${last.status} ${last.text.slice(0, 300)}` } };
}
