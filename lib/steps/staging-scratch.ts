import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StagingResult } from './stage.ts';

const FILE = 'staging.json';

/** What op-stage saw, for the gate and the record step of the same job. */
export async function saveStaging(folder: string, result: StagingResult): Promise<void> {
  await writeFile(join(folder, FILE), JSON.stringify(result));
}

/** null = no earlier step of this job reached staging. */
export async function loadStaging(folder: string): Promise<StagingResult | null> {
  const text = await readFile(join(folder, FILE), 'utf8').catch(() => null);
  return text === null ? null : (JSON.parse(text) as StagingResult);
}
