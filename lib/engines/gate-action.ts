import { z } from 'zod';
import type { GateName } from '../pipeline/stages.ts';
import { integerInput } from '../runtime/inputs.ts';
import { type ActionContext, runAction } from '../runtime/run-action.ts';
import { GateInputs } from '../steps/gate/inputs.ts';
import { stepAction } from './step-action.ts';

const text = z.string().default('');

/** Inputs of the landing job, and those of the gate by their own names. */
export interface GateActionInputs {
  readonly [name: string]: string | number | undefined;
  readonly item: string;
  readonly token: string;
  readonly round: number;
  readonly attempt: number;
  readonly 'forge-token': string;
  readonly 'tracker-url': string;
  readonly 'tracker-token': string;
}

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
    const inputs = context.inputs as GateActionInputs;
    if (inputs.token !== '') return stepAction(`gate-${gate}`, { ...context, inputs });
    const { runGateAlone } = await import('./gate-alone.ts');
    return runGateAlone(gate, context as unknown as ActionContext<GateActionInputs>);
  });
}
