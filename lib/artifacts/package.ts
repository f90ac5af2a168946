import { parseAcceptance } from './acceptance.ts';
import { parseBrd } from './brd.ts';
import { fault, type ArtifactFault, type Reading } from './codes.ts';
import { artifactPath } from './paths.ts';
import { readSignal, type SignalName } from './signals.ts';
import { parseTestPlan } from './test-plan.ts';
import { parseTrz } from './trz.ts';

export const PACKAGE_FILES = ['01-brd.md', '02-trz.md', '03-acceptance-criteria.md', '04-test-plan.yaml'] as const;
export type PackageFile = (typeof PACKAGE_FILES)[number];

/**
 * What the predicates see: contents at the head by repository path, and for each path the index of the newest commit
 * of the branch that changed it (0 = head; absent = not changed on this branch). null = history could not be read.
 */
export interface BranchFiles {
  readonly item: string;
  readonly files: ReadonlyMap<string, Buffer>;
  readonly positions: ReadonlyMap<string, number> | null;
  readonly track?: 'full' | 'bug';
}

export interface PackageVerdict {
  readonly complete: boolean;
  /** Why it is not complete, one per file. */
  readonly faults: readonly (ArtifactFault & { readonly path: string })[];
  readonly warnings: readonly (ArtifactFault & { readonly path: string })[];
}

/** Whether 01–04 exist, each changed on this branch and none empty, a skeleton or invalid. spec: AR-Q-1, G-ANC-2 */
export function packageComplete(branch: BranchFiles): PackageVerdict {
  const faults: (ArtifactFault & { path: string })[] = [];
  const warnings: (ArtifactFault & { path: string })[] = [];
  let criteria: readonly string[] | undefined;
  for (const name of PACKAGE_FILES) {
    const path = artifactPath(branch.item, name);
    const content = branch.files.get(path);
    if (content === undefined) {
      faults.push({ path, ...fault('art.missing', `${name} is missing`) });
      continue;
    }
    if (!branch.positions?.has(path)) {
      const why =
        branch.positions === null
          ? 'the history of the branch cannot be read'
          : `${name} was not written on this branch`;
      faults.push({ path, ...fault('art.stale', why) });
      continue;
    }
    const read = readPart(name, content, branch, criteria);
    if (read.ok && name === '03-acceptance-criteria.md')
      criteria = (read.data as { criteria: readonly string[] }).criteria;
    const found = read.ok ? read.warnings : [read];
    (read.ok ? warnings : faults).push(...found.map(({ code, line, text }) => ({ path, code, line, text })));
  }
  return { complete: faults.length === 0, faults, warnings };
}

function readPart(
  name: PackageFile,
  content: Buffer,
  { item, track }: BranchFiles,
  criteria?: readonly string[],
): Reading<unknown> {
  switch (name) {
    case '01-brd.md':
      return parseBrd(content, item);
    case '02-trz.md':
      return parseTrz(content, item);
    case '03-acceptance-criteria.md':
      return parseAcceptance(content, item);
    case '04-test-plan.yaml':
      return parseTestPlan(content, {
        item,
        ...(criteria === undefined ? {} : { criteria }),
        ...(track === undefined ? {} : { track }),
      });
  }
}

export interface SignalVerdict {
  readonly active: boolean;
  /** The signal's text for people; null when it is not active. */
  readonly text: string | null;
  /** Why, for the journal. */
  readonly why: string;
  readonly warnings: readonly ArtifactFault[];
}

/**
 * Whether the analyst's questions wait for a person: they exist with real text, and no complete package was changed in a
 * later commit. The same commit is a tie that questions win. `enabled`: config `analysis.questions`; false puts a
 * complete package first. spec: AR-Q-2, AR-Q-3, AR-Q-6, AR-Q-7
 */
export function questionsActive(
  branch: BranchFiles,
  options: { readonly enabled: boolean } = { enabled: true },
): SignalVerdict {
  return signalActive(branch, '01-questions.md', options.enabled);
}

/** Whether the architect's conflict sends the item back to analysis; the same rule against the four package files. spec: AR-Q-8, G-ARC-1 */
export function conflictActive(branch: BranchFiles): SignalVerdict {
  return signalActive(branch, '06-conflict.md', true);
}

function signalActive(branch: BranchFiles, name: SignalName, signalFirst: boolean): SignalVerdict {
  const path = artifactPath(branch.item, name);
  const signal = readSignal(branch.files.get(path) ?? null, name, branch.item);
  const { warnings } = signal;
  const no = (why: string): SignalVerdict => ({ active: false, text: null, why, warnings });
  if (signal.kind === 'nothing')
    return no(warnings.length > 0 ? `${name} is ignored: ${warnings[0]!.text}` : `${name} does not exist`);
  const yes = (why: string): SignalVerdict => ({ active: true, text: signal.text, why, warnings });
  if (branch.positions === null) return yes('the history cannot be read, so a person decides');
  const position = branch.positions.get(path);
  if (position === undefined) return no(`${name} was not written on this branch`);
  if (!packageComplete(branch).complete) return yes(`${name} has text and the package is incomplete`);
  if (!signalFirst) return no('the package is complete and analysis.questions is off');
  const newest = Math.min(...PACKAGE_FILES.map((file) => branch.positions!.get(artifactPath(branch.item, file))!));
  if (newest < position) return no(`the complete package was changed after ${name}`);
  return yes(
    newest === position
      ? `${name} and the package were changed in the same commit`
      : `${name} is newer than the package`,
  );
}
