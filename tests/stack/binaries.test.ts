import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const run = promisify(execFile);
const main = path.join(import.meta.dirname, 'main.ts');

describe('the stack without its programs', () => {
  it('says in one line what is missing and how to get it, and leaves an empty cache', async () => {
    const cache = await mkdtemp(path.join(tmpdir(), 'conveyor-no-stack-'));
    try {
      // A PATH with nothing on it: neither gitea and act_runner nor Go.
      const env = { PATH: cache, CONVEYOR_STACK_CACHE: cache };
      const failure = await run(process.execPath, [main], { env }).then(
        () => null,
        (error: { code: number; stderr: string }) => error,
      );
      expect(failure?.code).toBe(1);
      const last = failure?.stderr.trim().split('\n').at(-1) ?? '';
      expect(last).toMatch(/^no Gitea for the tests: put gitea .* on PATH, or install Go /);
      expect(failure?.stderr).not.toContain('    at ');
      expect(await readdir(cache)).toEqual([]);
    } finally {
      await rm(cache, { recursive: true, force: true });
    }
  });
});
