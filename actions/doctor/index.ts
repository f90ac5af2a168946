import { z } from 'zod';
import { runAction } from '../../lib/runtime/run-action.ts';

await runAction('doctor', z.object({ 'forge-token': z.string() }), async (context) => {
  const { runDoctorAction } = await import('../../lib/engines/doctor-run.ts');
  return runDoctorAction(context);
});
