import { globMatcher } from '../base/globs.ts';
import { createSecretFinder } from '../base/redact.ts';
import type { Config } from '../pipeline/config.ts';
import type { Role } from '../pipeline/stages.ts';
import { parseFragment } from './changelog.ts';
import { checkArtifact } from './check-artifact.ts';
import type { ArtifactCode, ArtifactFault } from './codes.ts';
import { normaliseArtifact } from './normalise.ts';
import { pathClashes, kindFault, pathFormFault, type Change } from './path-form.ts';
import { artifactName, fragmentPath } from './paths.ts';
import { createPathJudge, type ScopeConfig } from './scope.ts';
import { ADR_PATTERN, FOLDER_LIMITS } from './table.ts';

export type ApplierConfig = ScopeConfig & Pick<Config, 'agents'>;

export interface ChangeContext {
  readonly role: Role;
  readonly item: string;
  /** From main, never from the branch. spec: AR-SC-1 */
  readonly config: ApplierConfig;
  /** All paths of the stage's base commit. */
  readonly tracked: ReadonlySet<string>;
  /** Global ADRs that are accepted at the base commit (`isAcceptedAdr`). spec: AR-AD-1 */
  readonly acceptedAdrs: ReadonlySet<string>;
  /** Known secret values; never echoed. */
  readonly secrets: readonly string[];
}

export interface ChangeFinding {
  readonly path: string;
  readonly code: ArtifactCode;
  /** Rule of the specification that refuses it. */
  readonly rule: string;
  /** 1-based line inside the file, when known. */
  readonly line: number | null;
  readonly text: string;
}

export type ChangeVerdict =
  /** `changes` in stored form: artifacts are normalised; verdict files still want their stamp. */
  | {
      readonly ok: true;
      readonly changes: readonly Change[];
      readonly warnings: readonly ChangeFinding[];
      readonly cutTagLines: number;
    }
  /** At most 50 findings; `omitted` counts the rest. Nothing of the change may be committed. */
  | { readonly ok: false; readonly findings: readonly ChangeFinding[]; readonly omitted: number };

const MAX_FINDINGS = 50;
const KIB = 1024;
/** Decided: one file beyond this is no work of an agent, whatever the sum allows. spec: agents regression 22 */
const MAX_FILE_BYTES = 2048 * KIB;
const MAX_BINARY_BYTES = 1024 * KIB;
const BINARY_GLOBS = ['png', 'jpg', 'gif', 'webp', 'ico', 'woff2', 'pdf'].map((extension) => `**/*.${extension}`);

/**
 * Judges the whole change of an agent: path form → kind → scope and protected paths → size → encoding → secrets → schema,
 * all findings collected, one decision. A path that failed one check is not asked the later ones. Pure and total.
 * spec: AG-APP-2, AG-APP-3, AR-SC-2, AR-AP-1
 */
export function judgeChange(changes: readonly Change[], context: ChangeContext): ChangeVerdict {
  if (changes.length === 0)
    return {
      ok: false,
      findings: [{ path: '', code: 'art.no_output', rule: 'AR-VAL-6', line: null, text: 'the agent changed no file' }],
      omitted: 0,
    };
  const findings: ChangeFinding[] = [];
  const warnings: ChangeFinding[] = [];
  let standing = changes;
  const check = (judge: (change: Change) => readonly ChangeFinding[]) => {
    standing = standing.filter((change) => {
      const found = judge(change);
      findings.push(...found);
      return found.length === 0;
    });
  };

  const clashes = pathClashes(changes, context.tracked);
  const seen = new Set<string>();
  check((change) => {
    const repeated = seen.has(change.path);
    seen.add(change.path);
    const clash = clashes.get(change.path);
    if (repeated) return [finding(change, 'scope.name', 'AR-SC-3', 'the path stands twice in the change')];
    if (clash !== undefined)
      return [finding(change, 'scope.name', 'AR-SC-3', `cannot stand beside ${clash} on every file system`)];
    return fromFault(change, pathFormFault(change.path));
  });
  check((change) => fromFault(change, kindFault(change)));
  const judgePath = createPathJudge(context.role, context.item, context.config);
  check((change) => {
    if (context.acceptedAdrs.has(change.path))
      return [
        finding(change, 'scope.path', 'AR-AD-1', 'an accepted ADR is never edited: write a new one that supersedes it'),
      ];
    const verdict = judgePath(change.path, change.content === null);
    return verdict.ok ? [] : [finding(change, verdict.code, verdict.rule, verdict.text)];
  });
  findings.push(...sizeFindings(changes, context));
  check((change) => sizeOfFile(change));
  check((change) => encodingFinding(change, context));
  const findSecret = createSecretFinder(context.secrets);
  check((change) => {
    if (change.content === null) return [];
    const hit = findSecret(change.content.toString(isBinary(change.content) ? 'latin1' : 'utf8'));
    return hit === null
      ? []
      : [
          {
            ...finding(change, 'art.secret', 'AG-LOG-4', `a secret (${hit.name}): remove it and rotate it`),
            line: hit.line,
          },
        ];
  });

  let cutTagLines = 0;
  const stored = new Map<string, Change>();
  check((change) => {
    const name = artifactName(context.item, change.path);
    if (
      change.content === null ||
      (name === null && change.path !== fragmentPath(context.item, context.config.docs.fragment_dir))
    )
      return [];
    const normal = name === null ? { content: change.content, cutTagLines: 0 } : normaliseArtifact(change.content);
    cutTagLines += normal.cutTagLines;
    stored.set(change.path, { ...change, content: normal.content });
    const result = name === null ? fragmentCheck(normal.content) : checkArtifact(name, normal.content, context.item);
    warnings.push(...result.warnings.map((fault) => located(change, fault)));
    return result.faults.map((fault) => located(change, fault));
  });
  if (findings.length > 0)
    return {
      ok: false,
      findings: findings.slice(0, MAX_FINDINGS),
      omitted: Math.max(0, findings.length - MAX_FINDINGS),
    };
  return { ok: true, changes: changes.map((change) => stored.get(change.path) ?? change), warnings, cutTagLines };
}

