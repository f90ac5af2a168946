import { z } from 'zod';
import { criterionId } from './acceptance.ts';
import { failed, fault, type ArtifactFault, type Reading } from './codes.ts';
import { Flag, identityFault, shown } from './fields.ts';
import { decodeText } from './frontmatter.ts';
import { parseStrictYaml, type YamlLimits, type YamlMapping, type YamlValue } from './strict-yaml.ts';
import { artifactRow } from './table.ts';

/** As frontmatter, but larger. spec: artifacts §5 (04) */
const LIMITS: YamlLimits = { bytes: 128 * 1024, keys: 64, key: 64, depth: 4, list: 300, scalar: 4096 };
const TYPES = ['unit', 'integration', 'e2e', 'ui', 'manual'];

const sentence = z.string().trim().min(1, 'some text').max(2000, 'at most 2000 characters');
const relativePath = z
  .string()
  .trim()
  .min(1, 'a path')
  .refine((path) => !path.startsWith('/') && !path.split(/[\\/]/).includes('..'), 'a path inside the repository');

export const PlannedTest = z.object({
  id: z
    .string()
    .trim()
    .regex(/^TC-\d{1,3}[a-z]?$/, 'TC- and a number, such as TC-01'),
  type: z.string().trim().min(1, 'a type of test'),
  description: sentence,
  module: relativePath,
  /** A description, never a result: `FAIL` may mean that the tested gate must fail. */
  expected: z.string().trim().min(1, 'what must be seen'),
  setup: z.string().optional(),
  acceptance: z.array(z.string().refine((id) => criterionId(id) !== null, 'ids such as AC-1')).optional(),
  condition: z.string().optional(),
  fixture: z.string().optional(),
  regression: Flag.optional(),
});
export type PlannedTest = z.infer<typeof PlannedTest>;

export interface TestPlan {
  readonly title: string | null;
  readonly tests: readonly PlannedTest[];
}

export interface PlanContext {
  readonly item: string;
  /** Criteria of 03 (`AC-1`), when it could be read. */
  readonly criteria?: readonly string[];
  /** On track bug a plan without a `regression: true` test warns. */
  readonly track?: 'full' | 'bug';
}

/** `04-test-plan.yaml`, one strict YAML document. Faults: fm.*, art.foreign, art.empty, plan.*. spec: artifacts §5 (04) */
export function parseTestPlan(source: Buffer | string, context: PlanContext): Reading<TestPlan> {
  const size = Buffer.byteLength(source);
  const limit = artifactRow('04-test-plan.yaml')!.maxBytes;
  if (size > limit) return failed('art.too_large', `${size} bytes, at most ${limit} are allowed`);
  const decoded = decodeText(source);
  if (!decoded.ok) return decoded;
  if (decoded.text.trim() === '') return failed('art.empty', '04-test-plan.yaml is empty');
  const yaml = parseStrictYaml(decoded.text.replaceAll('\r\n', '\n'), LIMITS, { documentStart: true });
  if (!yaml.ok) return failed(yaml.code, yaml.message, yaml.line);
  const { type: _, ...data } = yaml.data;
  const identity = identityFault(data, { item: context.item, type: 'test-plan' });
  if (identity !== null) return { ok: false, ...identity };
  if (data['work_item'] === undefined && data['work_item_id'] === undefined)
    return failed('plan.field', `work_item is missing, expected ${context.item}`);

  const { tests } = data;
  if (!Array.isArray(tests))
    return failed(
      tests === undefined ? 'art.empty' : 'plan.field',
      `tests is ${shown(tests)}, expected a list of tests`,
    );
  if (tests.length === 0) return failed('art.empty', 'tests is an empty list, at least one test is needed');
  const parsed: PlannedTest[] = [];
  for (const [index, entry] of tests.entries()) {
    const test = PlannedTest.safeParse(entry);
    if (!test.success) return failed('plan.field', describe(test.error.issues[0]!, entry as YamlValue, index));
    if (parsed.some(({ id }) => id === test.data.id))
      return failed('plan.duplicate_id', `${test.data.id} is the id of two tests`);
    parsed.push(test.data);
  }
  const title = typeof data['title'] === 'string' ? data['title'] : null;
  return { ok: true, data: { title, tests: parsed }, body: decoded.text, warnings: planWarnings(parsed, context) };
}

function describe(issue: z.core.$ZodIssue, entry: YamlValue, index: number): string {
  if (typeof entry === 'string' || Array.isArray(entry))
    return `test ${index + 1} is ${shown(entry)}, expected keys with values`;
  const key = String(issue.path[0] ?? 'test');
  const value = (entry as YamlMapping)[key];
  const name =
    typeof (entry as YamlMapping)['id'] === 'string' ? String((entry as YamlMapping)['id']) : `number ${index + 1}`;
  return `test ${name}: ${key} is ${shown(value)}, expected ${issue.code === 'invalid_type' ? issue.expected : issue.message}`;
}

function planWarnings(tests: readonly PlannedTest[], context: PlanContext): ArtifactFault[] {
  const warnings: ArtifactFault[] = [];
  for (const { id, type } of tests)
    if (!TYPES.includes(type))
      warnings.push(fault('art.unrecognised', `${id}: type is ${shown(type)}, expected one of ${TYPES.join(', ')}`));
  if (context.criteria !== undefined) {
    const covered = new Set<string>();
    for (const { id, acceptance } of tests)
      for (const text of acceptance ?? []) {
        const criterion = criterionId(text)!;
        covered.add(criterion);
        if (!context.criteria.includes(criterion))
          warnings.push(fault('art.unrecognised', `${id}: ${criterion} is not in 03-acceptance-criteria.md`));
      }
    for (const criterion of context.criteria)
      if (!covered.has(criterion)) warnings.push(fault('art.unrecognised', `no test covers ${criterion}`));
  }
  if (context.track === 'bug' && !tests.some(({ regression }) => regression === true))
    warnings.push(fault('art.unrecognised', 'no test has `regression: true`, which a bug needs'));
  return warnings;
}
