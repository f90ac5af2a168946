import { z } from 'zod';

const path = z.string().min(1).max(4096);
const onlyPath = z.union([path, z.strictObject({ path }).transform((value) => value.path)]);
const mode = z
  .union([z.int().transform(String), z.string()])
  .refine((text) => /^[0-7]{3,4}$/.test(text), 'must be an octal mode such as 755');
/** `2s`, `250ms`, or a number of seconds; the result is milliseconds. */
const duration = z.union([z.number().min(0), z.string()]).transform((written, context) => {
  if (typeof written === 'number') return written * 1000;
  const found = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(written);
  if (found === null) {
    context.addIssue({ code: 'custom', message: `${JSON.stringify(written)} is not a duration: write 2s or 250ms` });
    return z.NEVER;
  }
  return Number(found[1]) * { ms: 1, s: 1000, m: 60_000 }[found[2] as 'ms' | 's' | 'm'];
});
const finding = z.array(z.string().min(1)).optional();

const ArtifactAction = z.strictObject({
  file: path,
  /** Keys of the frontmatter beyond what the artifact needs. */
  keys: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
  title: z.string().optional(),
  verdict: z.string().optional(),
  p0: finding,
  p1: finding,
  p2: finding,
  p3: finding,
  broken: z.enum(['unterminated', 'fenced', 'duplicate', 'list']).optional(),
});
export type ArtifactAction = z.infer<typeof ArtifactAction>;

const shapes = {
  /** `{ID}`, `{WI}` and `{round}` are replaced in paths, texts and fixture files. */
  write: z
    .strictObject({ path, text: z.string().optional(), file: path.optional(), mode: mode.optional() })
    .refine((value) => (value.text === undefined) !== (value.file === undefined), 'needs exactly one of text and file'),
  append: z.strictObject({ path, text: z.string() }),
  delete: onlyPath,
  move: z.strictObject({ from: path, to: path }),
  chmod: z.strictObject({ path, mode }),
  mkdir: onlyPath,
  symlink: z.strictObject({ path, target: z.string().min(1) }),
  /** A folder that is a git repository of its own. */
  submodule: onlyPath,
  binary: z.strictObject({
    path,
    bytes: z
      .int()
      .min(1)
      .max(64 * 1024 * 1024),
  }),
  artifact: ArtifactAction,
  questions: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]),
  conflict: z.string().min(1),
  sleep: duration,
  print: z.string(),
  print_env: z.literal(true),
  /** A child in a session of its own that outlives the agent. */
  spawn_orphan: duration,
  /** A command of the agent; its output and exit code are printed, a failure does not end the agent. */
  run: z.strictObject({ argv: z.array(z.string()).min(1), input: z.string().optional() }),
};
type Shapes = typeof shapes;
export type ActionName = keyof Shapes;

/** One thing to do: a mapping with exactly one key. spec: agents §4 */
export const Action = z
  .strictObject(
    Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, shape.optional()])) as {
      [Name in ActionName]: z.ZodOptional<Shapes[Name]>;
    },
  )
  .refine((action) => Object.keys(action).length === 1, 'needs exactly one action');
export type Action = z.infer<typeof Action>;
