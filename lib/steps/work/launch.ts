import type { Config } from '../../pipeline/config.ts';
import type { Role } from '../../pipeline/stages.ts';
import type { RoleEntry } from './prompts-source.ts';

export interface Launch {
  readonly model: string;
  readonly effort: string;
  readonly timeoutS: number;
}

/**
 * Model, effort and time budget (seconds) of a role: its key in the configuration, then the key for all roles, then
 * what ships in agents/roles.yml. Blank is not set, so an empty value cannot clobber a lower rung.
 * spec: AG-MOD-1, agents §5, §6
 */
export function resolveLaunch(
  agents: Pick<Config['agents'], 'model' | 'effort' | 'timeout_s' | 'roles'>,
  role: Role,
  shipped: RoleEntry,
): Launch {
  const own = agents.roles[role];
  return {
    model: firstSet(own?.model, agents.model) ?? shipped.model,
    effort: firstSet(own?.effort, agents.effort) ?? shipped.effort,
    timeoutS: own?.timeout_s ?? shipped.timeout_s ?? agents.timeout_s,
  };
}

function firstSet(...values: readonly (string | undefined)[]): string | undefined {
  return values.map((value) => value?.trim()).find((value) => value !== undefined && value !== '');
}
