import { load } from 'js-yaml';
import { z } from 'zod';
import { Action } from './scenario-action.ts';
import { End } from './scenario-end.ts';

const token = z
  .int()
  .min(0)
  .max(10 ** 12);
const ScenarioUsage = z.strictObject({
  input: token.default(0),
  cache_read: token.default(0),
  cache_creation: token.default(0),
  output: token.default(0),
  cost_usd: z.number().min(0).optional(),
  model: z.string().min(1).max(200).optional(),
});

/** Keys left out match everything. `item` tells several items of one scenario apart. */
const Match = z.strictObject({
  item: z.string().optional(),
  role: z.enum(['analyst', 'architect', 'developer', 'reviewer']).optional(),
  stage: z.string().optional(),
  round: z.int().min(1).optional(),
  attempt: z.int().min(1).optional(),
  repair: z.literal([0, 1]).optional(),
});
type Match = z.infer<typeof Match>;

const texts = z.array(z.string().min(1)).default([]);
const Step = z.strictObject({
  match: Match.default({}),
  expect: z.strictObject({ prompt_has: texts, prompt_lacks: texts, env_lacks: texts, files: texts }).prefault({}),
  do: z.array(Action).default([]),
  end: End.default({ kind: 'ok', arguments: [] }),
  usage: ScenarioUsage.optional(),
  optional: z.boolean().default(false),
});
export type Step = z.infer<typeof Step>;

/** What scripted agents do, step by step. spec: agents §4 */
export const Scenario = z.strictObject({ version: z.literal(1), steps: z.array(Step).min(1).max(500) });
export type Scenario = z.infer<typeof Scenario>;

export type ScenarioResult =
  | { readonly ok: true; readonly scenario: Scenario }
  | { readonly ok: false; readonly errors: readonly string[] };

/** Parses the text of a scenario file; up to 10 errors with their places. Never throws. */
export function parseScenario(text: string): ScenarioResult {
  let data: unknown;
  try {
    data = load(text);
  } catch (thrown) {
    return { ok: false, errors: [`not valid YAML: ${(thrown as Error).message.split('\n')[0]}`] };
  }
  const parsed = Scenario.safeParse(data);
  if (parsed.success) return { ok: true, scenario: parsed.data };
  return {
    ok: false,
    errors: parsed.error.issues.slice(0, 10).map((issue) => `${issue.path.join('.') || 'top level'}: ${issue.message}`),
  };
}

/** What a run is, as far as a step may ask for it. */
export type Occasion = Required<Match>;

/** Whether a step is meant for this run. */
export function matchesStep(step: Step, occasion: Occasion): boolean {
  return Object.entries(step.match).every(
    ([key, value]) => value === undefined || occasion[key as keyof Occasion] === value,
  );
}
