export const AREAS = ['runner', 'forge', 'config', 'clock'] as const;
export type Area = (typeof AREAS)[number];

export type ProbeResult = 'pass' | 'warn' | 'fail' | 'unknown';

/** One probe's answer; `id` and texts as in the table of operations §3. */
export interface ProbeReport {
  readonly id: string;
  readonly area: Area;
  /** `unknown`: no right to look, or no answer. */
  readonly result: ProbeResult;
  readonly expected: string;
  readonly actual: string;
  /** What to do; '' when nothing. */
  readonly fix: string;
  readonly why: string;
}

/** spec: operations §3 */
export interface DoctorReport {
  readonly schema: 1;
  readonly at: string;
  readonly version: string;
  readonly result: ProbeResult;
  readonly probes: readonly ProbeReport[];
}

/** What a probe found. `unreachable`: an outside system gave no answer. */
export interface Finding {
  readonly result: ProbeResult;
  readonly actual: string;
  readonly fix?: string;
  readonly unreachable?: boolean;
}

export interface Probe {
  readonly id: string;
  readonly area: Area;
  readonly expected: string;
  readonly why: string;
  readonly run: () => Promise<Finding>;
}

const ORDER: readonly ProbeResult[] = ['pass', 'unknown', 'warn', 'fail'];

/** The worst of all answers; nothing probed is unknown, never pass. */
export function worstResult(results: readonly ProbeResult[]): ProbeResult {
  return (
    results.reduce<ProbeResult | null>(
      (worst, result) => (worst === null || ORDER.indexOf(result) > ORDER.indexOf(worst) ? result : worst),
      null,
    ) ?? 'unknown'
  );
}

/** 0 without fail · 1 fail, with `strict` also warn · 3 an outside system gave no answer. spec: operations §3 */
export function doctorExitCode(report: DoctorReport, unreachable: boolean, strict: boolean): 0 | 1 | 3 {
  if (report.result === 'fail') return 1;
  if (unreachable) return 3;
  return strict && report.result === 'warn' ? 1 : 0;
}

/** One line per probe; what is not pass says what to do and why. */
export function renderDoctorReport(report: DoctorReport): string {
  const lines = report.probes.flatMap((probe) => {
    const head = `${probe.result.padEnd(7)} ${probe.id.padEnd(8)} ${probe.actual}`;
    if (probe.result === 'pass') return [head];
    return [
      `${head} (expected: ${probe.expected})`,
      ...(probe.fix === '' ? [] : [`                 do: ${probe.fix}`]),
      `                 why: ${probe.why}`,
    ];
  });
  return [...lines, `${report.result}: conveyor ${report.version}, ${report.at}`].join('\n');
}
