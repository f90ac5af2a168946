import type { OutcomeClass, Usage } from '../pipeline/outcome.ts';
import type { Role } from '../pipeline/stages.ts';

export type { OutcomeClass, Usage } from '../pipeline/outcome.ts';

export interface AgentRunSpec {
  readonly runId: string;
  readonly item: string;
  readonly role: Role;
  readonly stage: string;
  readonly round: number;
  readonly attempt: number;
  readonly repair: 0 | 1;
  /** Private absolute folders: work tree, HOME, TMPDIR, output. */
  readonly workdir: string;
  readonly home: string;
  readonly tmp: string;
  readonly out: string;
  readonly systemPromptFile: string;
  readonly promptFile: string;
  readonly model: string;
  readonly effort: string;
  readonly timeoutS: number;
  readonly graceS: number;
  readonly env: Readonly<Record<string, string>>;
}
export interface AgentOutcome {
  readonly class: OutcomeClass;
  readonly cause: string | null;
  readonly exit: { readonly code: number | null; readonly signal: string | null };
  readonly durationS: number;
  readonly usage: Usage | null;
  readonly costUsd: number | null;
  readonly modelUsed: string | null;
  /** Absolute path of the transcript. */
  readonly transcript: string;
  /** One line for people. */
  readonly text: string;
}
/** Starts one agent process and waits for it; never throws: every failure is an outcome. spec: agents §1 */
export interface AgentPort {
  preflight(): Promise<
    | { readonly ok: true; readonly version: string }
    | { readonly ok: false; readonly cause: 'config' | 'auth' | 'transient' | 'infra'; readonly text: string }
  >;
  run(spec: AgentRunSpec, stop: AbortSignal): Promise<AgentOutcome>;
}
