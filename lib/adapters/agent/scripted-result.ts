import { z } from 'zod';
import type { AgentRunSpec } from '../../ports/agent.ts';
import type { ShellResult } from '../../ports/shell.ts';
import type { Judgement, Reported } from './outcome.ts';
import { judgeEnding, NOTHING_REPORTED } from './outcome.ts';
import type { ResultLine, ScriptedError } from './scripted-plan.ts';

const tokens = z.number().min(0);
const Line: z.ZodType<ResultLine> = z.strictObject({
  type: z.literal('result'),
  session: z.string(),
  isError: z.boolean(),
  usage: z
    .strictObject({
      input: tokens,
      cacheRead: tokens,
      cacheCreation: tokens,
      output: tokens,
      costUsd: z.number().min(0).nullable(),
      model: z.string().nullable(),
    })
    .nullable(),
  error: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('api'), status: z.int(), retryAfterS: z.number().nullable() }),
      z.strictObject({ kind: z.enum(['network', 'auth', 'billing', 'no_model', 'expectation', 'action']) }),
      z.strictObject({ kind: z.literal('usage_limit'), resetsInS: z.number().nullable() }),
    ])
    .nullable(),
  text: z.string(),
});

export interface ResultReader {
  /** One line of standard output; text inside strings is never searched. spec: AG-CLI-7 */
  readLine(line: string): void;
  readonly results: readonly ResultLine[];
}

/** Collects the lines that are result lines as a whole; everything else is transcript. */
export function createResultReader(): ResultReader {
  const results: ResultLine[] = [];
  return {
    results,
    readLine(line) {
      if (!line.startsWith('{')) return;
      let value: unknown;
      try {
        value = JSON.parse(line);
      } catch {
        // Not a line of ours: it stays in the transcript, and a missing result is judged as garbage.
        return;
      }
      const parsed = Line.safeParse(value);
      if (parsed.success) results.push(parsed.data);
    },
  };
}

/** Class of a scripted run: own stop reason → foreign signal → output shape → result fields. spec: agents §7 */
export function judgeScripted(
  process: ShellResult,
  results: readonly ResultLine[],
  session: string,
  spec: AgentRunSpec,
): Judgement {
  const ending = judgeEnding(process, spec);
  if (ending !== null) return ending;
  const [result, ...more] = results;
  if (more.length > 0) return { class: 'garbage', cause: 'two-results', text: `printed ${results.length} results` };
  if (result !== undefined && result.session !== session)
    return { class: 'garbage', cause: 'foreign-result', text: 'printed the result of another run' };
  if (result?.error) return judgeError(result.error, result.text);
  if (process.code !== 0) return { class: 'crash', cause: null, text: `ended with exit code ${process.code}` };
  if (result === undefined || result.isError)
    return { class: 'garbage', cause: 'no-result', text: 'ended without a result' };
  return { class: 'ok', cause: null, text: 'finished' };
}

/** What the run reported about itself; nothing unless there is exactly one result of this run. */
export function reportedBy(results: readonly ResultLine[], session: string): Reported {
  const [result, ...more] = results;
  if (result === undefined || more.length > 0 || result.session !== session || result.usage === null)
    return NOTHING_REPORTED;
  const { costUsd, model, ...usage } = result.usage;
  return { usage, costUsd, modelUsed: model };
}

function judgeError(error: ScriptedError, said: string): Judgement {
  switch (error.kind) {
    case 'api': {
      const { status, retryAfterS } = error;
      const text = `was refused by the model API: status ${status}${retryAfterS === null ? '' : `, again after ${retryAfterS} s`}`;
      if (status === 401 || status === 403) return { class: 'auth', cause: `status ${status}`, text };
      if ((retryAfterS ?? 0) > 3600) return { class: 'usage-limit', cause: `retry-after ${retryAfterS}`, text };
      if (status === 408 || status === 429 || status >= 500)
        return {
          class: 'transient',
          cause: retryAfterS === null ? `status ${status}` : `status ${status}, retry-after ${retryAfterS}`,
          text,
        };
      return { class: 'crash', cause: `status ${status}`, text };
    }
    case 'network':
      return { class: 'transient', cause: 'network', text: `could not reach the model API: ${said}` };
    case 'auth':
      return { class: 'auth', cause: null, text: `has no valid login: ${said}` };
    case 'billing':
      return { class: 'auth', cause: 'billing', text: `was refused: ${said}` };
    case 'usage_limit':
      return {
        class: 'usage-limit',
        cause: error.resetsInS === null ? null : `resets-in ${error.resetsInS}`,
        text: `reached its usage limit${error.resetsInS === null ? '' : `, free again in ${error.resetsInS} s`}`,
      };
    case 'no_model':
      return { class: 'config', cause: 'model', text: `asked for a model that is not there: ${said}` };
    case 'expectation':
    case 'action':
      return { class: 'config', cause: `scenario-${error.kind}`, text: `does not fit its scenario: ${said}` };
  }
}
