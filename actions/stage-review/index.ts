import { runStepAction } from '../../lib/engines/step-action.ts';

await runStepAction('stage-review');
