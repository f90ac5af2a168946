import type { Config } from '../../pipeline/config.ts';
import type { Stage } from '../../pipeline/stages.ts';
import type { ForgePort } from '../../ports/forge.ts';
import type { GitPort, Sha } from '../../ports/git.ts';
import type { LandedFacts, LandingIntent, LandingProof } from '../landed.ts';
import { observe } from './observe.ts';
import type { Fact } from '../fact.ts';

export interface LandingSubject {
  readonly stage: Stage;
  /** Names without refs/heads/. */
  readonly baseBranch: string;
  readonly branch: string;
  readonly style: Config['deploy']['merge']['style'];
  readonly intent: LandingIntent | null;
  /** Code tree of the validated candidate. */
  readonly validatedCodeTree: Sha;
  readonly pull: number | null;
  /** The merge commit, when the caller names it; else the forge does. */
  readonly mergeCommit?: Sha | null;
  readonly call: LandedFacts['call'];
}

/** Fetches the base branch and looks for the merge commit; the forge only names a candidate. spec: G-LND-6 */
export async function loadLandedFacts(
  ports: { readonly git: GitPort; readonly forge: ForgePort },
  subject: LandingSubject,
): Promise<LandedFacts> {
  const { git, forge } = ports;
  const { intent } = subject;
  const pull = await observe(async () => (subject.pull === null ? null : await forge.getPull(subject.pull)));
  const ref = `refs/heads/${subject.baseBranch}`;
  const fetched = await observe(
    async () => (await git.fetch([ref, `refs/heads/${subject.branch}`], { depth: 0 })).get(ref) ?? '',
  );
  const baseTip: Fact<Sha> =
    fetched.kind === 'read' && fetched.value === ''
      ? { kind: 'unreadable', detail: `branch ${subject.baseBranch} is not there` }
      : fetched;
  const head = await observe(() => (intent === null ? Promise.resolve('') : git.codeTree(intent.mergeHead)));
  const named =
    pull.kind === 'read' && pull.value?.merged === true && pull.value.base === subject.baseBranch
      ? pull.value.mergeCommit
      : null;
  const candidate = subject.mergeCommit ?? named;
  return {
    stage: subject.stage,
    pullMerged: pull.kind === 'read' && pull.value?.merged === true,
    pullClosed: pull.kind === 'read' && pull.value?.state === 'closed' && !pull.value.merged,
    intent,
    codeTree:
      head.kind === 'read' ? { kind: 'read', value: { validated: subject.validatedCodeTree, head: head.value } } : head,
    call: subject.call,
    baseTip,
    proof: await findProof(
      git,
      subject,
      baseTip,
      pull.kind === 'unreadable' ? pull : { kind: 'read', value: candidate },
    ),
  };
}

async function findProof(
  git: GitPort,
  { intent, style }: LandingSubject,
  baseTip: Fact<Sha>,
  named: Fact<Sha | null>,
): Promise<Fact<LandingProof | null>> {
  if (intent === null) return { kind: 'read', value: null };
  if (baseTip.kind === 'unreadable')
    return { kind: 'unreadable', detail: `the base branch could not be read: ${baseTip.detail}` };
  return observe(async () => {
    const tip = baseTip.value;
    const after = await git.firstParents(intent.baseSha, tip);
    const commit =
      named.kind === 'read' && named.value ? named.value : await commitWithTree(git, after, intent.expectedTree);
    if (commit === null) return null;
    const inBase = after.includes(commit) || (await git.isAncestor(commit, tip));
    const tree = inBase ? await git.treeOf(commit) : '0'.repeat(intent.expectedTree.length);
    const headIsAncestor = style === 'merge' && (await git.isAncestor(intent.mergeHead, tip));
    return { commit, tree, inBase, headIsAncestor, onMovedBase: await isOnMovedBase(git, intent, commit, after) };
  });
}

/** The oldest of the commits (given newest first) with this tree. */
async function commitWithTree(git: GitPort, commits: readonly Sha[], tree: Sha): Promise<Sha | null> {
  for (const commit of commits.toReversed()) if ((await git.treeOf(commit)) === tree) return commit;
  return null;
}

/** More first-parent commits lie between base and merge commit than the branch itself can have brought. */
async function isOnMovedBase(
  git: GitPort,
  intent: LandingIntent,
  commit: Sha,
  after: readonly Sha[],
): Promise<boolean> {
  const index = after.indexOf(commit);
  if (index < 0) return true;
  const [first] = await git.parentsOf(commit);
  if (first === intent.baseSha) return false;
  const own = await git.firstParents(intent.baseSha, intent.mergeHead);
  return after.length - index > own.length;
}
