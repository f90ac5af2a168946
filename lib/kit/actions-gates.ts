import { GATES, type GateName } from '../pipeline/stages.ts';
import type { ActionRow } from './action-row.ts';

/** What each gate judges. */
const JUDGES: Readonly<Record<GateName, string>> = {
  entry: 'Title and description say enough to start work',
  'analysis-complete': 'The analysis package is complete: four documents, or active questions',
  'analysis-approved': 'A person, or the label, approved this very analysis package',
  architecture: 'The architect wrote at least one decision record or the infrastructure requirements',
  ci: 'CI of exactly this commit proves it good',
  review: 'The review of this very content is an approval without open findings',
  tests: 'The tests were executed on this content and passed',
  staging: 'The staging suite ran against this very artifact and passed',
  deploy: 'The target answers that it runs the confirmed artifact',
  landed: 'The validated code is in the default branch',
};

const HOLD = { 'hold-is-failure': 'true (default): a hold makes the step red; false: only fail and error do' };
const BASE = { base: 'Name of the base branch; default: target of the pull request, else the default branch' };
const PLACE = {
  sha: 'Commit that is judged; default: the commit of the run',
  ref: 'Ref that holds it; default: the ref of the run',
  ...BASE,
};
const FOLDER = {
  folder: 'Folder of the documents, e.g. docs/work-items/ET-12; its last part stands for the work item',
};

/** Inputs of a gate that judges alone, in a workflow that knows nothing of Conveyor: name → meaning and default. */
export const ALONE_INPUTS: Readonly<Record<GateName, Readonly<Record<string, string>>>> = {
  entry: {
    ...HOLD,
    title: 'Title of the issue or pull request',
    description: 'Its description',
    'title-min': 'Shortest title in characters; default 5',
    'title-max': 'Longest title; default 200',
    'description-min': 'Shortest description; default 20',
  },
  'analysis-complete': {
    ...HOLD,
    ...PLACE,
    ...FOLDER,
    questions: 'true (default): open questions in 01-questions.md win; false: a complete package wins',
  },
  'analysis-approved': {
    ...HOLD,
    ...PLACE,
    ...FOLDER,
    labels: 'Labels of the issue or pull request, by comma or line',
    label: 'Name of the label that approves',
  },
  architecture: { ...HOLD, ...PLACE, ...FOLDER },
  ci: {
    ...HOLD,
    sha: PLACE.sha,
    ...BASE,
    required:
      'Contexts that must succeed, one glob per line; default: what protection of the base branch requires, else all',
    ignore: 'Contexts that do not count, one glob per line; those of the workflow that asks never do',
  },
  review: {
    ...HOLD,
    ...PLACE,
    file: 'Path of the review; its frontmatter says verdict: APPROVED or REQUEST_CHANGES',
    fragment: 'Path of the changelog fragment that a change of source needs; default: none is needed',
    source: 'Globs of what counts as source, by comma or line; default: all but documents and tests',
  },
  tests: {
    ...HOLD,
    ...PLACE,
    command: 'Test command; runs with bash in a clean export of the commit',
    'timeout-s': 'Seconds the command may take; default 900',
    junit: 'Globs of JUnit files the command writes, by comma or line',
    report: 'Instead of a command: path of a committed report; its frontmatter says result: PASS or FAIL',
  },
  staging: {
    ...HOLD,
    ...PLACE,
    suite: 'Path of the staging suite; it is taken from the base branch',
    'base-url': 'Address of staging, for the suite',
    'timeout-s': 'Seconds the suite may take; default 300',
    result: 'Instead of a suite: the result file of a suite that has run, in the workspace',
    nonce: 'The nonce that suite was given; needed with result',
    'exit-code': 'Exit code of that suite; default 0',
    revision: 'Commit that staging must serve; default: the judged commit',
    waivable: 'Ids of checks that may fail, by comma or line; default: none',
    strict: 'true: nothing is waived; default false',
  },
  deploy: {
    ...HOLD,
    ...PLACE,
    file: 'Path of the committed deploy log; its frontmatter says deploy_status',
    digest: 'Digest of the artifact that was to be deployed: sha256 and 64 hex digits',
    'deploy-id': 'Deploy id that the log must name; default: any',
  },
  landed: {
    ...HOLD,
    ...BASE,
    pull: 'Number of the pull request that was merged',
    'merge-commit': 'Instead of a pull request: the merge commit',
    head: 'Commit that was merged; default: head of the pull request',
    'base-sha': 'Commit of the base branch the head was judged against; default: first parent of the merge commit',
    'expected-tree': 'Tree that was tested; default: the tree that merging head into base-sha gives',
    style: 'merge (default), squash or rebase',
  },
};

/** Outputs of every gate beside `result`. */
export const GATE_OUTPUTS: Readonly<Record<string, string>> = {
  verdict: 'pass, fail, hold or error',
  code: 'Why, as a code of docs/gates',
  text: 'Why, for people',
  facts: 'What was measured and judged, as JSON',
};

/** Rows of the gate actions, in pipeline order. Item and token come from generated workflows only. */
export const GATE_ACTIONS: readonly ActionRow[] = GATES.map((gate) => ({
  folder: `gate-${gate}`,
  description: JUDGES[gate],
  required: ['forge-token'],
  optional: ['item', 'token', 'round', 'attempt', 'tracker-url', 'tracker-token'],
  alone: ALONE_INPUTS[gate],
  outputs: GATE_OUTPUTS,
  deploySecrets: false,
}));
