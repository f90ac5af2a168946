import type { Reading } from './codes.ts';
import { readDocument } from './document.ts';
import type { YamlMapping } from './strict-yaml.ts';
import { OUTLINES } from './templates.ts';

const HEADINGS = OUTLINES['01-brd.md'].parts.map(([heading]) => heading);

/** `01-brd.md`: substance is required, a missing heading warns. spec: artifacts §5 (01) */
export function parseBrd(source: Buffer | string, item: string): Reading<YamlMapping> {
  return readDocument(source, { item, name: '01-brd.md', headings: HEADINGS, substantial: true });
}
