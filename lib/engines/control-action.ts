import { z } from 'zod';
import { runAction } from '../runtime/run-action.ts';

const text = z.string().default('');
const Access = z.object({ 'forge-token': z.string().min(1), 'tracker-url': text, 'tracker-token': text });
export type Access = z.infer<typeof Access>;
const IntakeInputs = Access.extend({ events: text });
export type IntakeInputs = z.infer<typeof IntakeInputs>;
const ControlInputs = Access.extend({ command: z.string().min(1), item: z.string().min(1), reason: text, value: text });
export type ControlInputs = z.infer<typeof ControlInputs>;
const ConfirmInputs = Access.extend({ item: z.string().min(1), digest: z.string().min(1) });
export type ConfirmInputs = z.infer<typeof ConfirmInputs>;

// The program is loaded when the inputs are known to be good: a wrong workflow file is told at once.
const program = () => import('./control-run.ts');

export const intakeAction = () =>
  runAction('op-intake', IntakeInputs, async (context) => (await program()).runIntake(context));
export const controlAction = () =>
  runAction('op-control', ControlInputs, async (context) => (await program()).runControl(context));
export const confirmAction = () =>
  runAction('op-confirm-deploy', ConfirmInputs, async (context) => (await program()).runConfirm(context));
export const reconcileAction = () =>
  runAction('op-reconcile', Access, async (context) => (await program()).runReconcile(context));
