import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { GATE_CODES } from '../lib/gates/all-codes.ts';
import { fillBlock, renderCodes, renderInputs } from '../lib/gates/documentation.ts';
import { ALONE_INPUTS } from '../lib/kit/actions-gates.ts';
import { generateDocuments } from '../lib/kit/documents.ts';
import { GATES } from '../lib/pipeline/stages.ts';

const top = join(import.meta.dirname, '..');
for (const [path, text] of generateDocuments()) {
  mkdirSync(dirname(join(top, path)), { recursive: true });
  writeFileSync(join(top, path), text);
}
for (const gate of GATES) {
  const path = join(top, 'docs', 'gates', `${gate}.md`);
  const text = fillBlock(readFileSync(path, 'utf8'), 'codes', renderCodes(GATE_CODES[gate]));
  writeFileSync(path, fillBlock(text, 'inputs', renderInputs(ALONE_INPUTS[gate])));
}
