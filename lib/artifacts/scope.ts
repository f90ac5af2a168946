import { globMatcher } from '../base/globs.ts';
import type { Config } from '../pipeline/config.ts';
import type { Role } from '../pipeline/stages.ts';
import { artifactName, fragmentPath, ownerOfPath, workItemFolder } from './paths.ts';
import { ADR_NAME, artifactRow, ARTIFACTS } from './table.ts';

/** Parts of the configuration on main that widen or narrow scopes. */
export type ScopeConfig = Pick<Config, 'scopes' | 'protected' | 'docs'>;

export interface Scope {
  readonly allow: readonly string[];
  /** Wins over `allow`; compared without case. */
  readonly deny: readonly string[];
}

const CANON = ['docs/_templates/**', 'docs/_standards/**'];

/** Paths that no agent may change, whatever its scope. spec: G-PRT-1 */
export const PROTECTED = [
  '.conveyor/**',
  '.gitea/**',
  '.github/**',
  '.claude/**',
  'CLAUDE.md',
  'AGENTS.md',
  '.mcp.json',
  '.husky/**',
  '.githooks/**',
  '.pre-commit-config.yaml',
  'lefthook.yml',
  '.gitattributes',
  '.gitmodules',
  'CODEOWNERS',
  'docs/CODEOWNERS',
  '.gitleaks*',
  'osv-scanner.toml',
] as const;

/**
 * What a role may write for an item, as globs for prompts and tool rules: the artifact table plus `scopes.<role>` of
 * main's configuration. `judgePath` is the authority. spec: artifacts §4, AR-SC-1
 */
export function scopeOf(role: Role, item: string, config: ScopeConfig): Scope {
  const folder = workItemFolder(item);
  const artifacts = ARTIFACTS.filter(({ writer }) => writer === role).map(
    ({ name }) => `${folder}/${name === ADR_NAME ? '06-adr/ADR-*.md' : name}`,
  );
  const beside: Readonly<Record<Role, Scope>> = {
    analyst: { allow: [], deny: [] },
    architect: { allow: ['docs/**'], deny: [...CANON] },
    developer: { allow: ['**'], deny: ['CHANGELOG.md', ...CANON] },
    reviewer: { allow: [], deny: [] },
  };
  const extra = config.scopes[role];
  return {
    allow: [...artifacts, ...beside[role].allow, ...(extra?.allow ?? [])],
    deny: [...beside[role].deny, ...(extra?.deny ?? [])],
  };
}

export type PathVerdict =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: 'scope.path' | 'art.name'; readonly rule: string; readonly text: string };

/**
 * A function that says whether the role may write (or delete) a path: artifacts by their one writer, protected paths and
 * foreign fragments never, everything else by scope, where deny wins. Refusals ignore case. spec: AR-SC-1, G-PRT-1, AR-DIR-2…3
 */
export function createPathJudge(
  role: Role,
  item: string,
  config: ScopeConfig,
): (path: string, deleted: boolean) => PathVerdict {
  const scope = scopeOf(role, item, config);
  const allowed = globMatcher(scope.allow);
  const denied = globMatcher(scope.deny, { nocase: true });
  const isProtected = globMatcher([...PROTECTED, ...config.protected.extra], { nocase: true });
  const fragments = `${config.docs.fragment_dir.replace(/\/+$/, '')}/`;
  const ownFragment = fragmentPath(item, fragments.slice(0, -1));
  const refuse = (rule: string, text: string, code: 'scope.path' | 'art.name' = 'scope.path'): PathVerdict => ({
    ok: false,
    code,
    rule,
    text,
  });
  return (path, deleted) => {
    if (ownerOfPath(path) !== null) {
      const artifact = judgeArtifact(path, deleted, role, item);
      if (!artifact.ok) return artifact;
      return denied(path) ? refuse('AR-SC-1', 'the configuration denies this path') : { ok: true };
    }
    if (isProtected(path)) return refuse('G-PRT-1', 'a protected path: only people change it');
    if (path.toLowerCase().startsWith(fragments.toLowerCase()) && path !== ownFragment)
      return refuse('AR-CH-1', `of ${fragments} an item may change only ${ownFragment}`);
    if (denied(path)) return refuse('AR-SC-1', `the ${role} may not change this path`);
    if (!allowed(path)) return refuse('AR-SC-1', `outside the scope of the ${role}`);
    return { ok: true };
  };
}

function judgeArtifact(path: string, deleted: boolean, role: Role, item: string): PathVerdict {
  const refuse = (rule: string, text: string, code: 'scope.path' | 'art.name' = 'scope.path'): PathVerdict => ({
    ok: false,
    code,
    rule,
    text,
  });
  const name = artifactName(item, path);
  if (name === null) return refuse('AR-SC-1', `not in ${workItemFolder(item)}: other items are never touched`);
  const row = artifactRow(name);
  if (row === null && /^06-adr\/adr-[^/]*\.md$/i.test(name) && role === 'architect')
    return refuse('AR-DIR-2', 'expected ADR-001-<slug>.md with a slug of a-z, 0-9 and -', 'art.name');
  if (row === null) return refuse('AR-DIR-2', 'not the name of an artifact');
  if (row.writer !== role) return refuse('AR-DIR-3', `${row.name} is written by the ${row.writer}`);
  // Documents are rewritten; only what a later round can make void may go.
  if (deleted && row.required === 'yes') return refuse('AR-DIR-3', `${row.name} may be rewritten, not deleted`);
  return { ok: true };
}
