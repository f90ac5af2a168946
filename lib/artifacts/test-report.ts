import { z } from 'zod';
import type { ArtifactCode, Reading } from './codes.ts';
import { CommitHash, Line, machineWord, readVerdictFile, Round, shown, Stamp } from './fields.ts';
import type { YamlMapping, YamlValue } from './strict-yaml.ts';

/** Identity of `13-test-report.md`; its verdict is `classifyTestReport` of the raw fields. */
export const TestReport = Stamp.extend({
  type: z.literal('test-report'),
  version: Round,
  code_tree: CommitHash,
  command: Line.optional(),
});
export type TestReport = z.infer<typeof TestReport>;

/** `fields` are all keys as they stand in the file. Faults: fm.*, art.*. */
export function parseTestReport(
  source: Buffer | string,
  item: string,
): Reading<{ readonly report: TestReport; readonly fields: YamlMapping }> {
  const read = readVerdictFile(source, {
    item,
    type: 'test-report',
    verdictKeys: ['result', 'verdict', 'status'],
    schema: TestReport,
  });
  return read.ok ? { ...read, data: { report: read.data, fields: read.raw! } } : read;
}

const NEGATIVE = new Set([
  'BLOCKED',
  'FAIL',
  'FAILED',
  'FAILS',
  'FAILING',
  'FAILURE',
  'FAILURES',
  'REQUEST_CHANGES',
  'REQUEST-CHANGES',
  'CHANGES_REQUESTED',
  'REJECT',
  'REJECTED',
  'RED',
]);
const POSITIVE = new Set(['PASS', 'PASSED', 'GREEN', 'APPROVED', 'READY-TO-DEPLOY', 'READY_TO_DEPLOY']);
const NEGATION = new Set(['NOT', 'NO', 'NON', 'NEVER', 'WITHOUT']);

export type TestVerdict =
  | { readonly kind: 'pass'; readonly text: string }
  | { readonly kind: 'fail'; readonly text: string }
  | { readonly kind: 'not-judged'; readonly code: Extract<ArtifactCode, `art.${string}`>; readonly text: string };

export interface TestFields {
  readonly result?: YamlValue | undefined;
  readonly verdict?: YamlValue | undefined;
  readonly status?: YamlValue | undefined;
  readonly total?: YamlValue | undefined;
  readonly failed?: YamlValue | undefined;
  readonly exit_code?: YamlValue | undefined;
}

/**
 * The verdict of a test report from its frontmatter. `result`, `verdict` and `status` have equal rank; a negative word
 * or number in any field beats every positive one; what is neither is not judged. Total. spec: G-TST-4…8
 */
export function classifyTestReport(fields: TestFields): TestVerdict {
  const words = (['result', 'verdict', 'status'] as const)
    .map((key) => ({ key, value: fields[key] }))
    .filter(({ value }) => value !== undefined && !(typeof value === 'string' && value.trim() === ''));
  if (words.length === 0) return notJudged('art.no_verdict', 'none of `result`, `verdict`, `status` has a value');
  const readings = words.map(({ key, value }) => ({ key, value, tokens: tokensOf(value) }));

  for (const { key, value, tokens } of readings) {
    const negative = tokens?.find((token) => NEGATIVE.has(token));
    if (negative !== undefined) return { kind: 'fail', text: `${key} is ${shown(value)}` };
  }
  const positive = readings.find(({ tokens }) => tokens?.some((token) => POSITIVE.has(token)));
  if (positive === undefined) return notJudged('art.unrecognised', describeAll(readings));
  for (const key of ['failed', 'exit_code'] as const)
    if (wholeNumber(fields[key]) !== 0 && wholeNumber(fields[key]) !== null)
      return { kind: 'fail', text: `${positive.key} is ${shown(positive.value)}, but ${key} is ${shown(fields[key])}` };

  const denied = readings.find(({ value, tokens }) => tokens === null || isDenied(value as string, tokens));
  if (denied !== undefined)
    return notJudged('art.unrecognised', `${denied.key} is ${shown(denied.value)}, expected PASS or FAIL`);
  for (const key of ['total', 'failed', 'exit_code'] as const)
    if (wholeNumber(fields[key]) === null)
      return notJudged('art.unrecognised', `${key} is ${shown(fields[key])}, expected a whole number`);
  if (fields.total !== undefined && wholeNumber(fields.total) === 0)
    return notJudged('art.contradiction', `${positive.key} is ${shown(positive.value)}, but total is 0: no test ran`);
  return { kind: 'pass', text: `${positive.key} is ${shown(positive.value)}` };
}

function notJudged(code: Extract<ArtifactCode, `art.${string}`>, text: string): TestVerdict {
  return { kind: 'not-judged', code, text };
}

/** Whole words of a value; null when it is no single value or an unedited choice such as `PASS | FAIL` or `<verdict>`. */
function tokensOf(value: YamlValue | undefined): readonly string[] | null {
  if (typeof value !== 'string' || value.includes('|') || /<[^>]*>/.test(value)) return null;
  // Letters of other scripts belong to the word, so that they cannot cut a token out of it.
  return machineWord(value).match(/[\p{L}\p{M}\p{N}_-]+/gu) ?? [];
}

function isDenied(value: string, tokens: readonly string[]): boolean {
  if (tokens.some((token) => NEGATION.has(token))) return true;
  return [...value.matchAll(/(\d+)\s*\/\s*(\d+)/g)].some((fraction) => Number(fraction[1]) !== Number(fraction[2]));
}

/** undefined counts as 0 (nothing said); null = not a whole number. */
function wholeNumber(value: YamlValue | undefined): number | null {
  if (value === undefined) return 0;
  return typeof value === 'string' && /^\s*-?\d{1,10}\s*$/.test(value) ? Number(value) : null;
}

function describeAll(readings: readonly { readonly key: string; readonly value: YamlValue | undefined }[]): string {
  return `${readings.map(({ key, value }) => `${key} is ${shown(value)}`).join(', ')}; expected PASS or FAIL`;
}
