import type { AgentOutcome, AgentRunSpec, OutcomeClass, Usage } from '../../ports/agent.ts';
import type { ShellResult } from '../../ports/shell.ts';

export interface Judgement {
  readonly class: OutcomeClass;
  readonly cause: string | null;
  /** What happened, without the role: "ran into its limit of 60 s". */
  readonly text: string;
}
export interface Reported {
  readonly usage: Usage | null;
  readonly costUsd: number | null;
  readonly modelUsed: string | null;
}
export const NOTHING_REPORTED: Reported = { usage: null, costUsd: null, modelUsed: null };

/**
 * What the end of the process says before anything it printed is looked at: our own stop reason, then a foreign
 * signal; null = it ended by itself. spec: agents §7 order of decision, AG-TIME-6
 */
export function judgeEnding(process: ShellResult, spec: AgentRunSpec): Judgement | null {
  if (process.ended === 'timeout')
    return { class: 'timeout', cause: null, text: `ran into its limit of ${spec.timeoutS} s and was ended` };
  if (process.ended === 'aborted') return { class: 'cancelled', cause: null, text: 'was stopped' };
  if (process.ended === 'spawn') return { class: 'config', cause: 'spawn', text: `did not start: ${process.output}` };
  if (process.signal !== null)
    return {
      class: 'killed',
      cause: process.signal,
      text: `was ended by signal ${process.signal}, which was not ours`,
    };
  return null;
}

/** The complete outcome; `text` is one line of at most 300 characters. */
export function renderOutcome(
  spec: AgentRunSpec,
  judgement: Judgement,
  process: ShellResult | null,
  transcript: string,
  reported: Reported = NOTHING_REPORTED,
): AgentOutcome {
  return {
    class: judgement.class,
    cause: judgement.cause,
    exit: { code: process?.code ?? null, signal: process?.signal ?? null },
    durationS: process === null ? 0 : Math.round(process.durationMs) / 1000,
    ...reported,
    transcript,
    text: `${spec.role} ${judgement.text}`.replace(/\s+/g, ' ').slice(0, 300),
  };
}
