import type { Reading } from './codes.ts';
import { readDocument } from './document.ts';
import type { YamlMapping } from './strict-yaml.ts';
import { OUTLINES } from './templates.ts';

const HEADINGS = OUTLINES['02-trz.md'].parts.map(([heading]) => heading);

/** `02-trz.md`: substance is required, a missing mandatory section warns; a body "None." is legal. spec: artifacts §5 (02) */
export function parseTrz(source: Buffer | string, item: string): Reading<YamlMapping> {
  return readDocument(source, { item, name: '02-trz.md', headings: HEADINGS, substantial: true });
}
