import { workItemFolder } from '../../artifacts/paths.ts';
import { InternalError } from '../../base/errors.ts';
import type { Role } from '../../pipeline/stages.ts';
import type { PromptOverride } from './prompt-override.ts';
import { PROMPT_FILE_LIMIT } from './prompt-override.ts';
import { cleanForPrompt, cutText } from './prompt-text.ts';
import type { PromptSources } from './prompts-source.ts';

export interface SystemPromptFacts {
  readonly role: Role;
  readonly item: string;
  readonly stage: string;
  readonly round: number;
  readonly timeoutS: number;
  /** `artifacts.language`, e.g. `en`. */
  readonly language: string;
  /** Path of the item's changelog fragment. */
  readonly fragment: string;
  /** Short commits the reviewer compares. */
  readonly base: string;
  readonly head: string;
  /** `scopes.<role>` of the configuration on main. */
  readonly allow: readonly string[];
  readonly deny: readonly string[];
  readonly override: PromptOverride | null;
  /** CLAUDE.md of main; null = there is none. */
  readonly passport: string | null;
}

/**
 * Frame, role text, override and passport of one run. The frame is always there. Throws InternalError
 * PROMPT_PLACEHOLDER when a shipped file uses a name we do not know. spec: agents §8.1, AG-BRF-3, AG-BRF-4
 */
export function renderSystemPrompt(sources: PromptSources, facts: SystemPromptFacts): string {
  const entry = sources.roles[facts.role];
  const own = itemNames(facts.item, facts.fragment);
  const scope = [
    ...entry.scope.map((line) => fillNames(line, own)),
    ...(facts.allow.length > 0 ? [`also ${facts.allow.join(', ')}`] : []),
    ...(facts.deny.length > 0 ? [`never ${facts.deny.join(', ')}`] : []),
  ].join('; ');
  const names = {
    ...own,
    role: facts.role,
    stage: facts.stage,
    round: String(facts.round),
    scope,
    gaps:
      facts.role === 'analyst'
        ? 'Gaps that block go to 01-questions.md; nothing is asked in any other way.'
        : 'You cannot ask anybody. Take the safest reading of a gap and say which one you took.',
    minutes: String(Math.floor(facts.timeoutS / 60)),
    language: languageName(facts.language),
    tools: entry.tools,
    base: facts.base,
    head: facts.head,
  };
  const roleText = facts.override?.mode === 'replace' ? [] : [fillNames(sources.texts[facts.role], names)];
  const override =
    facts.override === null
      ? []
      : [`# From this repository (.conveyor/agents/${facts.role}.md)\n\n${facts.override.text}`];
  const passport =
    facts.passport === null
      ? 'This repository has no passport.'
      : cutText(cleanForPrompt(facts.passport).trim(), PROMPT_FILE_LIMIT);
  return `${[fillNames(sources.frame, names), ...roleText, ...override, `# Passport of the repository (CLAUDE.md)\n\n${passport}`].join('\n\n')}\n`;
}

/** What `{WI}`, `{ID}` and `{FRAGMENT}` stand for. */
export function itemNames(item: string, fragment: string): Record<string, string> {
  return { ID: item, WI: workItemFolder(item), FRAGMENT: fragment };
}

/** Replaces `{name}` once; values are not looked at again. Throws InternalError PROMPT_PLACEHOLDER for an unknown name. */
export function fillNames(template: string, names: Readonly<Record<string, string>>): string {
  return template.replace(/\{([A-Za-z]+)\}/g, (whole, name: string) => {
    const value = names[name];
    if (value === undefined)
      throw new InternalError('PROMPT_PLACEHOLDER', `a shipped prompt uses ${whole}, which has no value`);
    return value;
  });
}

function languageName(code: string): string {
  const named = /^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*$/.test(code)
    ? new Intl.DisplayNames(['en'], { type: 'language' }).of(code)
    : undefined;
  return named ?? code;
}
