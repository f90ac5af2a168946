import { confirmAction } from '../../lib/engines/control-action.ts';

await confirmAction();
