import { z } from 'zod';
import type { GateName } from '../pipeline/stages.ts';
import { integerInput } from '../runtime/inputs.ts';
import { runAction } from '../runtime/run-action.ts';
import { stepAction } from './step-action.ts';

const text = z.string().default('');
/** As a step of a stage run; what a gate takes when it works alone is read when it does. */
const GateActionInputs = z.object({
  item: text,
  token: text,
  round: integerInput(1),
  attempt: integerInput(1),
  'forge-token': z.string().min(1),
  'tracker-url': text,
  'tracker-token': text,
});
export type GateActionInputs = z.infer<typeof GateActionInputs>;

/**
 * The entry of a gate action: with a fencing token it is a step of a landing job and leaves its verdict to `land`;
 * without one it judges alone, by its inputs, in anybody's workflow.
 */
export async function runGateAction(gate: GateName): Promise<void> {
  await runAction(`gate-${gate}`, GateActionInputs, async (context) => {
    if (context.inputs.token !== '') return stepAction(`gate-${gate}`, context);
    const { runGateAlone } = await import('./gate-alone.ts');
    return runGateAlone(gate, context);
  });
}
