import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Top of the checkout. */
export const TOP = join(import.meta.dirname, '..', '..');

export interface Source {
  /** Path from the top, with slashes. */
  readonly path: string;
  readonly text: string;
}

/** Files that belong to the project: tracked, or new and not ignored. Binary files are left out. */
export function projectFiles(): readonly Source[] {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: TOP,
    encoding: 'utf8',
  });
  return [...new Set(listed.split('\0'))]
    .filter((path) => path !== '' && existsSync(join(TOP, path)))
    .map((path) => ({ path, text: readFileSync(join(TOP, path), 'utf8') }))
    .filter(({ text }) => !text.includes('\0'));
}
