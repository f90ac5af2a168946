import { intakeAction } from '../../lib/engines/control-action.ts';

await intakeAction();
