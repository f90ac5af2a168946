import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { z } from 'zod';
import { errorText, InternalError } from '../../base/errors.ts';
import type { Role } from '../../pipeline/stages.ts';

const ROLES: readonly Role[] = ['analyst', 'architect', 'developer', 'reviewer'];

const lines = z.array(z.string().min(1)).min(1);
/** A role as agents/roles.yml has it; `{WI}`, `{ID}` and `{FRAGMENT}` are replaced when a prompt is made. */
export const RoleEntry = z.strictObject({
  model: z.string().min(1),
  effort: z.enum(['low', 'medium', 'high', 'xhigh', 'max']),
  /** Seconds; absent = `agents.timeout_s`. */
  timeout_s: z.int().min(60).max(9000).optional(),
  tools: z.string().min(1),
  scope: lines,
  outputs: lines,
  /** The signal file a role may write in place of its outputs. */
  instead: z.string().min(1).optional(),
});
export type RoleEntry = z.infer<typeof RoleEntry>;
const Roles = z.strictObject({ analyst: RoleEntry, architect: RoleEntry, developer: RoleEntry, reviewer: RoleEntry });

export interface PromptSources {
  readonly frame: string;
  readonly roles: Readonly<Record<Role, RoleEntry>>;
  readonly texts: Readonly<Record<Role, string>>;
}

/** The shipped prompts of a folder: frame.md, roles.yml, <role>.md. Throws InternalError PROMPT_SOURCE when incomplete. */
export function loadPromptSources(folder: string): PromptSources {
  const read = (name: string): string => {
    try {
      return readFileSync(join(folder, name), 'utf8').trim();
    } catch (thrown) {
      throw new InternalError(
        'PROMPT_SOURCE',
        `agents/${name} of this installation cannot be read: ${errorText(thrown)}`,
        { cause: thrown },
      );
    }
  };
  const roles = Roles.safeParse(load(read('roles.yml')));
  if (!roles.success)
    throw new InternalError('PROMPT_SOURCE', `agents/roles.yml of this installation: ${z.prettifyError(roles.error)}`);
  const texts = Object.fromEntries(ROLES.map((role) => [role, read(`${role}.md`)])) as Record<Role, string>;
  return { frame: read('frame.md'), roles: roles.data, texts };
}
