import { z } from 'zod';

/** Endings of a scripted run and how many arguments each takes (least, most). spec: agents §4 */
const ENDS = {
  ok: [0, 0],
  exit: [1, 1],
  crash: [0, 0],
  hang: [0, 0],
  hang_deaf: [0, 0],
  partial: [1, 1],
  transient: [1, 2],
  network: [0, 0],
  auth: [0, 0],
  billing: [0, 0],
  usage_limit: [0, 1],
  no_model: [0, 0],
  garbage: [0, 0],
  empty: [0, 0],
  truncated: [0, 0],
  two_results: [0, 0],
  forged_result: [0, 0],
} as const;
export type EndKind = keyof typeof ENDS;

/** Written as `ok`, `exit(3)`, `transient(529, 120)`, or as a mapping: `exit: 3`, `transient: [529, 120]`. */
export const End = z.union([z.string(), z.record(z.string(), z.unknown())]).transform((written, context) => {
  const call = typeof written === 'string' ? parseCall(written) : parseMapping(written);
  const kind = call?.kind as EndKind | undefined;
  const known = kind !== undefined && Object.hasOwn(ENDS, kind);
  if (call === null || !known) {
    context.addIssue({
      code: 'custom',
      message: `unknown ending ${JSON.stringify(written)}: use one of ${Object.keys(ENDS).join(', ')}`,
    });
    return z.NEVER;
  }
  const [least, most] = ENDS[kind];
  if (call.arguments.length < least || call.arguments.length > most) {
    context.addIssue({
      code: 'custom',
      message: `${kind} takes ${least === most ? least : `${least} to ${most}`} number(s)`,
    });
    return z.NEVER;
  }
  return { kind, arguments: call.arguments };
});
export type End = z.infer<typeof End>;

interface Call {
  readonly kind: string;
  readonly arguments: readonly number[];
}

function parseCall(text: string): Call | null {
  const found = /^([a-z_]+)(?:\(\s*(\d+(?:\s*,\s*\d+)*)?\s*\))?$/.exec(text.trim());
  if (found === null) return null;
  return { kind: found[1] ?? '', arguments: found[2] === undefined ? [] : found[2].split(',').map(Number) };
}

function parseMapping(mapping: Readonly<Record<string, unknown>>): Call | null {
  const [entry, ...more] = Object.entries(mapping);
  if (entry === undefined || more.length > 0) return null;
  const values = Array.isArray(entry[1]) ? entry[1] : [entry[1]];
  return values.every((value): value is number => Number.isInteger(value) && value >= 0)
    ? { kind: entry[0], arguments: values }
    : null;
}
