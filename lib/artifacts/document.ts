import { failed, fault, type ArtifactFault, type Reading } from './codes.ts';
import { identityFault, shown } from './fields.ts';
import { decodeText, parseFrontmatter } from './frontmatter.ts';
import { parseSections, proseOf } from './markdown.ts';
import type { YamlMapping } from './strict-yaml.ts';
import { templateOf } from './templates.ts';
import { artifactRow } from './table.ts';

/** Fewest non-blank characters outside headings in 01–03, ADRs and 07. spec: AR-VAL-6 (art.empty) */
const MIN_TEXT = 80;

export interface DocumentRules {
  readonly item: string;
  /** Name in the folder, e.g. `02-trz.md`. */
  readonly name: string;
  /** Headings that should be there, compared without case, numbering and punctuation at the end. */
  readonly headings?: readonly string[];
  /** true: fewer than 80 characters of text are `art.empty`. */
  readonly substantial?: boolean;
}

/**
 * Reads a document for people: size, encoding, another item's id and missing substance are faults; an unreadable
 * frontmatter and missing headings only warn. Frontmatter is optional. spec: AR-FM-13, artifacts §3
 */
export function readDocument(source: Buffer | string, rules: DocumentRules): Reading<YamlMapping> {
  const row = artifactRow(rules.name);
  if (row === null) return failed('art.name', `${rules.name} is not the name of an artifact`);
  const size = Buffer.byteLength(source);
  if (size > row.maxBytes) return failed('art.too_large', `${size} bytes, at most ${row.maxBytes} are allowed`);
  const decoded = decodeText(source);
  if (!decoded.ok) return decoded;
  const text = decoded.text.replaceAll('\r\n', '\n');
  const parsed = parseFrontmatter(text);
  const warnings: ArtifactFault[] = [];
  let data: YamlMapping = {};
  let body = text;
  if (parsed.ok) {
    ({ data, body } = parsed);
    const identity = identityFault(data, { item: rules.item, type: row.type });
    if (identity !== null) return { ok: false, ...identity };
    warnings.push(...documentKeyWarnings(data));
  } else if (parsed.code !== 'fm.absent') warnings.push(fault(parsed.code, parsed.message, parsed.line));

  const substance = substanceFault(body, rules);
  if (substance !== null) return { ok: false, ...substance };
  const present = new Set(parseSections(body).map((section) => normalHeading(section.title)));
  for (const heading of rules.headings ?? [])
    if (!present.has(normalHeading(heading)))
      warnings.push(fault('art.unrecognised', `the heading "${heading}" is missing`));
  return { ok: true, data, body, warnings };
}

/** `art.empty`: no text or too little; `art.skeleton`: the template, or nothing but headings, TBD, … and <…>. */
export function substanceFault(
  body: string,
  rules: Pick<DocumentRules, 'name' | 'item' | 'substantial'>,
): ArtifactFault | null {
  if (body.trim() === '') return fault('art.empty', `${rules.name} is empty`);
  const template = templateOf(rules.name, rules.item);
  if (template !== null && squeeze(body) === squeeze(template))
    return fault('art.skeleton', `${rules.name} is the unedited template`);
  const prose = proseOf(body);
  if (isPlaceholderText(prose)) return fault('art.skeleton', `${rules.name} has nothing but headings and placeholders`);
  const length = prose.replace(/\s+/g, '').length;
  if (rules.substantial === true && length < MIN_TEXT)
    return fault('art.empty', `${rules.name} has ${length} characters of text, at least ${MIN_TEXT} are needed`);
  return null;
}

/** The heading without case, numbering (`2.`) and trailing punctuation; 200 characters of it. */
export function normalHeading(title: string): string {
  return title
    .slice(0, 200)
    .toLowerCase()
    .replace(/^\d+(?:\.\d+)*[.)]?\s+/, '')
    .replace(/[\s:.*_]+$/g, '')
    .replace(/^[*_]+/g, '');
}

/** Whether a text is nothing but placeholders: `TBD`, `…`, `<…>`, marks of lists and tables. */
export function isPlaceholderText(prose: string): boolean {
  const rest = prose.replace(/<[^<>\n]*>/g, '').replace(/\bTBD\b/gi, '');
  return !/[\p{L}\p{N}]/u.test(rest.replace(/^[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+/gm, ''));
}

function squeeze(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

function documentKeyWarnings(data: YamlMapping): ArtifactFault[] {
  const warnings: ArtifactFault[] = [];
  const { status, revision } = data;
  if (revision !== undefined && !(typeof revision === 'string' && /^[1-9]\d{0,5}$/.test(revision.trim())))
    warnings.push(fault('art.unrecognised', `revision is ${shown(revision)}, expected a whole number from 1`));
  if (
    status !== undefined &&
    !(typeof status === 'string' && /^(?:draft|final|proposed|accepted|deprecated)$/i.test(status.trim()))
  )
    warnings.push(fault('art.unrecognised', `status is ${shown(status)}, expected draft or final`));
  return warnings;
}
