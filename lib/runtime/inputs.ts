import * as core from '@actions/core';
import { z } from 'zod';
import { ConfigError } from '../base/errors.ts';

/** Inputs of an action by name; a schema field sees a string, or undefined when the workflow gave none. */
export type InputSchema = z.ZodObject<z.ZodRawShape>;

/** A whole number written as text, as run inputs are. */
export const integerInput = (fallback?: number) => {
  const whole = z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number')
    .transform(Number);
  return fallback === undefined ? whole : whole.default(fallback);
};

/** What the workflow gave for these inputs; undefined = nothing. */
export function givenInputs(names: readonly string[]): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(
    names.map((name) => {
      const value = core.getInput(name);
      return [name, value === '' ? undefined : value];
    }),
  );
}

/** Parses the inputs of the running action once; all faults in one `ConfigError` INPUT_INVALID, which quotes no value. */
export function readInputs<Schema extends InputSchema>(action: string, schema: Schema): Readonly<z.infer<Schema>> {
  const given = givenInputs(Object.keys(schema.shape));
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => {
    const name = issue.path.join('.');
    return given[name] === undefined ? `input ${name} is missing` : `input ${name}: ${issue.message}`;
  });
  throw new ConfigError(
    'INPUT_INVALID',
    `${action}: ${faults.join('; ')}. Give it under "with:" in the workflow, or write the workflow files again with "conveyor workflows".`,
  );
}