function sizeFindings(changes: readonly Change[], { item, config, tracked }: ChangeContext): ChangeFinding[] {
  const found: ChangeFinding[] = [];
  const whole = (rule: string, text: string) => found.push({ path: '', code: 'scope.size', rule, line: null, text });
  const { max_patch_files: maxFiles, max_patch_kb: maxKib } = config.agents;
  if (changes.length > maxFiles)
    whole('AG-APP-2', `${changes.length} files, at most ${maxFiles} are allowed (agents.max_patch_files)`);
  const bytes = changes.reduce((sum, { content }) => sum + (content?.length ?? 0), 0);
  if (bytes > maxKib * KIB)
    whole('AG-APP-2', `${Math.ceil(bytes / KIB)} KiB, at most ${maxKib} are allowed (agents.max_patch_kb)`);
  const folder = new Set([...tracked].filter((path) => artifactName(item, path) !== null));
  let folderBytes = 0;
  for (const { path, content } of changes) {
    if (artifactName(item, path) === null) continue;
    folderBytes += content?.length ?? 0;
    if (content === null) folder.delete(path);
    else folder.add(path);
  }
  const adrs = [...folder].filter((path) => ADR_PATTERN.test(artifactName(item, path)!)).length;
  if (folder.size > FOLDER_LIMITS.files)
    whole('AR-DIR-5', `${folder.size} files in the work item, at most ${FOLDER_LIMITS.files} are allowed`);
  if (folderBytes > FOLDER_LIMITS.bytes)
    whole(
      'AR-DIR-5',
      `${Math.ceil(folderBytes / KIB)} KiB of artifacts, at most ${FOLDER_LIMITS.bytes / KIB} are allowed`,
    );
  if (adrs > FOLDER_LIMITS.adrs) whole('AR-DIR-5', `${adrs} ADRs, at most ${FOLDER_LIMITS.adrs} are allowed`);
  return found;
}

function sizeOfFile(change: Change): ChangeFinding[] {
  const size = change.content?.length ?? 0;
  return size > MAX_FILE_BYTES
    ? [
        finding(
          change,
          'scope.size',
          'AG-APP-2',
          `${Math.ceil(size / KIB)} KiB in one file, at most ${MAX_FILE_BYTES / KIB} are allowed`,
        ),
      ]
    : [];
}

function encodingFinding(change: Change, { item, config }: ChangeContext): ChangeFinding[] {
  const { content } = change;
  if (content === null || change.kind !== 'file') return [];
  if (artifactName(item, change.path) !== null) {
    if (isUtf8Text(content)) return [];
    return [finding(change, 'art.encoding', 'AR-DIR-5', 'not UTF-8, or a NUL byte')];
  }
  if (!isBinary(content)) return [];
  if (!globMatcher([...BINARY_GLOBS, ...config.agents.binary], { nocase: true })(change.path))
    return [finding(change, 'scope.mode', 'AG-APP-2', 'a binary file of a kind that is not allowed (agents.binary)')];
  if (content.length <= MAX_BINARY_BYTES) return [];
  return [
    finding(
      change,
      'scope.mode',
      'AG-APP-2',
      `a binary file of ${Math.ceil(content.length / KIB)} KiB, at most ${MAX_BINARY_BYTES / KIB} are allowed`,
    ),
  ];
}

function isBinary(content: Buffer): boolean {
  return content.subarray(0, 8 * KIB).includes(0);
}

function isUtf8Text(content: Buffer): boolean {
  return !content.includes(0) && Buffer.from(content.toString('utf8')).equals(content);
}

function fragmentCheck(content: Buffer): {
  readonly faults: readonly ArtifactFault[];
  readonly warnings: readonly ArtifactFault[];
} {
  const read = parseFragment(content);
  return read.ok ? { faults: [], warnings: read.warnings } : { faults: [read], warnings: [] };
}

function finding(change: Change, code: ArtifactCode, rule: string, text: string): ChangeFinding {
  return { path: change.path, code, rule, line: null, text };
}

function fromFault(
  change: Change,
  fault: { readonly code: ArtifactCode; readonly rule: string; readonly text: string } | null,
): ChangeFinding[] {
  return fault === null ? [] : [finding(change, fault.code, fault.rule, fault.text)];
}

function located(change: Change, fault: ArtifactFault): ChangeFinding {
  return { path: change.path, code: fault.code, rule: 'AR-AP-1', line: fault.line, text: fault.text };
}
