import { z } from 'zod';

const text = z.string().trim().max(2000);
const required = text.min(1, 'is needed');
const optional = text.default('');
/** Lines or commas apart, blanks dropped. */
const list = text.default('').transform((value) =>
  value
    .split(/[\n,]/)
    .map((entry) => entry.trim())
    .filter((entry) => entry !== ''),
);
/** One entry per line: names of contexts may hold commas. */
const lines = text.default('').transform((value) =>
  value
    .split('\n')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== ''),
);
const flag = (fallback: 'true' | 'false') =>
  z
    .enum(['true', 'false'], 'is true or false')
    .default(fallback)
    .transform((value) => value === 'true');
const whole = (fallback: number, min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'is a whole number')
    .default(String(fallback))
    .transform(Number)
    .refine((value) => value >= min && value <= max, `is from ${min} to ${max}`);
const number = whole(0, 0, 999_999_999);
const commit = z
  .union([z.literal(''), z.string().regex(/^[0-9a-f]{40}$|^[0-9a-f]{64}$/)], 'is a full commit hash')
  .default('');
/** A path inside the repository. */
const path = required.refine(
  (value) => !value.startsWith('/') && !value.split('/').includes('..'),
  'is a path inside the repository without ..',
);
const optionalPath = z.union([z.literal(''), path]).default('');

/** Where the judged commit is: all optional, taken from the run. */
const place = { sha: commit, ref: optional, base: optional };
const always = { 'hold-is-failure': flag('true') };
const folder = path.transform((value) => value.replace(/\/+$/, ''));

/** Inputs of each gate outside the pipeline, as text of a workflow file. */
export const GateInputs = {
  entry: z.object({
    ...always,
    title: optional,
    description: z.string().default(''),
    'title-min': whole(5, 1, 50),
    'title-max': whole(200, 10, 500),
    'description-min': whole(20, 0, 5000),
  }),
  'analysis-complete': z.object({ ...always, ...place, folder, questions: flag('true') }),
  'analysis-approved': z.object({ ...always, ...place, folder, labels: list, label: required }),
  architecture: z.object({ ...always, ...place, folder }),
  ci: z.object({ ...always, sha: commit, base: optional, required: lines, ignore: lines }),
  review: z.object({ ...always, ...place, file: path, fragment: optionalPath, source: list }),
  tests: z.object({
    ...always,
    ...place,
    report: optionalPath,
    command: text.default(''),
    junit: list,
    'timeout-s': whole(900, 1, 9000),
  }),
  staging: z.object({
    ...always,
    ...place,
    suite: optionalPath,
    'base-url': optional,
    'timeout-s': whole(300, 1, 9000),
    result: optionalPath,
    nonce: optional,
    'exit-code': whole(0, 0, 255),
    revision: commit,
    waivable: list,
    strict: flag('false'),
  }),
  deploy: z.object({ ...always, ...place, file: path, digest: required, 'deploy-id': optional }),
  landed: z.object({
    ...always,
    base: optional,
    pull: number,
    'merge-commit': commit,
    head: commit,
    'base-sha': commit,
    'expected-tree': commit,
    style: z.enum(['merge', 'squash', 'rebase'], 'is merge, squash or rebase').default('merge'),
  }),
} as const;
export type GateInput<Gate extends keyof typeof GateInputs> = z.infer<(typeof GateInputs)[Gate]>;
