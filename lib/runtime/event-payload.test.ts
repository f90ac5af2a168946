import { execFile } from 'node:child_process';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const start = promisify(execFile);
const PROGRAM = `
  const { loadEventPayload } = await import(${JSON.stringify(join(import.meta.dirname, 'event-payload.ts'))});
  process.stdout.write(JSON.stringify(await loadEventPayload()));`;

/** The payload as an action of its own sees it: the toolkit reads the environment once per process. */
async function payloadSeen(env: Readonly<Record<string, string>>): Promise<unknown> {
  const { stdout } = await start(process.execPath, ['--input-type=module', '--eval', PROGRAM], {
    env: { PATH: process.env['PATH'], ...env },
  });
  return JSON.parse(stdout);
}

describe('payload of the event', () => {
  it('is what the runner wrote', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'conveyor-payload-'));
    const path = join(folder.path, 'event.json');
    await writeFile(path, JSON.stringify({ workflow_run: { head_sha: 'a'.repeat(40) } }));
    expect(await payloadSeen({ GITHUB_EVENT_PATH: path })).toEqual({ workflow_run: { head_sha: 'a'.repeat(40) } });
  });

  it('is empty when the runner wrote none', async () => {
    expect(await payloadSeen({})).toEqual({});
  });

  it('that is not JSON is an error, not an empty event', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'conveyor-payload-'));
    const path = join(folder.path, 'event.json');
    await writeFile(path, '{"workflow_run":');
    await expect(payloadSeen({ GITHUB_EVENT_PATH: path })).rejects.toThrow(/JSON/);
  });
});
