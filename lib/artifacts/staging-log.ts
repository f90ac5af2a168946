import { z } from 'zod';
import { fault, type LogVerdict, type Reading } from './codes.ts';
import { outputTail } from './excerpt.ts';
import { CommitHash, Count, Digest, ExitCode, Flag, Line, readVerdictFile, Round, Stamp, word } from './fields.ts';
import { composeFrontmatter } from './frontmatter-write.ts';
import { fenced, oneLine, renderTable } from './markdown.ts';
import { stampFields, type StampValues } from './stamp.ts';

/** `15-staging-log.md`: exists only when the suite really ran. spec: artifacts §5 (15), G-STG-5 */
export const StagingLog = Stamp.extend({
  type: z.literal('staging-log'),
  pass: Round,
  staging_status: word('SUCCESS', 'FAILED'),
  outcome: z.literal('suite-ran'),
  digest: Digest,
  code_tree: CommitHash,
  base_url: z.string().regex(/^https?:\/\/\S+$/, 'an http(s) address'),
  mode: z.enum(['stub', 'full']),
  checks: z.object({ passed: Count, total: Count }),
  failed: z.array(Line),
  waived: z.array(Line),
  strict: Flag,
  exit_code: ExitCode,
});
export type StagingLog = z.infer<typeof StagingLog>;

/** Faults: fm.*, art.*. */
export function parseStagingLog(source: Buffer | string, item: string): Reading<StagingLog> {
  return readVerdictFile(source, { item, type: 'staging-log', verdictKeys: ['staging_status'], schema: StagingLog });
}

/** SUCCESS counts only when every check passed or was waived; the negative value wins. spec: AR-VAL-5, artifacts §5 (15), G-STG-4 */
export function classifyStagingLog(log: StagingLog): LogVerdict {
  if (log.staging_status === 'FAILED')
    return { kind: 'fail', text: `staging_status is FAILED (${log.checks.passed}/${log.checks.total} passed)` };
  if (log.failed.length > 0)
    return { kind: 'fail', text: `SUCCESS, but failed: ${log.failed.join(', ').slice(0, 200)}` };
  const { passed, total } = log.checks;
  if (total === 0) return { kind: 'not-judged', fault: fault('art.contradiction', 'SUCCESS, but no check ran') };
  if (passed + log.waived.length < total)
    return { kind: 'fail', text: `SUCCESS, but ${passed} passed and ${log.waived.length} waived of ${total} checks` };
  if (log.strict && log.waived.length > 0)
    return { kind: 'fail', text: `SUCCESS in strict mode, but waived: ${log.waived.join(', ').slice(0, 200)}` };
  return { kind: 'pass' };
}

export interface StagingLogInput {
  readonly stamp: StampValues;
  readonly status: 'SUCCESS' | 'FAILED';
  readonly digest: string;
  readonly baseUrl: string;
  readonly mode: 'stub' | 'full';
  readonly checks: readonly {
    readonly id: string;
    readonly block: string;
    readonly title: string;
    readonly status: string;
    readonly detail: string;
  }[];
  /** Ids of checks that failed and are not waived. */
  readonly failed: readonly string[];
  readonly waived: readonly string[];
  readonly strict: boolean;
  readonly exitCode: number;
  readonly command: string;
  readonly environment: readonly string[];
  /** What the suite left behind or removed; one sentence. */
  readonly cleanup: string;
  /** Honest words on what SUCCESS does not prove. */
  readonly meaning: string;
  /** Redacted; cut here. */
  readonly output: string;
  readonly log: string;
}

/** The text of `15-staging-log.md`. `checks.passed` is counted from the records. */
export function renderStagingLog(input: StagingLogInput): string {
  const passed = input.checks.filter((check) => check.status === 'pass').length;
  const head = {
    ...stampFields('15-staging-log.md', input.stamp),
    staging_status: input.status,
    outcome: 'suite-ran',
    digest: input.digest,
    base_url: input.baseUrl,
    mode: input.mode,
    checks: { passed, total: input.checks.length },
    failed: input.failed.slice(0, 200),
    waived: input.waived.slice(0, 200),
    strict: input.strict,
    exit_code: input.exitCode,
  };
  const blocks = [...new Set(input.checks.map((check) => check.block))];
  const results = blocks.map((block) => {
    const rows = input.checks.filter((check) => check.block === block);
    return `### ${block}\n${renderTable(
      ['Check', 'Title', 'Result', 'Detail'],
      rows.map(({ id, title, status, detail }) => [
        id,
        title,
        verdictOf(id, status, input.waived),
        detail.slice(0, 300),
      ]),
    )}`;
  });
  const lines = [
    `# Staging Gate Log — ${input.stamp.item}`,
    '## Verdict',
    `${input.status}: ${passed} of ${input.checks.length} checks passed${input.waived.length > 0 ? `, waived: ${input.waived.join(', ')}` : ''}.`,
    '## Environment',
    ...(input.environment.length > 0 ? input.environment.map((line) => `- ${oneLine(line)}`) : ['Not recorded.']),
    '## Results',
    ...(results.length > 0 ? results : ['No check was recorded.']),
    '## Cleanup',
    input.cleanup,
    '## What SUCCESS means',
    input.meaning,
    '## Command',
    fenced(input.command, 'sh'),
  ];
  if (input.status === 'FAILED') {
    const failures = input.checks.filter((check) => input.failed.includes(check.id));
    const unnamed = input.failed.filter((id) => !failures.some((check) => check.id === id));
    lines.push(
      '## Failures',
      ...failures.map((check) => oneLine(`- ${check.id} ${check.title}: ${check.detail.slice(0, 1000)}`)),
      ...unnamed.map((id) => `- ${id}`),
    );
    if (input.failed.length === 0)
      lines.push('- The suite was judged as failed without a failing check; see the output.');
    lines.push('## Output', fenced(outputTail(input.output, input.log)));
  }
  return composeFrontmatter(head, `${lines.join('\n')}\n`);
}

function verdictOf(id: string, status: string, waived: readonly string[]): string {
  if (status === 'pass') return 'PASS';
  return waived.includes(id) ? 'WAIVED' : 'FAIL';
}
