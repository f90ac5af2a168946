import type { JUnit } from './junit.ts';
import type { Fact } from './fact.ts';

/** How the program ended, as the shell port tells it. */
export interface CommandEnd {
  readonly code: number | null;
  readonly signal: string | null;
  readonly ended: 'timeout' | 'aborted' | 'spawn' | null;
  readonly output: string;
}

/** One execution of the test command. */
export interface TestRun {
  readonly command: string;
  /** Seconds it was given. */
  readonly timeoutS: number;
  readonly end: CommandEnd | null;
  readonly junit: readonly Fact<JUnit>[];
  /** Paths of the command that the base has and the judged commit lacks. */
  readonly removed: readonly string[];
  /** HTTP status of each smoke address, null = no connection. */
  readonly smoke: readonly { readonly url: string; readonly status: number | null }[];
}

/** `tool-error` and `timeout`: nothing was proven either way, no report is written. spec: G-TST-3 */
export type TestOutcome =
  | {
      readonly kind: 'ran';
      readonly result: 'PASS' | 'FAIL';
      readonly text: string;
      readonly findings: string | null;
      /** null = the command told no numbers. */
      readonly total: number | null;
      readonly failed: number | null;
      readonly skipped: number | null;
      readonly exitCode: number | null;
    }
  | { readonly kind: 'tool-error' | 'timeout' | 'no-command'; readonly text: string };

const TAIL_LINES = 120;
const TAIL_CHARACTERS = 6000;
const NO_SPACE = /No space left on device|ENOSPC|Disk quota exceeded/;

/** PASS, FAIL or not judged, from how the command ended, its JUnit files and the smoke answers. Total. spec: G-TST-1…3 */
export function classifyTestRun(run: TestRun): TestOutcome {
  if (run.command.trim() === '') return { kind: 'no-command', text: 'the test command is empty' };
  if (run.removed.length > 0)
    return failed(run, `the change removes what the test command runs: ${run.removed.join(', ')}`);
  const { end } = run;
  if (end === null) return { kind: 'tool-error', text: 'the test command did not run' };
  const sums = sum(run.junit);
  if (sums !== null && sums.failed > 0) return failed(run, `${sums.failed} of ${sums.total} tests fail`);
  const tool = toolFault(run, end);
  if (tool !== null) return tool;
  if (end.code !== 0) return failed(run, `the test command ended with ${end.code ?? 'no exit code'}`);
  if (sums?.total === 0 || (sums !== null && sums.total === sums.skipped))
    return failed(run, 'the test command succeeded, but no test ran');
  const broken = run.junit.find((file) => file.kind === 'unreadable');
  if (broken?.kind === 'unreadable')
    return { kind: 'tool-error', text: `${broken.detail}: the result of the tests is not known` };
  const refused = run.smoke.filter((probe) => probe.status !== null && probe.status !== 200);
  if (refused.length > 0)
    return failed(run, `smoke: ${refused.map((probe) => `${probe.url} answered ${probe.status}`).join(', ')}`);
  const silent = run.smoke.filter((probe) => probe.status === null);
  if (silent.length > 0)
    return { kind: 'tool-error', text: `smoke: no connection to ${silent.map((probe) => probe.url).join(', ')}` };
  const text = sums === null ? 'the test command ended with 0' : `${sums.total} tests, none fails`;
  return { kind: 'ran', result: 'PASS', text, findings: null, ...numbers(sums), exitCode: 0 };
}

/** A red that was really seen comes before every infrastructure fault. spec: G-GEN-1 */
function toolFault(run: TestRun, end: CommandEnd): TestOutcome | null {
  if (end.ended === 'timeout')
    return {
      kind: 'timeout',
      text: `the test command was ended after ${run.timeoutS} s: make it faster or raise tests.timeout_s`,
    };
  if (end.ended === 'spawn')
    return { kind: 'tool-error', text: `the test command could not start: ${lastLine(end.output)}` };
  if (end.ended === 'aborted') return { kind: 'tool-error', text: 'the test command was ended from outside' };
  if (end.signal !== null) return { kind: 'tool-error', text: `the test command was killed by ${end.signal}` };
  if (end.code === null) return { kind: 'tool-error', text: 'the test command ended without an exit code' };
  if (end.code === 126 || end.code === 127)
    return {
      kind: 'tool-error',
      text: `the test command ended with ${end.code} (not found or not executable): ${lastLine(end.output)}`,
    };
  if (end.code > 128 && end.code < 160)
    return { kind: 'tool-error', text: `the test command was killed (exit ${end.code})` };
  if (end.code !== 0 && NO_SPACE.test(end.output)) return { kind: 'tool-error', text: 'the disk is full' };
  return null;
}

function failed(run: TestRun, text: string): TestOutcome {
  const sums = sum(run.junit);
  const names = run.junit.flatMap((file) => (file.kind === 'read' ? file.value.failures : []));
  const findings = [
    text,
    ...names.slice(0, 50).map((name) => `- ${name}`),
    ...(names.length > 50 ? [`- … ${names.length - 50} more`] : []),
    ...(run.end === null || run.end.output.trim() === '' ? [] : ['', tail(run.end.output)]),
  ].join('\n');
  return { kind: 'ran', result: 'FAIL', text, findings, ...numbers(sums), exitCode: run.end?.code ?? null };
}

function sum(files: readonly Fact<JUnit>[]): Omit<JUnit, 'failures'> | null {
  const counted = files.flatMap((file) => (file.kind === 'read' ? [file.value] : []));
  if (counted.length === 0) return null;
  const add = (key: 'total' | 'failed' | 'skipped') => counted.reduce((all, file) => all + file[key], 0);
  return { total: add('total'), failed: add('failed'), skipped: add('skipped') };
}

const numbers = (sums: Omit<JUnit, 'failures'> | null) => ({
  total: sums?.total ?? null,
  failed: sums?.failed ?? null,
  skipped: sums?.skipped ?? null,
});
const lastLine = (output: string) => output.trim().split('\n').at(-1) ?? '';
/** The end of the output that a developer is shown. */
const tail = (output: string) => output.trimEnd().split('\n').slice(-TAIL_LINES).join('\n').slice(-TAIL_CHARACTERS);

const NOT_A_PATH = /^-|^[A-Za-z_]+=|[$*?{}()<>|;&"'`]/;

/** Words of a command that may name files of the repository (`./scripts/test.sh`, `tests/run.ts`). spec: G-TST-2 */
export function pathsOfCommand(command: string): readonly string[] {
  const words = command.split(/[\s;&|()]+/).map((word) => word.replace(/^['"]|['"]$/g, '').replace(/^\.\//, ''));
  return [...new Set(words.filter((word) => /[./]/.test(word) && !word.startsWith('/') && !NOT_A_PATH.test(word)))];
}
