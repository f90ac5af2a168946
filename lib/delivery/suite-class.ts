import type { ShellResult } from '../ports/shell.ts';
import type { BuildResult } from './bundle.ts';
import type { HookOutcome } from './hook-outcome.ts';
import { permanentMark, transientMark } from './hook-outcome.ts';
import type { SuiteCheck, SuiteFile } from './suite-file.ts';
import type { SuitePolicy, SuiteVerdict } from './suite-fold.ts';
import { foldSuite, realFailures } from './suite-fold.ts';

/** The suite really ran: this becomes `15-staging-log.md`. */
export interface SuiteRan extends SuiteVerdict {
  readonly class: 'suite-ran';
  readonly records: readonly SuiteCheck[];
  readonly strict: boolean;
  readonly exitCode: number;
}
/** Staging could not be judged; no `15-`. spec: D-STG-1, D-STG-2 */
export interface StagingTrouble {
  readonly class: 'permanent-env' | 'transient-infra';
  readonly code: 'STG_ENV' | 'STG_TRANSIENT' | 'STG_WRONG_REVISION';
  readonly text: string;
}
/** The change is at fault before the suite could run; no `15-`. spec: G-STG-8 */
export interface StagingFault {
  readonly class: 'suite-ran';
  readonly code: 'STG_FAILED';
  readonly detail: 'build-failed' | 'staging-unhealthy';
  readonly text: string;
}

const permanent = (text: string): StagingTrouble => ({ class: 'permanent-env', code: 'STG_ENV', text });
const transient = (text: string): StagingTrouble => ({ class: 'transient-infra', code: 'STG_TRANSIENT', text });

/**
 * What a run of the suite says. A file with this run's nonce is looked at first; red in it beats every mark of trouble,
 * green counts only with a clean end. Without a file exit 0 or 1 without such a mark is the one check `suite`.
 * spec: G-STG-1…4, G-STG-7, G-GEN-1
 */
export function classifySuite(
  ran: Pick<ShellResult, 'code' | 'signal' | 'ended' | 'output'>,
  file: SuiteFile,
  revision: string,
  policy: SuitePolicy,
): SuiteRan | StagingTrouble {
  const exit = ran.ended === null ? ran.code : null;
  const judged = (checks: readonly SuiteCheck[], faults: readonly string[]): SuiteRan => ({
    class: 'suite-ran',
    ...foldSuite(checks, faults, exit, policy),
    records: checks,
    strict: policy.strict,
    // 124 is what timeout(1) says for a command that had to be ended.
    exitCode: exit ?? 124,
  });
  if (file.kind === 'proof') {
    if (file.revision !== revision)
      return {
        class: 'transient-infra',
        code: 'STG_WRONG_REVISION',
        text: `staging served revision ${file.revision || '(none)'}, not ${revision}`,
      };
    const red = realFailures(file.checks, policy).length > 0 || file.faults.length > 0;
    if (red || exit === 0 || exit === 1) return judged(file.checks, file.faults);
  }
  const trouble = troubleOf(ran, exit);
  if (trouble !== null) return trouble;
  if (file.kind === 'no-proof') return transient(file.text);
  return judged(
    [
      {
        id: 'suite',
        block: '',
        title: 'the suite command',
        status: exit === 0 ? 'pass' : 'fail',
        detail: `exit ${exit}`,
      },
    ],
    [],
  );
}

function troubleOf(
  { code, signal, ended, output }: Pick<ShellResult, 'code' | 'signal' | 'ended' | 'output'>,
  exit: number | null,
): StagingTrouble | null {
  if (ended === 'spawn') return permanent(`the suite could not be started: ${output.slice(-300)}`);
  if (exit === 2) return permanent('the suite stopped itself: this is not staging (exit 2)');
  if (exit === 125 || exit === 126 || exit === 127) return permanent(`the suite ended with ${exit}: a tool is missing`);
  const lasting = permanentMark(output);
  if (lasting !== null) return permanent(`the suite met "${lasting}"`);
  if (ended !== null) return transient(`the suite was ended (${ended})`);
  const passing = transientMark(output);
  if (passing !== null) return transient(`the suite met "${passing}"`);
  return exit === 0 || exit === 1
    ? null
    : transient(`the suite ended with ${code ?? signal}, without proof that it ran`);
}

/** Class of the hook's outcome on staging; null = it serves the new version, the suite may run. spec: delivery §4 */
export function classifyStagingHook(outcome: HookOutcome): StagingFault | StagingTrouble | null {
  switch (outcome.state) {
    case 'ok':
      return null;
    case 'rolled-back':
      return { class: 'suite-ran', code: 'STG_FAILED', detail: 'staging-unhealthy', text: outcome.text };
    case 'rollback-failed':
      return permanent(outcome.text);
    case 'refused':
      return outcome.permanent ? permanent(outcome.text) : transient(outcome.text);
    case 'unknown':
    case 'running':
    case 'interrupted':
      return transient(outcome.text);
  }
}

/** Class of a failed build; `baseBuilds`: the same command on the base commit. spec: D-STG-3, G-STG-8 */
export function classifyBuild(build: BuildResult & { ok: false }, baseBuilds: boolean): StagingFault | StagingTrouble {
  if (build.reason === 'infra') return transient(build.text);
  if (!baseBuilds) return permanent(`${build.text}, and so does the build of the base commit`);
  return { class: 'suite-ran', code: 'STG_FAILED', detail: 'build-failed', text: build.text };
}
