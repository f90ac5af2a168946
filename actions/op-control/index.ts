import { controlAction } from '../../lib/engines/control-action.ts';

await controlAction();
