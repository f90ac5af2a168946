/** How a run of a worker ended. spec: agents §7 */
export const OUTCOME_CLASSES = [
  'ok',
  'no-change',
  'invalid',
  'scope',
  'timeout',
  'cancelled',
  'killed',
  'transient',
  'usage-limit',
  'auth',
  'config',
  'crash',
  'garbage',
  'budget',
  'infra',
] as const;
export type OutcomeClass = (typeof OUTCOME_CLASSES)[number];

/** Tokens of a model, as the agent's program reported them. */
export interface Usage {
  readonly input: number;
  readonly cacheRead: number;
  readonly cacheCreation: number;
  readonly output: number;
}
