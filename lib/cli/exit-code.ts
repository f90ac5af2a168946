import { ConfigError, ExternalError } from '../base/errors.ts';

/** Exit codes of every command. spec: operations, head */
export const EXIT = { done: 0, negative: 1, usage: 2, unreachable: 3, internal: 4 } as const;

/** The exit code of what a command threw. Total. */
export function exitCodeOf(thrown: unknown): number {
  if (thrown instanceof ConfigError) return EXIT.usage;
  return thrown instanceof ExternalError ? EXIT.unreachable : EXIT.internal;
}
