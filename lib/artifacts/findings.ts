import { parseSections, type Section } from './markdown.ts';

export const SEVERITIES = ['P0', 'P1', 'P2', 'P3'] as const;
export type Severity = (typeof SEVERITIES)[number];

export interface Finding {
  readonly severity: Severity;
  /** Verbatim, with continuation lines. */
  readonly text: string;
}
export interface ReviewFindings {
  /** Open list entries, P0 first. */
  readonly items: readonly Finding[];
  /** Sections that hold sentences instead of list entries; a request for changes may say it so. */
  readonly prose: readonly Finding[];
  /** Titles of the sections as written: `P1 — Must fix`. */
  readonly titles: Readonly<Partial<Record<Severity, string>>>;
}

const NOTHING = /^[[(]*(?:-|–|—|none|no|n\/a|нет)?[.)\]]*$/iu;

/**
 * Findings of a review body: inside `## Findings` (else the whole body), sections of level 2–4 that start with P0…P3.
 * Resolved entries (`[x]`) and "none" are left out; code fences are no headings. Never throws. spec: AR-FB-2
 */
export function extractReviewFindings(body: string): ReviewFindings {
  const all = parseSections(body);
  const home = all.find((section) => section.level <= 2 && /^findings\b/i.test(section.title));
  const sections = (home === undefined ? all : parseSections(home.lines.join('\n'))).filter(
    (section) => section.level >= 2 && section.level <= 4,
  );
  const items: Finding[] = [];
  const prose: Finding[] = [];
  const titles: Partial<Record<Severity, string>> = {};
  for (const severity of SEVERITIES)
    for (const section of sections.filter((candidate) => severityOf(candidate) === severity)) {
      titles[severity] ??= section.title;
      const { entries, rest } = listEntries(ownLines(section));
      items.push(...entries.filter(isOpen).map((text) => ({ severity, text })));
      if (entries.length === 0 && !isNothing(rest)) prose.push({ severity, text: rest });
    }
  return { items, prose, titles };
}

/** Title of a finding for a list of earlier rounds: its bold start, else its first words. One line, ≤ 120 characters. */
export function findingTitle(text: string): string {
  const line = text
    .slice(0, 2000)
    .split('\n')[0]!
    .replace(/^\s*[-*+]\s+/, '')
    .replace(/^\[[ ]?\]\s*/, '');
  const bold = /^\*\*(.+?)\*\*/.exec(line)?.[1] ?? /^(.+?[^.])\.(?:\s|$)/.exec(line)?.[1] ?? line;
  const plain = bold.replaceAll('"', "'").replace(/\s+/g, ' ').trim();
  return plain.length > 120 ? `${plain.slice(0, 119)}…` : plain;
}

/**
 * What a developer must see of a test, staging or other machine report: `## Failures` or `## Findings`; else lines that
 * say FAILED, FAIL, ERROR, `not ok` and table rows with a FAIL cell; else the last 120 lines of `## Output`; else
 * `## Verdict`. '' when there is nothing of it. spec: AR-FB-3
 */
export function extractReportFindings(body: string): string {
  const sections = parseSections(body);
  const named = (...names: readonly string[]) =>
    sections.find((section) => section.level <= 3 && names.includes(section.title.toLowerCase()));
  const failures = named('failures', 'findings');
  const failureText = failures?.lines.join('\n').trim() ?? '';
  if (!isNothing(failureText.replace(/^[-*+](?=\s)/, ''))) return failureText;
  const loud = body
    .split('\n')
    .filter(
      (line) => /^\s*(?:FAILED|FAIL|ERROR|not ok)\b/.test(line) || /^\s*\|(?:.*\|)?\s*FAIL(?:ED)?\s*\|/i.test(line),
    );
  if (loud.length > 0) return loud.join('\n');
  const output = named('output')?.lines.join('\n').trim() ?? '';
  if (output !== '') return unfenced(output).split('\n').slice(-120).join('\n');
  return named('verdict')?.lines.join('\n').trim() ?? '';
}

function severityOf(section: Section): Severity | null {
  const match = /^(P[0-3])(?![\p{L}\p{N}])/u.exec(section.title);
  return match === null ? null : (match[1] as Severity);
}

/** Lines of the section itself; a deeper heading is a finding's own heading, the next P-section starts its own. */
function ownLines(section: Section): readonly string[] {
  const nested = parseSections(section.lines.join('\n')).find(
    (inner) => inner.level <= 4 && severityOf(inner) !== null,
  );
  return nested === undefined ? section.lines : section.lines.slice(0, nested.line - 1);
}

function listEntries(lines: readonly string[]): { readonly entries: readonly string[]; readonly rest: string } {
  const entries: string[][] = [];
  const rest: string[] = [];
  let fence = false;
  for (const line of lines) {
    if (/^ {0,3}(?:`{3}|~{3})/.test(line) && entries.length === 0) fence = !fence;
    if (!fence && /^ {0,1}(?:[-*+]|\d{1,3}[.)])(?:\s|$)/.test(line)) entries.push([line]);
    else if (entries.length > 0) entries.at(-1)!.push(line);
    else rest.push(line);
  }
  return { entries: entries.map((entry) => entry.join('\n').trimEnd()), rest: rest.join('\n').trim() };
}

function isOpen(entry: string): boolean {
  const text = entry
    .trimStart()
    .replace(/^(?:[-*+]|\d{1,3}[.)])/, '')
    .trimStart();
  if (/^\[[xX]\]/.test(text)) return false;
  return !isNothing(text.replace(/^\[ ?\]/, ''));
}

/** Empty, `-`, none, no, n/a, нет, with brackets or a dot. */
function isNothing(text: string): boolean {
  return NOTHING.test(text.replace(/\s+/g, '').slice(0, 20));
}

function unfenced(text: string): string {
  const lines = text.split('\n');
  const opening = /^ {0,3}(`{3,}|~{3,})/.exec(lines[0] ?? '');
  if (opening === null) return text;
  const last = lines.at(-1)?.trim() ?? '';
  return lines.slice(1, last === opening[1] ? -1 : undefined).join('\n');
}
