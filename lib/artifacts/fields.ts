import { z } from 'zod';
import { parseUtc } from '../base/time.ts';
import { parseWorkItemId, sameWorkItem } from '../base/ids.ts';
import { failed, fault, type ArtifactFault, type Reading } from './codes.ts';
import { parseFrontmatter, MAX_FILE_BYTES } from './frontmatter.ts';
import type { YamlMapping, YamlValue } from './strict-yaml.ts';

/** Trimmed, a–z upper-cased and nothing else: `ſUCCESS` must not become SUCCESS. spec: AR-FM-8 */
export function machineWord(text: string): string {
  return text.trim().replace(/[a-z]+/g, (letters) => letters.toUpperCase());
}

/** One of the given upper-case words, in any ASCII case. spec: AR-FM-8 */
export function word<const Words extends readonly string[]>(...words: Words) {
  return z.string().transform((raw, context): Words[number] => {
    const found = words.find((candidate) => candidate === machineWord(raw));
    if (found === undefined) context.addIssue({ code: 'custom', message: `one of ${words.join(', ')}` });
    return found ?? z.NEVER;
  });
}

const text = (pattern: RegExp, expected: string) => z.string().trim().regex(pattern, expected);
const number = (schema: z.ZodString) => schema.transform(Number);

/** A whole number ≥ 0 of at most 9 digits. */
export const Count = number(text(/^\d{1,9}$/, 'a whole number'));
export const Round = number(text(/^[1-9]\d{0,8}$/, 'a whole number from 1'));
export const ExitCode = number(text(/^-?\d{1,10}$/, 'a whole number'));
export const RunId = number(text(/^\d{1,15}$/, 'the number of a run'));
export const Flag = text(/^(true|false)$/, 'true or false').transform((value) => value === 'true');
export const ItemId = z
  .string()
  .trim()
  .refine((value) => parseWorkItemId(value) !== null, 'an id such as ET-12');
export const CommitHash = text(/^[0-9a-f]{40}$|^[0-9a-f]{64}$/, 'a full commit hash');
export const PatchId = text(/^[0-9a-f]{40}$|^[0-9a-f]{64}$|^empty$/, 'a patch id');
export const Digest = text(/^sha256:[0-9a-f]{64}$/, 'sha256: and 64 hex digits');
export const UtcTime = z
  .string()
  .trim()
  .refine((value) => parseUtc(value) !== null, 'a UTC time such as 2026-06-05T12:47:48Z');
export const Line = z.string().max(4096);

export const WRITERS = [
  'analyst',
  'architect',
  'developer',
  'reviewer',
  'test-runner',
  'staging-runner',
  'deploy-finalizer',
] as const;
export type Writer = (typeof WRITERS)[number];

/** Keys that the pipeline sets, whatever stood there. spec: AR-FM-12 */
export const Stamp = z.object({
  work_item_id: ItemId,
  commit: CommitHash,
  run_id: RunId,
  written_by: z.enum(WRITERS),
  timestamp: UtcTime,
});
export type Stamp = z.infer<typeof Stamp>;
const STAMPED = new Set(['type', 'version', 'pass', 'patch_id', 'code_tree', ...Object.keys(Stamp.shape)]);

/** The value as it stands in the file, with the code points of letters that only look like ASCII. ≤ 60 characters of it. */
export function shown(value: YamlValue | undefined): string {
  if (value === undefined) return 'nothing';
  if (typeof value !== 'string') return Array.isArray(value) ? 'a list' : 'a mapping';
  const cut = Array.from(value);
  const letters = [...new Set(cut.filter((letter) => /\p{L}/u.test(letter) && letter > '\x7f'))].slice(0, 5);
  const points = letters.map((letter) => `U+${letter.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`);
  const quoted = JSON.stringify(cut.slice(0, 60).join('') + (cut.length > 60 ? '…' : ''));
  return points.length === 0 ? quoted : `${quoted} (with ${points.join(', ')})`;
}

