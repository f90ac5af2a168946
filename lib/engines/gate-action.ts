import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { GateName } from '../pipeline/stages.ts';
import { integerInput } from '../runtime/inputs.ts';
import { type ActionContext, type ActionOutcome, runAction } from '../runtime/run-action.ts';
import { GateInputs } from '../steps/gate/inputs.ts';
import { runGateStandalone } from '../steps/gate/standalone.ts';
import { createGiteaEngine } from './gitea.ts';
import { stepAction } from './step-action.ts';

const text = z.string().default('');

/**
 * The entry of a gate action: with a fencing token it is a step of a landing job and leaves its verdict to `land`;
 * without one it judges alone, by its inputs, in anybody's workflow.
 */
export async function runGateAction(gate: GateName): Promise<void> {
  const own = Object.fromEntries(Object.keys(GateInputs[gate].shape).map((name) => [name, z.string().optional()]));
  const schema = z.object({
    ...own,
    item: text,
    token: text,
    round: integerInput(1),
    attempt: integerInput(1),
    'forge-token': z.string().min(1),
    'tracker-url': text,
    'tracker-token': text,
  });
  await runAction(`gate-${gate}`, schema, async (context) => {
    const inputs = context.inputs as StepInputs;
    return inputs.token === '' ? alone(gate, context as unknown as ActionContext<StepInputs>) : stepAction(`gate-${gate}`, { ...context, inputs });
  });
}

interface StepInputs {
  readonly [name: string]: string | number | undefined;
  readonly item: string;
  readonly token: string;
  readonly round: number;
  readonly attempt: number;
  readonly 'forge-token': string;
  readonly 'tracker-url': string;
  readonly 'tracker-token': string;
}

async function alone(gate: GateName, { inputs, run, log, clock, redact, stop }: ActionContext<StepInputs>): Promise<ActionOutcome> {
  const scratch = await mkdtemp(join(run.temp ?? tmpdir(), 'conveyor-gate-'));
  try {
    const engine = await createGiteaEngine({ run, env: process.env, token: inputs['forge-token'], tracker: null, clock, log, redact, stop, scratch });
    const given = Object.fromEntries(Object.keys(GateInputs[gate].shape).map((name) => [name, typeof inputs[name] === 'string' ? inputs[name] : undefined]));
    const result = await runGateStandalone(gate, given, { ...engine, git: engine.code });
    const { verdict } = result;
    return { result: verdict.verdict, failed: result.failed, line: `${gate}: ${verdict.verdict} · ${verdict.code} · ${verdict.text}`, summary: result.summary, outputs: result.outputs };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
