import type { Role } from '../pipeline/stages.ts';
import { fault, type ArtifactFault } from './codes.ts';
import { PACKAGE_FILES } from './package.ts';
import type { Change } from './path-form.ts';
import { artifactName, artifactPath } from './paths.ts';
import { ADR_PATTERN } from './table.ts';

/**
 * What the role must leave and did not: the analyst a package or questions, the architect an ADR, 07 or a conflict, the
 * reviewer its review, the developer any change. `tracked`: paths of the base commit. spec: artifacts §5 "Handoff", agents §8
 */
export function missingOutput(
  role: Role,
  item: string,
  changes: readonly Change[],
  tracked: ReadonlySet<string>,
): readonly ArtifactFault[] {
  if (changes.length === 0) return [fault('art.no_output')];
  const there = new Set(tracked);
  for (const { path, content } of changes) {
    if (content === null) there.delete(path);
    else there.add(path);
  }
  const has = (name: string) => there.has(artifactPath(item, name));
  const missing = (names: readonly string[]) =>
    names.filter((name) => !has(name)).map((name) => fault('art.missing', `${name} is missing`));
  switch (role) {
    case 'analyst':
      return has('01-questions.md') ? [] : missing(PACKAGE_FILES);
    case 'architect': {
      const adr = [...there].some((path) => ADR_PATTERN.test(artifactName(item, path) ?? ''));
      return adr || has('07-infra-requirements.md') || has('06-conflict.md')
        ? []
        : [fault('art.missing', 'neither an ADR in 06-adr/ nor 07-infra-requirements.md was written')];
    }
    case 'developer':
      return [];
    case 'reviewer': {
      const written = changes.some(
        ({ path, content }) => path === artifactPath(item, '12-review.md') && content !== null,
      );
      return written ? [] : [fault('art.missing', '12-review.md was not written in this round')];
    }
  }
}
