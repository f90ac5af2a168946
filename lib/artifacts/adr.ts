import { failed, fault, type ArtifactFault, type Reading } from './codes.ts';
import { isPlaceholderText, readDocument, normalHeading } from './document.ts';
import { parseSections } from './markdown.ts';
import { artifactName, artifactPath } from './paths.ts';
import { ADR_PATTERN } from './table.ts';
import { OUTLINES } from './templates.ts';

const HEADINGS = OUTLINES['06-adr/ADR-NNN-<slug>.md'].parts.map(([heading]) => heading);

export interface Adr {
  /** `ADR-001`, local to the work item. */
  readonly number: string;
  readonly title: string;
  readonly status: string | null;
  readonly majorChange: boolean;
}

/** One ADR of a work item; `name` is relative to its folder. Without a decision it is a skeleton. spec: artifacts §5 (06-adr) */
export function parseAdr(source: Buffer | string, item: string, name: string): Reading<Adr> {
  if (!ADR_PATTERN.test(name))
    return failed(
      'art.name',
      `${name}: expected 06-adr/ADR-001-<slug>.md with a slug of a-z, 0-9 and -, at most 60 characters`,
    );
  const read = readDocument(source, { item, name, headings: HEADINGS, substantial: true });
  if (!read.ok) return read;
  const sections = parseSections(read.body);
  const textOf = (heading: string) =>
    sections
      .find(({ title }) => normalHeading(title) === heading)
      ?.lines.join('\n')
      .trim() ?? '';
  if (isPlaceholderText(textOf('decision'))) return failed('art.skeleton', `${name} has no text under "## Decision"`);
  const status = /^(proposed|accepted|deprecated)\b/i.exec(textOf('status'))?.[1] ?? null;
  const warnings =
    status === null
      ? [...read.warnings, fault('art.unrecognised', `${name}: Status is none of Proposed, Accepted, Deprecated`)]
      : read.warnings;
  const heading = sections.find(({ level }) => level === 1)?.title ?? name;
  return {
    ok: true,
    data: {
      number: name.slice('06-adr/'.length, '06-adr/ADR-001'.length),
      title: heading.replace(/^ADR-\d{3}\s*[:.—–-]?\s*/i, ''),
      status,
      majorChange: read.data['major_change'] === 'true',
    },
    body: read.body,
    warnings,
  };
}

export interface ArchitectureOutput {
  /** Valid ADRs by path. */
  readonly adrs: ReadonlyMap<string, Adr>;
  /** 07 exists and says something. */
  readonly infra: boolean;
  /** Faults and warnings of files that were read, by path. */
  readonly faults: readonly (ArtifactFault & { readonly path: string })[];
}

/** What the architect left; the gate needs at least one valid ADR or 07. `files`: repository path → content at the head. spec: G-ARC-2 */
export function readArchitecture(files: ReadonlyMap<string, Buffer>, item: string): ArchitectureOutput {
  const adrs = new Map<string, Adr>();
  const faults: (ArtifactFault & { path: string })[] = [];
  for (const [path, content] of files) {
    const name = artifactName(item, path);
    if (name === null || !/^06-adr\/ADR-.*\.md$/.test(name)) continue;
    const read = parseAdr(content, item, name);
    if (read.ok) adrs.set(path, read.data);
    faults.push(...(read.ok ? read.warnings : [read]).map(({ code, line, text }) => ({ path, code, line, text })));
  }
  const infraPath = artifactPath(item, '07-infra-requirements.md');
  const infraFile = files.get(infraPath);
  const infra =
    infraFile === undefined
      ? null
      : readDocument(infraFile, { item, name: '07-infra-requirements.md', substantial: true });
  if (infra !== null)
    faults.push(
      ...(infra.ok ? infra.warnings : [infra]).map(({ code, line, text }) => ({ path: infraPath, code, line, text })),
    );
  return { adrs, infra: infra?.ok === true, faults };
}

/** Whether a global ADR (`docs/architecture/adr/adr-NNNN-*.md`) says that it is accepted; such a file is never edited. spec: AR-AD-1 */
export function isAcceptedAdr(content: Buffer | string): boolean {
  const text = content.toString();
  if (/^status:[ \t]*["']?accepted\b/im.test(text)) return true;
  const status = parseSections(text).find(({ title }) => normalHeading(title) === 'status');
  return status !== undefined && /^\W*accepted\b/i.test(status.lines.join('\n').trim());
}
