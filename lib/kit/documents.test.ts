import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { generateDocuments } from './documents.ts';

describe('generated documents', () => {
  it.each([...generateDocuments()].map(([path, text]) => ({ path, text })))(
    '$path is what "npm run docs" writes from the stage table',
    ({ path, text }) => {
      const file = new URL(`../../${path}`, import.meta.url);
      expect(existsSync(file), `${path} is missing: run "npm run docs"`).toBe(true);
      expect(readFileSync(file, 'utf8'), `${path} differs: run "npm run docs"`).toBe(text);
    },
  );
});
