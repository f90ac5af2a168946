import { z } from 'zod';
import { runAction } from '../runtime/run-action.ts';

/** The entry of the root action. */
export const doctorAction = () =>
  runAction('doctor', z.object({ 'forge-token': z.string() }), async (context) => {
    const { runDoctorAction } = await import('./doctor-run.ts');
    return runDoctorAction(context);
  });
