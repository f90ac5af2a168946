import { distance } from 'fastest-levenshtein';
import type { z } from 'zod';

/** One line per fault with its path; an unknown key names the nearest known one. spec: O-C-2 */
export function describeIssue(schema: z.ZodType, issue: z.core.$ZodIssue): string[] {
  if (issue.code !== 'unrecognized_keys') return [`${issue.path.join('.') || '(top level)'}: ${issue.message}`];
  const known = knownKeys(schema, issue.path);
  return issue.keys.map((key) => {
    const near = known.find((candidate) => distance(candidate, key) <= 3);
    return `${[...issue.path, key].join('.')}: unknown key${near === undefined ? '' : ` (did you mean ${near}?)`}`;
  });
}

interface SchemaParts {
  readonly def?: {
    readonly innerType?: unknown;
    readonly valueType?: unknown;
    readonly shape?: Readonly<Record<PropertyKey, unknown>>;
  };
}

function knownKeys(schema: unknown, path: readonly PropertyKey[]): string[] {
  const step = (parts: SchemaParts | undefined, key: PropertyKey) => parts?.def?.shape?.[key] ?? parts?.def?.valueType;
  const found = path.reduce<unknown>((at, key) => step(unwrap(at), key), schema);
  return Object.keys(unwrap(found)?.def?.shape ?? {});
}

function unwrap(schema: unknown): SchemaParts | undefined {
  const parts = schema as SchemaParts | undefined;
  return parts?.def?.innerType === undefined ? parts : unwrap(parts.def.innerType);
}
