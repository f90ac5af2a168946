import type { Clock } from '../../ports/clock.ts';
import type { ForgePort, Run } from '../../ports/forge.ts';
import type { Sha } from '../../ports/git.ts';
import type { CiFacts } from '../ci.ts';
import { observe } from './observe.ts';

export interface CiSubject {
  readonly commit: Sha;
  /** Name of the branch whose protection tells the required contexts. */
  readonly baseBranch: string;
  /** UTC; null = not known, then no clock runs. */
  readonly pushedAt: string | null;
  readonly passInForce: boolean;
  /** The run that judges, when it is a run of this very commit. */
  readonly ownRun: number | null;
}

/** One read: statuses, the run list, statuses again. Writes nothing and does not wait. spec: G-CI-1, G-CI-4 */
export async function loadCiFacts(
  ports: { readonly forge: ForgePort; readonly clock: Clock },
  subject: CiSubject,
): Promise<CiFacts> {
  const { forge, clock } = ports;
  const { commit } = subject;
  let runs: readonly Run[] = [];
  const reading = await observe(async (): Promise<Extract<CiFacts['reading'], { kind: 'read' }>['value']> => {
    const before = await forge.listStatuses(commit);
    if (before === null) return { kind: 'unknown-sha' };
    runs = await forge.listRuns(commit);
    const after = await forge.listStatuses(commit);
    return after === null ? { kind: 'unknown-sha' } : { kind: 'listing', before, runs, after };
  });
  const statuses = reading.kind === 'read' && reading.value.kind === 'listing' ? reading.value.after : [];
  return {
    sha: commit,
    reading,
    protection: await observe(() => forge.requiredContexts(subject.baseBranch)),
    pushedAt: subject.pushedAt,
    changedAt: newest([
      subject.pushedAt,
      ...statuses.map((status) => status.updatedAt ?? null),
      ...runs.flatMap((run) => [run.startedAt, run.finishedAt]),
    ]),
    now: clock.now().toISOString(),
    passInForce: subject.passInForce,
    ownRun: subject.ownRun,
  };
}

/** The latest of the times that are known and valid. */
function newest(times: readonly (string | null)[]): string | null {
  const known = times.flatMap((time) => (time === null || Number.isNaN(Date.parse(time)) ? [] : [time]));
  return known.toSorted((a, b) => Date.parse(a) - Date.parse(b)).at(-1) ?? null;
}
