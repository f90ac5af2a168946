import type { StackRun } from '../../stack/forge-client.ts';

/** One run of the chain, in the order in which they follow from each other. */
export interface PlanStep {
  /** File name of the workflow. */
  readonly workflow: string;
  /** Its landing pushes a commit on which CI runs. */
  readonly pushes: boolean;
  /** The next run is started by the end of that CI, through an event run. */
  readonly waitsForCi: boolean;
  /** It opens the pull request, whose CI runs beside that of the branch from here on. */
  readonly opensPull: boolean;
}

const CI = 'ci.yml';

/**
 * The skeleton of a happy path from the runs that it left behind: what was dispatched, in order, and which of these runs
 * made CI run. Pure.
 */
export function planOf(runs: readonly StackRun[]): readonly PlanStep[] {
  const inOrder = runs.toSorted((a, b) => a.id - b.id);
  const chain = inOrder.filter((run) => run.event === 'workflow_dispatch' && run.workflow.startsWith('conveyor-'));
  const pull = inOrder.find((run) => run.workflow === CI && run.event.startsWith('pull_request'))?.id;
  return chain.map((run, index): PlanStep => {
    const next = chain[index + 1]?.id ?? Number.POSITIVE_INFINITY;
    const own = inOrder.filter((other) => other.id > run.id && other.id < next);
    const pushes = own.some((other) => other.workflow === CI && other.event === 'push');
    return {
      workflow: run.workflow,
      pushes,
      waitsForCi: pushes && run.workflow === 'conveyor-development.yml',
      opensPull: pull !== undefined && pull > run.id && pull < next,
    };
  });
}
