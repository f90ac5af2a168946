import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';

/** Issue numbers of archived items begin here, far from those of live ones. */
const FIRST = 100_000;
/** Items that end in one month. */
const A_MONTH = 500;

/** An id that the archive of `items` has. */
export const archivedId = (number: number): string => `ET-${FIRST + number}`;

function* archiveStream(items: number): Generator<string> {
  yield 'feature done\ncommit refs/heads/conveyor/archive\ncommitter Bench <bench@conveyor.invalid> 1700000000 +0000\ndata 7\narchive\n';
  const file = (path: string, content: string) =>
    `M 100644 inline ${path}\ndata ${Buffer.byteLength(content)}\n${content}\n`;
  for (let number = 0; number < items; number += 1) {
    const id = archivedId(number);
    const month = Math.floor(number / A_MONTH);
    const path = `${2020 + Math.floor(month / 12)}/${String((month % 12) + 1).padStart(2, '0')}/${id}/g1`;
    // As long as those of a real life, and no two alike.
    const noise = createHash('sha256').update(id).digest('hex');
    yield file(`${path}/state.json`, JSON.stringify({ id, gen: 1, stage: 'done', noise, text: noise.repeat(40) }));
    yield file(`${path}/journal.ndjson`, `${JSON.stringify({ seq: 1, event: noise })}\n`.repeat(30));
    const index = { id, issue: noise, gen: 1, stage: 'done', seen: null, path };
    yield file(`index/${id}.json`, JSON.stringify(index));
  }
  yield 'done\n';
}

/** Writes the archive branch with that many items into a bare repository, by one fast-import; 0 = no branch at all. */
export async function writeArchive(repository: string, items: number): Promise<void> {
  if (items === 0) return;
  const env = { PATH: process.env['PATH'] ?? '', GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };
  const child = spawn('git', ['-C', repository, 'fast-import', '--quiet', '--done'], {
    env,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  for (const part of archiveStream(items))
    if (!child.stdin.write(part)) await new Promise((resolve) => child.stdin.once('drain', resolve));
  child.stdin.end();
  const code = await ended;
  if (code !== 0) throw new Error(`git fast-import of ${items} archived items ended with ${code}`);
}
