/** What the forge answered to the merge call; `status` 0 = no answer. */
export interface MergeAnswerFact {
  readonly status: number;
  readonly text: string;
}
/** The pull request and the branch, read again after the answer. */
export interface AfterMergeCall {
  readonly merged: boolean;
  readonly headUnchanged: boolean;
  /** null = the forge does not say. */
  readonly mergeable: boolean | null;
}

/**
 * `proof`: ask the landed gate. `transient`: the call may be repeated. `head-moved`: check the candidate again.
 * `terminal`: a person decides. spec: D-L-4
 */
export type MergeAnswerClass = 'proof' | 'transient' | 'head-moved' | 'terminal';

const HEAD_MOVED = /head\s+(is\s+)?out\s+of\s+date|head.*(changed|mismatch)/i;
const LATER = /try again later|not mergeable|unmergeable|not in a mergeable state/i;

/** Classifies an answer of the merge call; a pull request that is merged by now wins over any code. Total. spec: D-L-4 */
export function classifyMergeAnswer(answer: MergeAnswerFact, after: AfterMergeCall): MergeAnswerClass {
  const { status, text } = answer;
  if (after.merged || (status >= 200 && status < 300)) return 'proof';
  if (status === 0 || status === 408 || status === 429 || status >= 500) return 'transient';
  if ((status === 409 || status === 422) && (HEAD_MOVED.test(text) || !after.headUnchanged)) return 'head-moved';
  if (status === 403 || status === 404 || after.mergeable === false) return 'terminal';
  if (status === 405) return LATER.test(text) ? 'transient' : 'terminal';
  if (status === 409 || status === 422) return 'transient';
  return 'terminal';
}
