import type { HoldReason } from '../pipeline/state.ts';
import type { Stage } from '../pipeline/stages.ts';
import { message } from './message.ts';

interface Exits {
  /** Board statuses that lead out, one or two. */
  readonly board: readonly string[];
  /** Command of conveyor-control that leads out. */
  readonly command: 'retry' | 'recheck' | null;
}

const START = 'To Analyse';
const REDO: Exits = { board: ['Rejected'], command: 'retry' };
const REDO_OR_RECHECK: Exits = { board: ['Approved', 'Rejected'], command: 'retry' };
const RECHECK: Exits = { board: [], command: 'recheck' };

/** spec: pipeline §8.3 */
const EXITS: Readonly<Record<HoldReason, Exits>> = {
  questions: { board: [START], command: null },
  'analysis-empty': { board: [START], command: 'retry' },
  'agent-failed': REDO,
  'agent-unavailable': { board: ['Approved'], command: 'retry' },
  'ci-silent': { board: ['Approved', 'Rejected'], command: 'recheck' },
  'retries-exhausted': REDO_OR_RECHECK,
  'no-progress': REDO_OR_RECHECK,
  loop: REDO_OR_RECHECK,
  infra: { board: ['Approved'], command: 'retry' },
  'deploy-failed': REDO_OR_RECHECK,
  'deploy-unknown': RECHECK,
  'not-landed': RECHECK,
  'pr-create-failed': RECHECK,
  'merge-refused': RECHECK,
  'merged-outside': RECHECK,
  'report-untrusted': REDO,
  'config-invalid': { board: [], command: 'retry' },
  budget: { board: [], command: 'retry' },
  'tracker-gone': { board: [], command: 'retry' },
  'branch-gone': { board: [], command: 'retry' },
};

/** What a person can do about a held item: every stop names its ways out. Total. spec: pipeline §8.3, H-FUI-7 */
export function holdExit(hold: HoldReason, stage: Stage): string {
  if (hold === 'questions') return message('next.answer', { start: START });
  const { board, command } = EXITS[hold];
  // The analyst's own work starts again from the start status; nothing is there to be rejected or checked yet.
  const [a, b] = stage === 'analysis' && board.length > 0 ? [START] : board;
  const moves =
    a === undefined ? [] : [b === undefined ? message('next.move', { a }) : message('next.decide', { a, b })];
  return [...moves, ...(command === null ? [] : [message('next.operator', { action: command })])].join(' ');
}
