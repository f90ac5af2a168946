import { reconcileAction } from '../../lib/engines/control-action.ts';

await reconcileAction();
