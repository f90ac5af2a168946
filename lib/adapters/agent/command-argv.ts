import type { AgentRunSpec } from '../../ports/agent.ts';

/** What `{name}` in an argument or in `usage_file` stands for. spec: agents §3 */
const PLACEHOLDERS = {
  model: (spec: AgentRunSpec) => spec.model,
  effort: (spec: AgentRunSpec) => spec.effort,
  prompt_file: (spec: AgentRunSpec) => spec.promptFile,
  system_file: (spec: AgentRunSpec) => spec.systemPromptFile,
  workdir: (spec: AgentRunSpec) => spec.workdir,
  out: (spec: AgentRunSpec) => spec.out,
};
const PATTERN = /\{([a-z_]+)\}/g;

/** Names in braces that are no placeholder, e.g. `{modle}`; empty = all are known. spec: AG-CMD-1 */
export function unknownPlaceholders(texts: readonly string[]): string[] {
  const names = texts.flatMap((text) => [...text.matchAll(PATTERN)].map((found) => found[1] ?? ''));
  return [...new Set(names)].filter((name) => !Object.hasOwn(PLACEHOLDERS, name)).map((name) => `{${name}}`);
}

/** Replaces placeholders inside one element; a value is never split and never replaced again. spec: AG-CMD-1 */
export function replacePlaceholders(text: string, spec: AgentRunSpec): string {
  return text.replace(PATTERN, (whole, name: string) =>
    Object.hasOwn(PLACEHOLDERS, name) ? PLACEHOLDERS[name as keyof typeof PLACEHOLDERS](spec) : whole,
  );
}

/** The names a configuration may use, for error texts. */
export const placeholderNames: readonly string[] = Object.keys(PLACEHOLDERS).map((name) => `{${name}}`);
