import type { Config } from '../pipeline/config.ts';
import type { Stage } from '../pipeline/stages.ts';
import type { Verdict } from '../pipeline/verdict.ts';
import type { CodeRow } from './code-table.ts';
import { internalRow, issuer } from './code-table.ts';
import type { Fact } from './fact.ts';
import { judge } from './judge.ts';

export const codes = [
  {
    code: 'LANDED',
    verdict: 'pass',
    action: 'none',
    class: null,
    rule: 'G-LND-6',
    when: 'the merge commit is in the base branch and its tree is the expected one (style merge: the head is its ancestor too)',
  },
  {
    code: 'NOT_LANDED',
    verdict: 'hold',
    action: 'hold',
    class: 'infra',
    rule: 'G-LND-8',
    when: 'nothing in the base branch proves the merge',
  },
  {
    code: 'NOT_LANDED',
    verdict: 'error',
    action: 'infra',
    class: 'infra',
    rule: 'G-LND-7',
    when: 'git or the forge did not answer, so nothing is proven; asked again, then held',
  },
  {
    code: 'LANDED_TREE_MISMATCH',
    verdict: 'hold',
    action: 'hold',
    class: 'infra',
    rule: 'G-LND-8',
    when: 'the merge commit has another tree than the validated one, or the head carries other code than the candidate',
  },
  {
    code: 'LANDED_BASE_MOVED',
    verdict: 'hold',
    action: 'hold',
    class: 'infra',
    rule: 'G-LND-4',
    when: 'the base branch moved after the candidate was validated',
  },
  {
    code: 'LANDED_OUT_OF_BAND',
    verdict: 'hold',
    action: 'hold',
    class: 'human',
    rule: 'G-LND-9',
    when: 'somebody merged the pull request before its deploy',
  },
  {
    code: 'PR_CREATE_FAILED',
    verdict: 'hold',
    action: 'hold',
    class: 'infra',
    rule: 'G-LND-3',
    when: 'the pull request could not be opened',
  },
  {
    code: 'MERGE_REFUSED',
    verdict: 'hold',
    action: 'hold',
    class: 'infra',
    rule: 'G-LND-5',
    when: 'the forge refused the merge for good, or the attempts are used up',
  },
  internalRow('LANDED_INTERNAL'),
] as const satisfies readonly CodeRow[];

/** Recorded before the merge call. spec: G-LND-1 */
export interface LandingIntent {
  readonly mergeHead: string;
  readonly expectedTree: string;
  readonly baseSha: string;
}

/** The commit that may be the proof, as git has it after a fetch. */
export interface LandingProof {
  readonly commit: string;
  readonly tree: string;
  readonly inBase: boolean;
  /** The recorded head is an ancestor of the base branch; only asked for in style merge. */
  readonly headIsAncestor: boolean;
  /** Commits of others stand between the recorded base and this commit. */
  readonly onMovedBase: boolean;
}

export interface LandedFacts {
  readonly stage: Stage;
  /** Whether the forge says that the pull request is merged. Proves nothing by itself. spec: G-LND-7 */
  readonly pullMerged: boolean;
  /** Whether the pull request was closed without a merge: nothing can land through it, wherever the base is. */
  readonly pullClosed: boolean;
  readonly intent: LandingIntent | null;
  /** Code trees of the validated candidate and of the head that is merged. */
  readonly codeTree: Fact<{ readonly validated: string; readonly head: string }>;
  /** How the pull request and the merge call ended, as far as they were tried. */
  readonly call:
    | { readonly kind: 'none' | 'done' }
    | { readonly kind: 'pull-failed' | 'refused'; readonly text: string };
  /** Tip of the base branch. */
  readonly baseTip: Fact<string>;
  /** null = no commit qualifies. */
  readonly proof: Fact<LandingProof | null>;
}

const say = issuer('landed', codes);
const isSha = (text: string) => /^[0-9a-f]{40}$|^[0-9a-f]{64}$/.test(text);

