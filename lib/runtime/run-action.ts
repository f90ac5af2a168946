import * as core from '@actions/core';
import type { z } from 'zod';
import { InternalError } from '../base/errors.ts';
import { createRedactor } from '../base/redact.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import { createSystemClock } from './clock.ts';
import { classifyFailure, renderFailure } from './failure.ts';
import type { InputSchema } from './inputs.ts';
import { readInputs } from './inputs.ts';
import { createActionsLog } from './log.ts';
import type { RunContext } from './run-context.ts';
import { parseRunContext } from './run-context.ts';
import { secretValues } from './secrets.ts';
import { writeSummary } from './summary.ts';

export interface ActionContext<Inputs> {
  readonly inputs: Readonly<Inputs>;
  readonly run: RunContext;
  readonly log: Log;
  readonly clock: Clock;
  /** Removes every known secret of this step from a text; for whatever leaves it another way than the log. */
  readonly redact: (text: string) => string;
  /** Aborts when the runner ends the job. */
  readonly stop: AbortSignal;
}

export interface ActionOutcome {
  /** Output `result`: one word, e.g. pass, fail, landed, superseded. */
  readonly result: string;
  /** Whether the step is red. */
  readonly failed: boolean;
  /** One line for people. */
  readonly line: string;
  /** Markdown of the job summary. */
  readonly summary?: string;
  readonly outputs?: Readonly<Record<string, string>>;
}

/** Longer job outputs arrive empty in the next job, without any error (platform facts). */
const OUTPUT_LIMIT = 10_000;
/** How long open handles may keep the step alive after its outcome is written. */
const LINGER_MS = 2_000;

/**
 * The one entry of every action; awaited at the top level of its index.ts, so that a promise that never settles fails
 * the step. `result=error` is written before anything else can go wrong. Never throws: every error becomes a red step
 * that says what happened, why, what to do and who. design §9
 */
export async function runAction<Schema extends InputSchema>(
  action: string,
  schema: Schema,
  main: (context: ActionContext<z.infer<Schema>>) => Promise<ActionOutcome>,
): Promise<void> {
  core.setOutput('result', 'error');
  const secrets = secretValues(process.env);
  for (const secret of secrets) core.setSecret(secret);
  const redact = createRedactor(secrets);
  const log = createActionsLog(redact);
  const stop = new AbortController();
  const abort = () => stop.abort();
  process.once('SIGTERM', abort).once('SIGINT', abort);
  let run: RunContext | null = null;
  try {
    const inputs = readInputs(action, schema);
    run = parseRunContext(process.env);
    const outcome = await main({ inputs, run, log, clock: createSystemClock(), redact, stop: stop.signal });
    await publish(action, outcome, redact);
  } catch (thrown) {
    await publishFailure(action, thrown, run, redact);
  } finally {
    process.off('SIGTERM', abort).off('SIGINT', abort);
    setTimeout(() => process.exit(), LINGER_MS).unref();
  }
}

async function publish(action: string, outcome: ActionOutcome, redact: (text: string) => string): Promise<void> {
  const outputs = Object.entries({ ...outcome.outputs, result: outcome.result });
  for (const [name, value] of outputs)
    if (value.length > OUTPUT_LIMIT)
      throw new InternalError(
        'OUTPUT_TOO_LONG',
        `output ${name} of ${action} has ${value.length} characters, more than ${OUTPUT_LIMIT}`,
      );
  if (outcome.summary !== undefined) await writeSummary(redact(outcome.summary));
  for (const [name, value] of outputs) core.setOutput(name, value);
  const line = redact(outcome.line);
  if (outcome.failed) core.setFailed(line);
  else core.notice(line);
}

async function publishFailure(
  action: string,
  thrown: unknown,
  run: RunContext | null,
  redact: (text: string) => string,
): Promise<void> {
  const failure = classifyFailure(thrown);
  const block = redact(renderFailure(action, failure, run?.runUrl ?? null));
  if (failure.class === 'unknown' && thrown instanceof Error) core.debug(redact(thrown.stack ?? ''));
  await writeSummary(block);
  core.setFailed(`${failure.code}: ${redact(failure.cause)}`);
}
