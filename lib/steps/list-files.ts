import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** Paths of the regular files below a folder, relative to it, with /; links are not followed. */
export async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split('\\').join('/'));
}
