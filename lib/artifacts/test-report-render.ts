import { outputTail } from './excerpt.ts';
import { composeFrontmatter } from './frontmatter-write.ts';
import { fenced, oneLine, renderTable } from './markdown.ts';
import { stampFields, type StampValues } from './stamp.ts';

export interface TestReportInput {
  readonly stamp: StampValues;
  readonly result: 'PASS' | 'FAIL';
  /** Left out when the runner does not know them. */
  readonly counts: {
    readonly total: number;
    readonly passed: number;
    readonly failed: number;
    readonly skipped: number;
  } | null;
  readonly exitCode: number;
  readonly durationS: number;
  readonly command: string;
  readonly environment: readonly string[];
  /** Read-only requests after the tests; only when configured. */
  readonly smoke: readonly { readonly url: string; readonly status: number }[];
  /** One row per test of the plan or of the JUnit report. */
  readonly results: readonly {
    readonly id: string;
    readonly description: string;
    readonly result: 'PASS' | 'FAIL' | 'SKIP';
  }[];
  readonly criteria: readonly { readonly id: string; readonly tests: string; readonly result: string }[];
  /** One text per failing test. */
  readonly failures: readonly string[];
  /** Redacted output of the command; cut here. */
  readonly output: string;
  /** Address of the run's whole log. */
  readonly log: string;
  /** One or two sentences. */
  readonly conclusion: string;
}

const MAX_FAILURES = 50;
const MAX_FAILURE_CHARACTERS = 2000;
const MAX_ROWS = 1000;

/** `13-test-report.md` of the test-runner: `result` and `status` say the same word. spec: artifacts §5 (13), AR-AP-3 */
export function renderTestReport(input: TestReportInput): string {
  const { counts } = input;
  const head = {
    ...stampFields('13-test-report.md', input.stamp),
    result: input.result,
    status: input.result,
    total: counts?.total,
    passed: counts?.passed,
    failed: counts?.failed,
    skipped: counts?.skipped,
    exit_code: input.exitCode,
    duration_s: Math.max(0, Math.round(input.durationS)),
    command: input.command.replace(/\s+/g, ' ').trim().slice(0, 1000),
  };
  const sections: (readonly [string, string])[] = [
    ['Environment', input.environment.map((line) => `- ${oneLine(line)}`).join('\n') || 'Not recorded.'],
    ['Commands', fenced(input.command, 'sh')],
    ['Summary', summary(counts)],
  ];
  if (input.smoke.length > 0)
    sections.push([
      'Smoke',
      renderTable(
        ['URL', 'Status'],
        input.smoke.map(({ url, status }) => [url, String(status)]),
      ),
    ]);
  sections.push([
    'Results',
    table(
      ['TC', 'Description', 'Result'],
      input.results.map((row) => [row.id, row.description, row.result]),
    ),
  ]);
  if (input.criteria.length > 0)
    sections.push([
      'Acceptance criteria',
      table(
        ['AC', 'TC', 'Result'],
        input.criteria.map((row) => [row.id, row.tests, row.result]),
      ),
    ]);
  if (input.failures.length > 0) sections.push(['Failures', renderFailures(input.failures, input.log)]);
  sections.push(
    ['Output', fenced(outputTail(input.output, input.log))],
    ['Verdict', `${input.result}\n\n${oneLine(input.conclusion)}`],
  );
  const body = sections.map(([title, text]) => `## ${title}\n${text}\n`).join('');
  return composeFrontmatter(head, `# Test Report — ${input.stamp.item}\n${body}`);
}

function summary(counts: TestReportInput['counts']): string {
  if (counts === null) return 'The command reported no counts; its exit code decides.';
  return `${counts.total} tests: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped.`;
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return 'None recorded.';
  const shown = renderTable(
    header,
    rows.slice(0, MAX_ROWS).map((row) => row.map((cell) => cell.slice(0, 150))),
  );
  return rows.length > MAX_ROWS ? `${shown}\n\n… cut, ${rows.length - MAX_ROWS} more rows.` : shown;
}

function renderFailures(failures: readonly string[], log: string): string {
  const shown = failures
    .slice(0, MAX_FAILURES)
    .map((text, index) => `### ${index + 1}\n${fenced(text.slice(0, MAX_FAILURE_CHARACTERS))}`);
  const rest = failures.length - shown.length;
  return [...shown, ...(rest > 0 ? [`… cut, ${rest} more failures: ${log}`] : [])].join('\n');
}
