import { fault, type ArtifactFault, type Reading } from './codes.ts';
import { readDocument } from './document.ts';
import { parseSections } from './markdown.ts';

export interface Acceptance {
  /** Criteria in order, spelt without padding: `AC-1`. */
  readonly criteria: readonly string[];
}

/** `AC-01` and `AC-1` are the same criterion. null when the text is none. */
export function criterionId(text: string): string | null {
  const match = /^AC-0*(\d{1,4})$/i.exec(text.trim());
  return match === null ? null : `AC-${Number(match[1])}`;
}

/**
 * `03-acceptance-criteria.md`: without any `## AC-<n>` it is a skeleton; a criterion without a PASS and a FAIL, and a
 * criterion given twice, warn. spec: artifacts §5 (03)
 */
export function parseAcceptance(source: Buffer | string, item: string): Reading<Acceptance> {
  const read = readDocument(source, { item, name: '03-acceptance-criteria.md', substantial: true });
  if (!read.ok) return read;
  const warnings: ArtifactFault[] = [...read.warnings];
  const criteria = new Set<string>();
  for (const section of parseSections(read.body).filter(({ level }) => level <= 3)) {
    const id = criterionId(/^AC-\d+/i.exec(section.title)?.[0] ?? '');
    if (id === null) continue;
    if (criteria.has(id)) warnings.push(fault('art.unrecognised', `${id} is given twice`, section.line));
    else criteria.add(id);
    const text = section.lines.join('\n');
    for (const word of ['PASS', 'FAIL'])
      if (!new RegExp(`\\b${word}\\b`).test(text))
        warnings.push(fault('art.unrecognised', `${id} does not say when it is a ${word}`, section.line));
  }
  if (criteria.size === 0)
    return {
      ok: false,
      ...fault('art.skeleton', '03-acceptance-criteria.md has no criterion: write `## AC-1. <title>`'),
    };
  return { ok: true, data: { criteria: [...criteria] }, body: read.body, warnings };
}
