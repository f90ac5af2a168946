import type { Sha } from '../../ports/git.ts';

/** What is judged: one commit of one work item, compared with one commit of the base branch. */
export interface GateSubject {
  readonly item: string;
  /** Commit of the base branch fixed at the start of the run. */
  readonly base: Sha;
  readonly commit: Sha;
  readonly branch: string;
}
