import { execFile } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Account } from './gitea.ts';

const run = promisify(execFile);

/** A folder to copy, or path → content; `mode` is for executables. */
export type RepositoryFiles =
  | string
  | ReadonlyMap<string, string | Buffer | { readonly content: string | Buffer; readonly mode: number }>;

/** Environment for git without anything of this machine, acting as an account without its token in any argument list. */
export function gitEnv(account: Account): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    HOME: os.tmpdir(),
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_SYSTEM: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    GIT_AUTHOR_NAME: account.login,
    GIT_AUTHOR_EMAIL: `${account.login}@example.test`,
    GIT_COMMITTER_NAME: account.login,
    GIT_COMMITTER_EMAIL: `${account.login}@example.test`,
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'http.extraHeader',
    GIT_CONFIG_VALUE_0: `Authorization: Basic ${Buffer.from(`${account.login}:${account.token}`).toString('base64')}`,
  };
}

/** Pushes the files as one commit without parents to `branch` (and as `tag`); answers the commit. */
export async function pushFiles(
  account: Account,
  cloneUrl: string,
  files: RepositoryFiles,
  refs: { readonly branch: string; readonly tag?: string },
): Promise<string> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'conveyor-push-'));
  try {
    const git = async (...args: string[]) =>
      (await run('git', args, { cwd: folder, env: gitEnv(account), maxBuffer: 64 * 1024 * 1024 })).stdout.trim();
    await git('init', '--quiet', `--initial-branch=${refs.branch}`);
    writeFiles(folder, files);
    // Forced: what a folder ignores (dist/) is what the repository of the actions is made of.
    await git('add', '--all', '--force');
    await git('commit', '--quiet', '--allow-empty', '--message', 'Initial content');
    const targets = [
      `HEAD:refs/heads/${refs.branch}`,
      ...(refs.tag === undefined ? [] : [`HEAD:refs/tags/${refs.tag}`]),
    ];
    await git('push', '--quiet', '--force', cloneUrl, ...targets);
    return await git('rev-parse', 'HEAD');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function writeFiles(folder: string, files: RepositoryFiles): void {
  if (typeof files === 'string') {
    cpSync(files, folder, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (source) => !['.git', 'node_modules'].includes(path.basename(source)),
    });
    return;
  }
  for (const [name, entry] of files) {
    const file = path.join(folder, name);
    const plain = typeof entry === 'string' || Buffer.isBuffer(entry) ? { content: entry, mode: 0o644 } : entry;
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, plain.content);
    chmodSync(file, plain.mode);
  }
}
