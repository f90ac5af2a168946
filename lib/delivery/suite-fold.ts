import type { SuiteCheck } from './suite-file.ts';

export interface SuitePolicy {
  /** Exact ids of checks whose failure is the sandbox's; main's configuration only. */
  readonly waivable: readonly string[];
  readonly strict: boolean;
  readonly infra_tolerance: boolean;
}
export interface SuiteVerdict {
  readonly status: 'SUCCESS' | 'FAILED';
  readonly checks: { readonly passed: number; readonly total: number };
  /** Ids of failed checks that count; `suite` stands for the run as a whole. */
  readonly failed: readonly string[];
  readonly waived: readonly string[];
  /** Why it failed when no single check says it. */
  readonly reason: string | null;
}

/** The run as a whole, when there are no checks to name or they do not fit the exit code. */
const WHOLE = 'suite';

/**
 * SUCCESS only when every check passed, or every failed one is waivable and neither strict nor tolerance off says no.
 * No checks, a fault in the records or an exit code that contradicts them is FAILED. spec: G-STG-4
 */
export function foldSuite(
  checks: readonly SuiteCheck[],
  faults: readonly string[],
  exit: number | null,
  policy: SuitePolicy,
): SuiteVerdict {
  const failing = checks.filter(({ status }) => status !== 'pass').map(({ id }) => id);
  const counts = { passed: checks.length - failing.length, total: checks.length + faults.length };
  const real = realFailures(checks, policy);
  const refuse = (reason: string | null, failed: readonly string[]): SuiteVerdict => ({
    status: 'FAILED',
    checks: counts,
    failed: failed.length > 0 ? failed : [WHOLE],
    waived: [],
    reason,
  });
  if (checks.length === 0 && faults.length === 0) return refuse('the suite made no checks', []);
  if (faults.length > 0) return refuse(faults.join('; '), failing);
  if (real.length > 0) return { ...refuse(null, real), waived: failing.filter((id) => !real.includes(id)) };
  if (exit === 0 && failing.length > 0) return refuse('exit code 0 although checks failed', failing);
  if (exit === 1 && failing.length === 0) return refuse('exit code 1 although every check passed', []);
  return { status: 'SUCCESS', checks: counts, failed: [], waived: failing, reason: null };
}

/** Failed checks that nothing excuses. */
export function realFailures(
  checks: readonly SuiteCheck[],
  { waivable, strict, infra_tolerance }: SuitePolicy,
): string[] {
  const excused = strict || !infra_tolerance ? [] : waivable;
  return checks.filter(({ id, status }) => status !== 'pass' && !excused.includes(id)).map(({ id }) => id);
}

/** The lines of the log: `INFRA-WAIVED: C9a, C9b` and `VERDICT: SUCCESS (8/10 PASS)`. spec: delivery §4 */
export function renderSuiteVerdict({ status, checks, failed, waived, reason }: SuiteVerdict): string {
  const lines = [
    ...(waived.length > 0 ? [`INFRA-WAIVED: ${waived.join(', ')}`] : []),
    ...(failed.length > 0 ? [`FAILED: ${failed.join(', ')}${reason === null ? '' : ` (${reason})`}`] : []),
    `VERDICT: ${status} (${checks.passed}/${checks.total} PASS)`,
  ];
  return lines.join('\n');
}
