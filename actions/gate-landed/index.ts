import { runGateAction } from '../../lib/engines/gate-action.ts';

await runGateAction('landed');
