import type { GateName } from '../pipeline/stages.ts';
import type { ActionRow } from './action-row.ts';

/** What each gate that is a step of its own judges. `entry`, `analysis-approved` and `ci` are judged by control runs. */
const JUDGES: Readonly<Partial<Record<GateName, string>>> = {
  'analysis-complete': 'The analysis package is complete: four documents, or active questions',
  architecture: 'The architect wrote at least one decision record or the infrastructure requirements',
  review: 'The review of this very content is an approval without open findings',
  tests: 'The tests were executed on this content and passed',
  staging: 'The staging suite ran against this very artifact and passed',
  deploy: 'The target answers that it runs the confirmed artifact',
  landed: 'The validated code is in the default branch',
};

/** Rows of the gate actions, in pipeline order. */
export const GATE_ACTIONS: readonly ActionRow[] = Object.entries(JUDGES).map(([gate, description]) => ({
  folder: `gate-${gate}`,
  description,
  required: ['item', 'token', 'round', 'attempt', 'forge-token'],
  optional: [],
  deploySecrets: false,
}));
