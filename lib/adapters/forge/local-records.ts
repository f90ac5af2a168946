import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommitStatus, Run } from '../../ports/forge.ts';

export interface PullRecord {
  readonly number: number;
  readonly head: string;
  readonly base: string;
  readonly title: string;
  readonly body: string;
  state: 'open' | 'closed';
  mergeCommit: string | null;
  mergedHead: string | null;
  /** `author` null = us. */
  readonly comments: {
    readonly id: number;
    readonly author: string | null;
    readonly marker: string | null;
    body: string;
  }[];
}
export interface LocalRecords {
  runs: Run[];
  statuses: Record<string, (CommitStatus & { readonly updatedAt: string })[]>;
  readonly pulls: PullRecord[];
}

/** The records of the local forge in memory, and a function that writes them whole, one write after the other. */
export async function openLocalRecords(
  folder: string,
): Promise<{ readonly records: LocalRecords; readonly save: () => Promise<void> }> {
  const file = join(folder, 'forge.json');
  await mkdir(folder, { recursive: true });
  const records: LocalRecords = await readFile(file, 'utf8').then(
    (text) => JSON.parse(text) as LocalRecords,
    () => ({ runs: [], statuses: {}, pulls: [] }),
  );
  let writing: Promise<void> = Promise.resolve();
  const save = () => {
    writing = writing.then(async () => {
      await writeFile(`${file}.new`, JSON.stringify(records));
      await rename(`${file}.new`, file);
    });
    return writing;
  };
  return { records, save };
}