/** Whether the validated code is in the base branch; only git proves it. Total, never throws. spec: G-LND-1…9 */
export function decideLanded(facts: LandedFacts, config: Pick<Config['deploy']['merge'], 'style'>): Verdict {
  return judge('landed', () => {
    if (facts.stage !== 'deploy') return outOfBand(facts);
    const { intent } = facts;
    if (intent === null)
      return say('NOT_LANDED', { text: 'no landing is recorded: there is nothing that could be proven' });
    if (![intent.mergeHead, intent.expectedTree, intent.baseSha].every(isSha))
      return say('NOT_LANDED', { text: 'the recorded landing lacks a commit or tree: nothing can be proven' }, 'error');
    if (facts.codeTree.kind === 'unreadable')
      return unproven(`the code trees could not be read: ${facts.codeTree.detail}`);
    const { validated, head } = facts.codeTree.value;
    if (!isSha(validated) || !isSha(head)) return unproven('a code tree is empty');
    if (validated !== head)
      return say('LANDED_TREE_MISMATCH', {
        text: `the head ${short(intent.mergeHead)} carries code tree ${short(head)}, validated was ${short(validated)}: look at what was pushed to the branch`,
        facts: { validated, head },
      });
    if (facts.proof.kind === 'unreadable') return unproven(facts.proof.detail);
    if (facts.proof.value === null) return missing(facts, intent);
    return judgeProof(facts.proof.value, intent, config.style);
  });
}

function judgeProof(proof: LandingProof, intent: LandingIntent, style: Config['deploy']['merge']['style']): Verdict {
  const shown = {
    merge_commit: proof.commit,
    tree: proof.tree,
    expected_tree: intent.expectedTree,
    base: intent.baseSha,
    style,
  };
  if (!isSha(proof.commit) || !isSha(proof.tree)) return unproven('the merge commit or its tree is empty');
  if (!proof.inBase)
    return say('NOT_LANDED', {
      text: `merge commit ${short(proof.commit)} is not in the base branch: look at the pull request and at main`,
      facts: shown,
    });
  if (proof.tree !== intent.expectedTree)
    return proof.onMovedBase
      ? say('LANDED_BASE_MOVED', {
          text: `${short(proof.commit)} was merged onto a base that had moved since ${short(intent.baseSha)}: the combination was never tested`,
          facts: shown,
        })
      : say('LANDED_TREE_MISMATCH', {
          text: `${short(proof.commit)} has tree ${short(proof.tree)}, validated was ${short(intent.expectedTree)}: repair main by a pull request, then recheck`,
          facts: shown,
        });
  if (style === 'merge' && !proof.headIsAncestor)
    return say('NOT_LANDED', {
      text: `the head ${short(intent.mergeHead)} is not in the base branch, though ${short(proof.commit)} has its tree: look at how it was merged`,
      facts: shown,
    });
  return say('LANDED', {
    text: `${short(proof.commit)} is in the base branch with the validated tree`,
    facts: shown,
    subject: { merge_commit: proof.commit, tree: proof.tree },
  });
}

function missing(facts: LandedFacts, intent: LandingIntent): Verdict {
  if (facts.call.kind === 'pull-failed')
    return say('PR_CREATE_FAILED', {
      text: `the pull request could not be opened: ${facts.call.text}; repair it, then recheck`,
    });
  if (facts.baseTip.kind === 'unreadable')
    return unproven(`the base branch could not be read: ${facts.baseTip.detail}`);
  const moved = facts.baseTip.value !== intent.baseSha;
  const shown = { base: intent.baseSha, base_tip: facts.baseTip.value };
  if (moved && !facts.pullMerged && !facts.pullClosed)
    return say('LANDED_BASE_MOVED', {
      text: `the base branch is at ${short(facts.baseTip.value)}, validated was ${short(intent.baseSha)}: the combination was never tested`,
      facts: shown,
    });
  if (facts.call.kind === 'refused')
    return say('MERGE_REFUSED', {
      text: `the forge refused the merge: ${facts.call.text}; remove the cause, then recheck`,
      facts: shown,
    });
  if (facts.pullClosed)
    return say('NOT_LANDED', {
      text: 'the pull request was closed without a merge: open it again and recheck, or give the change up',
      facts: shown,
    });
  const claim = facts.pullMerged ? 'the pull request says merged, but ' : '';
  return say('NOT_LANDED', {
    text: `${claim}no commit after ${short(intent.baseSha)} in the base branch has the validated tree: look at main, then recheck`,
    facts: shown,
  });
}

function outOfBand(facts: LandedFacts): Verdict {
  if (!facts.pullMerged)
    return say('NOT_LANDED', { text: `the item is at stage ${facts.stage}: nothing is due to land` });
  return say('LANDED_OUT_OF_BAND', {
    text: `the pull request was merged while the item was at ${facts.stage}: the remaining gates have not judged it; recheck or stop the item`,
  });
}

const unproven = (why: string) =>
  say('NOT_LANDED', { text: `the landing is unproven: ${why}; asked again later` }, 'error');
const short = (sha: string) => sha.slice(0, 8);
