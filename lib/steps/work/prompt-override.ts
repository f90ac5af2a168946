import { parseFrontmatter } from '../../artifacts/frontmatter.ts';
import { cleanForPrompt, cutText } from './prompt-text.ts';

/** Characters of an override and of the passport that reach a prompt. spec: AG-BRF-3, AG-BRF-4 */
export const PROMPT_FILE_LIMIT = 32 * 1024;

export interface PromptOverride {
  /** `replace` drops the role text, never the frame. */
  readonly mode: 'append' | 'replace';
  readonly text: string;
}
export interface ParsedOverride {
  /** null = the built-in prompt alone. */
  readonly override: PromptOverride | null;
  readonly warnings: readonly string[];
}

/**
 * `.conveyor/agents/<role>.md` of main. Anything unusable means the built-in prompt and a warning; keys other than
 * `mode` are ignored with a warning. Never throws. spec: AG-BRF-4, AG-MOD-5
 */
export function parseOverride(file: Buffer | null, path: string): ParsedOverride {
  if (file === null) return { override: null, warnings: [] };
  const ignored = (why: string): ParsedOverride => ({ override: null, warnings: [`${path} is ignored: ${why}`] });
  if (file.length > PROMPT_FILE_LIMIT) return ignored(`${file.length} bytes, allowed are ${PROMPT_FILE_LIMIT}`);
  const parsed = parseFrontmatter(file);
  if (!parsed.ok) {
    if (parsed.code !== 'fm.absent') return ignored(`${parsed.message} (line ${parsed.line})`);
    return finish('append', file.toString('utf8'), []);
  }
  const { mode = 'append', ...others } = parsed.data as Record<string, unknown>;
  if (mode !== 'append' && mode !== 'replace')
    return ignored(`mode ${JSON.stringify(mode)} is neither append nor replace`);
  const warnings = Object.keys(others).map((key) => `${path}: key ${key} has no effect in a prompt file`);
  return finish(mode, parsed.body, warnings);
}

function finish(mode: 'append' | 'replace', body: string, warnings: readonly string[]): ParsedOverride {
  const text = cutText(cleanForPrompt(body).trim(), PROMPT_FILE_LIMIT);
  return { override: text === '' ? null : { mode, text }, warnings };
}
