import { doctorAction } from '../../lib/engines/doctor-action.ts';

await doctorAction();
