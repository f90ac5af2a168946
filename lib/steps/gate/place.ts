import { ConfigError } from '../../base/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ForgePort } from '../../ports/forge.ts';
import type { GitPort, Sha } from '../../ports/git.ts';
import type { ShellPort } from '../../ports/shell.ts';

/** What a gate outside the pipeline may touch. */
export interface GatePorts {
  /** A clone of its own; whole histories are fetched into it. */
  readonly git: GitPort;
  readonly forge: ForgePort;
  readonly shell: ShellPort;
  readonly clock: Clock;
  /** `owner/name`. */
  readonly repository: string;
  /** Id of the run on the forge, and its page. */
  readonly run: string;
  readonly runUrl: string | null;
  /** Private folder of this job. */
  readonly scratch: string;
  /** Environment of our own process; only names that are asked for here are read. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly redact: (text: string) => string;
}

export interface Place {
  readonly commit: Sha;
  readonly baseBranch: string;
  /** Tip of the base branch. */
  readonly base: Sha;
}

/** The judged commit and its base branch with whole histories, from inputs or from the run. Throws ConfigError GATE_PLACE. */
export async function findPlace(
  ports: GatePorts,
  inputs: { readonly sha: string; readonly ref: string; readonly base: string },
): Promise<Place> {
  const { git, env } = ports;
  const baseBranch = baseBranchOf(ports, inputs.base);
  const ref = fullRef(inputs.ref || env['GITHUB_REF'] || baseBranch);
  const baseRef = `refs/heads/${baseBranch}`;
  const tips = await git.fetch([...new Set([baseRef, ref])], { depth: 0 });
  const base = tips.get(baseRef) ?? null;
  if (base === null)
    throw new ConfigError(
      'GATE_PLACE',
      `branch ${baseBranch} is not on the forge: give the name of the base branch as input "base".`,
    );
  const commit = inputs.sha || env['GITHUB_SHA'] || tips.get(ref) || '';
  if (commit === '') throw new ConfigError('GATE_PLACE', 'which commit is judged is not known: give input "sha".');
  const tip = tips.get(ref) ?? base;
  if (commit !== tip && !(await git.isAncestor(commit, tip)) && !(await git.isAncestor(commit, base)))
    throw new ConfigError(
      'GATE_PLACE',
      `commit ${commit} is neither in ${ref} nor in ${baseBranch}: give the ref that holds it as input "ref".`,
    );
  return { commit, baseBranch, base };
}

/** Name of the base branch: input, target of the pull request, else the default branch. */
export const baseBranchOf = ({ env, forge }: GatePorts, input: string): string =>
  (input || env['GITHUB_BASE_REF'] || forge.defaultBranch).replace(/^refs\/heads\//, '');

const fullRef = (ref: string) => (ref.startsWith('refs/') ? ref : `refs/heads/${ref}`);
