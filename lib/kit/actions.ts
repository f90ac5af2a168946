import { STAGE_TABLE } from '../pipeline/stages.ts';
import type { ActionRow, InputName } from './action-row.ts';
import { INPUTS } from './action-row.ts';
import { GATE_ACTIONS } from './actions-gates.ts';
import { scalar } from './yaml-text.ts';

const RUN: readonly InputName[] = ['item', 'token', 'forge-token'];
/** The forge starts a run with them; a person who starts one by hand may leave them out. */
const COUNTS: readonly InputName[] = ['round', 'attempt'];
const TRACKER: readonly InputName[] = ['tracker-url', 'tracker-token'];

const workAction = (folder: string, description: string): ActionRow => ({
  folder,
  description,
  required: RUN,
  optional: COUNTS,
  deploySecrets: false,
});
const landAction = (folder: string, description: string, deploySecrets = false): ActionRow => ({
  folder,
  description,
  required: RUN,
  optional: [...COUNTS, ...TRACKER],
  deploySecrets,
});

/** The actions that are not gates. */
const WORK_ACTIONS: readonly ActionRow[] = [
  {
    folder: 'op-intake',
    description: 'Feeds events of tracker, relay and forge to the decision, and performs what it ordered',
    required: ['forge-token'],
    optional: ['events', ...TRACKER],
    deploySecrets: false,
  },
  workAction('stage-analysis', 'The analyst writes the analysis package, or its questions'),
  workAction('stage-architecture', 'The architect writes decision records and requirements'),
  workAction('stage-development', 'The developer changes code, tests and documents'),
  workAction('stage-review', 'The reviewer judges the change'),
  workAction('stage-testing', 'Runs the test command on a clean export of the branch'),
  landAction('op-apply', 'Judges and applies what the work job handed over; pushes nothing yet'),
  workAction('stage-deploy-staging', 'Builds the artifact from a clean export of the branch'),
  landAction('op-stage', 'Puts the artifact on staging and runs the staging suite; pushes nothing yet', true),
  landAction('op-record', 'Records what staging found in one atomic push, and keeps the token'),
  landAction('stage-deploy', 'Production deploy of the validated artifact, then the merge', true),
  landAction('op-land', 'Decides with all verdicts and lands artifacts and state in one atomic push'),
  {
    folder: 'op-confirm-deploy',
    description: 'A person confirms the deploy of one artifact digest',
    required: ['item', 'digest', 'forge-token'],
    optional: TRACKER,
    deploySecrets: false,
  },
  {
    folder: 'op-control',
    description: 'A control command of a person with write permission',
    required: ['command', 'item', 'forge-token'],
    optional: ['reason', ...TRACKER],
    deploySecrets: false,
  },
  {
    folder: 'op-reconcile',
    description: 'Compares ledger, forge and tracker, and moves on whatever was lost',
    required: ['forge-token'],
    optional: TRACKER,
    deploySecrets: false,
  },
];

/** The root action of the repository: no step of the pipeline, started by people. spec: operations §3 */
export const DOCTOR: ActionRow = {
  folder: 'doctor',
  description: 'Checks whether runner, forge and token are fit for Conveyor, and says what to change',
  required: ['forge-token'],
  optional: [],
  deploySecrets: false,
};

/** Steps of the workflows that do not belong to one stage, in the order in which they are used. */
export const CONTROL_STEPS = ['op-intake', 'op-confirm-deploy', 'op-control', 'op-reconcile'] as const;

/** All actions in pipeline order: intake, each stage with its steps, then the controls. */
export const ACTIONS: readonly ActionRow[] = (() => {
  const steps = STAGE_TABLE.flatMap((row) => [
    ...row.jobs.flatMap((job) => job.steps),
    ...row.gates.map((gate) => `gate-${gate}`),
  ]);
  return [...new Set(['op-intake', ...steps, ...CONTROL_STEPS])].map(actionRow);
})();

/** The row of an action's folder. Throws `TypeError` for a step that no row describes: the tables disagree. */
export function actionRow(folder: string): ActionRow {
  const row = [...WORK_ACTIONS, ...GATE_ACTIONS].find((candidate) => candidate.folder === folder);
  if (row === undefined) throw new TypeError(`step ${folder} of the stage table has no row in lib/kit/actions*.ts`);
  return row;
}

/** Text of an action.yml; `top` leads from its folder to the top of the release. */
export function renderActionYaml(row: ActionRow, top = '../../'): string {
  const input = (name: InputName, required: boolean) =>
    `  ${name}:\n    description: ${scalar(INPUTS[name].description)}\n    required: ${required}\n`;
  const inputs = [
    ...row.required.map((name) => input(name, true)),
    ...row.optional.map((name) => input(name, false)),
    ...Object.entries(row.alone ?? {}).map(
      ([name, text]) => `  ${name}:\n    description: ${scalar(text)}\n    required: false\n`,
    ),
  ].join('');
  const outputs = Object.entries(row.outputs ?? {}).map(
    ([name, text]) => `  ${name}:\n    description: ${scalar(text)}\n`,
  );
  return (
    '# generated from lib/kit/actions.ts by "npm run docs", do not edit\n' +
    `name: ${scalar(`conveyor ${row.folder}`)}\n` +
    `description: ${scalar(row.description)}\n` +
    `inputs:\n${inputs}` +
    "outputs:\n  result:\n    description: One word for how the step ended; 'error' when it could not do its part\n" +
    outputs.join('') +
    `runs:\n  using: node24\n  main: ${top}dist/${row.folder}.mjs\n`
  );
}
