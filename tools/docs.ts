import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { generateDocuments } from '../lib/kit/documents.ts';

const top = join(import.meta.dirname, '..');
for (const [path, text] of generateDocuments()) {
  mkdirSync(dirname(join(top, path)), { recursive: true });
  writeFileSync(join(top, path), text);
}
