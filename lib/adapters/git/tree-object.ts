import type { GitObject } from './object-reader.ts';

/** One row of a tree object. */
export interface TreeRow {
  readonly mode: string;
  readonly name: string;
  readonly id: string;
}
export const FOLDER = '40000';

/** Rows of a tree as git stores them: `<mode> <name>\0<id>`, one after the other. */
export function parseTree({ id, content }: GitObject): TreeRow[] {
  const idBytes = id.length / 2;
  const entries: TreeRow[] = [];
  for (let start = 0; start < content.length;) {
    const blank = content.indexOf(32, start);
    const end = content.indexOf(0, blank);
    entries.push({
      mode: content.toString('latin1', start, blank),
      name: content.toString('utf8', blank + 1, end),
      id: content.toString('hex', end + 1, end + 1 + idBytes),
    });
    start = end + 1 + idBytes;
  }
  return entries;
}
