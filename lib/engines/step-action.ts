import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { STAGE_TABLE } from '../pipeline/stages.ts';
import { integerInput } from '../runtime/inputs.ts';
import { type ActionContext, type ActionOutcome, runAction } from '../runtime/run-action.ts';

const StepInputs = z.object({
  item: z.string().min(1),
  token: z.string().min(1),
  round: integerInput(1),
  attempt: integerInput(1),
  'forge-token': z.string().min(1),
  'tracker-url': z.string().default(''),
  'tracker-token': z.string().default(''),
});
type StepInputs = z.infer<typeof StepInputs>;

const jobs = STAGE_TABLE.flatMap((row) => row.jobs);
/** Steps that only ever begin a job; op-land begins one and ends others. */
const isFirst = (step: string) =>
  jobs.some((job) => job.steps[0] === step) && jobs.every((job) => job.steps.indexOf(step) <= 0);
const isLast = (step: string) => jobs.some((job) => job.steps.at(-1) === step);

/** The entry of an action that is a step of a stage run; index.ts names the step and nothing else. */
export async function runStepAction(step: string): Promise<void> {
  await runAction(step, StepInputs, (context) => stepAction(step, context));
}

/** As `runStepAction`, for an entry that has read its inputs itself (gates, which also work alone). */
export async function stepAction(step: string, context: ActionContext<StepInputs>): Promise<ActionOutcome> {
  const { inputs, run, log, clock, redact, stop } = context;
  const folder = join(
    run.temp ?? tmpdir(),
    `conveyor-${run.runId}-${process.env['GITHUB_JOB'] ?? 'job'}-${inputs.token}`,
  );
  // A re-run keeps run id and token: what an earlier try of this job left must not be judged.
  if (isFirst(step)) await rm(folder, { recursive: true, force: true });
  const { createGiteaEngine } = await import('./gitea.ts');
  const engine = await createGiteaEngine({
    run,
    env: process.env,
    token: inputs['forge-token'],
    tracker: inputs['tracker-token'] === '' ? null : { url: inputs['tracker-url'], token: inputs['tracker-token'] },
    clock,
    log,
    redact,
    stop,
    scratch: folder,
    ledger: true,
  });
  // Git works meanwhile.
  const { runStep } = await import('../steps/run-step.ts');
  const { result, line, verdict } = await runStep(step, engine, inputs);
  if (isLast(step)) await rm(folder, { recursive: true, force: true });
  const failed = verdict !== null && (verdict.verdict === 'fail' || verdict.verdict === 'error');
  if (verdict === null) return { result, failed, line };
  const { renderGateSummary } = await import('../report/gate-summary.ts');
  const summary = renderGateSummary({ verdict, evidence: run.runUrl, next: verdict.text, who: 'conveyor' });
  return { result, failed, line, summary };
}