/** Another item's id or another artifact's type, or null. Absent keys are fine. `work_item` is the legacy name. spec: AR-FM-7, AR-FM-12 */
export function identityFault(
  data: YamlMapping,
  expected: { readonly item: string; readonly type: string },
): ArtifactFault | null {
  const id = data['work_item_id'] ?? data['work_item'];
  if (id !== undefined && !(typeof id === 'string' && sameWorkItem(id.trim(), expected.item)))
    return fault('art.foreign', `work_item_id is ${shown(id)}, expected ${expected.item}`);
  const type = data['type'];
  if (type !== undefined && !(typeof type === 'string' && type.trim() === expected.type))
    return fault('art.wrong_type', `type is ${shown(type)}, expected ${expected.type}`);
  return null;
}

export interface VerdictFileRules<Schema extends z.ZodObject> {
  readonly item: string;
  readonly type: string;
  /** Keys of which one must be there. */
  readonly verdictKeys: readonly string[];
  readonly schema: Schema;
}

/**
 * Reads a file whose frontmatter decides something: size, frontmatter, identity, verdict key, then every known key.
 * Unknown keys are ignored. A missing stamped key is `art.stale`: nothing proves what the file was made for.
 */
export function readVerdictFile<Schema extends z.ZodObject>(
  source: Buffer | string,
  rules: VerdictFileRules<Schema>,
): Reading<z.infer<Schema>> & { readonly raw?: YamlMapping } {
  const size = Buffer.byteLength(source);
  if (size > MAX_FILE_BYTES) return failed('art.too_large', `${size} bytes, at most ${MAX_FILE_BYTES} are allowed`);
  const parsed = parseFrontmatter(source);
  if (!parsed.ok) return failed(parsed.code, parsed.message, parsed.line);
  const identity = identityFault(parsed.data, rules);
  if (identity !== null) return { ok: false, ...identity };
  const known = new Set([...Object.keys(rules.schema.shape), ...rules.verdictKeys]);
  const misspelt = Object.keys(parsed.data).find((key) => !known.has(key) && known.has(key.toLowerCase()));
  if (rules.verdictKeys.every((key) => isBlank(parsed.data[key]))) {
    const hint = misspelt === undefined ? '' : `found \`${misspelt}\`, `;
    return failed('art.no_verdict', `${hint}expected \`${rules.verdictKeys.join('` or `')}\``);
  }
  if (misspelt !== undefined)
    return failed('art.unrecognised', `found \`${misspelt}\`, expected \`${misspelt.toLowerCase()}\``);
  const result = rules.schema.safeParse(parsed.data);
  if (result.success) return { ok: true, data: result.data, body: parsed.body, warnings: [], raw: parsed.data };
  const issue = result.error.issues[0]!;
  const key = issue.path.map(String).join('.');
  const value = issue.path.reduce<YamlValue | undefined>(
    (at, part) => (at as YamlMapping | undefined)?.[String(part)],
    parsed.data,
  );
  if (value === undefined && STAMPED.has(key))
    return failed('art.stale', `the key \`${key}\`, which the pipeline sets, is missing`);
  const expected =
    issue.code === 'custom' || issue.code === 'invalid_format' ? issue.message : `a valid value (${issue.message})`;
  return failed('art.unrecognised', `${key} is ${shown(value)}, expected ${expected}`);
}

function isBlank(value: YamlValue | undefined): boolean {
  return value === undefined || (typeof value === 'string' && value.trim() === '');
}

/** What a report was made for, as far as it says so; compared key by key. */
export interface ReportSubject {
  readonly version?: number;
  readonly pass?: number;
  readonly commit?: string;
  readonly digest?: string | undefined;
  readonly code_tree?: string;
  readonly patch_id?: string;
}

/** `art.stale` when the report names another round, commit, digest, tree or patch than expected; else null. spec: AR-VAL-3, G-GEN-15 */
export function staleFault(report: ReportSubject, expected: ReportSubject): ArtifactFault | null {
  for (const key of ['version', 'pass', 'commit', 'digest', 'code_tree', 'patch_id'] as const)
    if (expected[key] !== undefined && report[key] !== expected[key])
      return fault('art.stale', `${key} is ${report[key] ?? 'missing'}, expected ${expected[key]}`);
  return null;
}
