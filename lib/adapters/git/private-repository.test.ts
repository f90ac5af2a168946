import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createGit } from './bare.ts';
import { createRepositoryGit } from './repository.ts';

const TOKEN = 'canary-token-of-the-bot';
const author = { name: 'Ada', email: 'ada@example.test' };
const at = new Date('2026-01-20T10:00:00Z');
const run = promisify(execFile);

async function exported(kind: 'clone' | 'repository') {
  const folder = await mkdtemp(join(tmpdir(), 'conveyor-private-'));
  const env = { PATH: process.env['PATH'] };
  const remote = join(folder, 'remote.git');
  await createGit({ dir: remote, remote: '.', token: null, env });
  const seed = await createGit({ dir: join(folder, 'seed.git'), remote, token: null, env });
  const first = await seed.commit({
    base: null,
    parents: [],
    changes: [
      { path: '.gitattributes', content: '* text eol=crlf ident\n' },
      { path: 'a "b".txt', content: '$Id$\n' },
    ],
    message: 'first',
    author,
    at,
  });
  const main = await seed.commit({
    base: first,
    parents: [first],
    changes: [{ path: 'main.txt', content: 'm\n' }],
    message: 'on main',
    author,
    at,
  });
  const head = await seed.commit({
    base: first,
    parents: [first],
    changes: [
      { path: 'run.sh', content: '#!/bin/sh\n', mode: '100755' },
      { path: 'link', content: 'run.sh', mode: '120000' },
    ],
    message: 'on the branch',
    author,
    at,
  });
  const secret = await seed.commit({
    base: null,
    parents: [],
    changes: [{ path: 'other', content: 'of another branch\n' }],
    message: 'other',
    author,
    at,
  });
  const pushed = await seed.push([
    { ref: 'refs/heads/main', to: main, expect: null },
    { ref: 'refs/heads/feature/ET-1-x', to: head, expect: null },
    { ref: 'refs/heads/other', to: secret, expect: null },
  ]);
  if (!pushed.ok) throw new Error(pushed.text);
  const clone =
    kind === 'repository'
      ? await createRepositoryGit({ dir: join(folder, 'own'), repository: remote, env })
      : await createGit({ dir: join(folder, 'clone.git'), remote, token: TOKEN, env });
  await clone.fetch(['refs/heads/main', 'refs/heads/feature/ET-1-x'], { depth: 0 });
  const tree = join(folder, 'tree');
  await clone.exportRepository(head, tree, { 'feature/ET-1-x': head, main });
  const git = async (...args: string[]) =>
    (
      await run('git', args, {
        cwd: tree,
        env: {
          PATH: process.env['PATH'] ?? '',
          HOME: folder,
          GIT_CONFIG_GLOBAL: '/dev/null',
          GIT_CONFIG_SYSTEM: '/dev/null',
        },
      })
    ).stdout;
  return { git, tree, head, main, secret, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

describe.each(['clone', 'repository'] as const)(
  'AG-SEC-3: work tree with a throw-away .git, made from a %s',
  (kind) => {
    it('log, diff, blame, show and status work', async () => {
      await using made = await exported(kind);
      expect(await made.git('log', '--format=%s')).toBe('on the branch\nfirst\n');
      expect(await made.git('log', '--format=%s', 'main')).toBe('on main\nfirst\n');
      expect(await made.git('branch', '--show-current')).toBe('feature/ET-1-x\n');
      expect(await made.git('status', '--porcelain')).toBe('');
      expect(await made.git('diff', '--stat', 'main...HEAD')).toContain('2 files changed');
      expect(await made.git('blame', '-s', 'run.sh')).toContain('#!/bin/sh');
      expect(await made.git('ls-files', '-s', 'run.sh', 'link')).toMatch(/^120000 .*\n100755 /);
      await writeFile(join(made.tree, 'run.sh'), '#!/bin/bash\n');
      expect(await made.git('diff', '--numstat')).toBe('1\t1\trun.sh\n');
      await made.git('fsck', '--strict');
    });

    it('the files are what was committed, whatever attributes the branch sets', async () => {
      await using made = await exported(kind);
      expect(await readFile(join(made.tree, 'a "b".txt'), 'utf8')).toBe('$Id$\n');
    });

    it('no remote, hook, credential or other branch, and no link to the repository it came from', async () => {
      await using made = await exported(kind);
      expect(await made.git('remote')).toBe('');
      expect((await made.git('config', '--list', '--local')).trim().split('\n').sort()).toEqual([
        'core.bare=false',
        'core.repositoryformatversion=0',
      ]);
      expect(await made.git('for-each-ref', '--format=%(refname)')).toBe(
        'refs/heads/feature/ET-1-x\nrefs/heads/main\n',
      );
      await expect(made.git('cat-file', '-e', made.secret)).rejects.toThrow('cat-file');
      const files = await readdir(join(made.tree, '.git'), { recursive: true, withFileTypes: true });
      expect(files.map((entry) => entry.name)).not.toEqual(expect.arrayContaining(['alternates']));
      for (const entry of files.filter((candidate) => candidate.isFile()))
        expect((await readFile(join(entry.parentPath, entry.name))).includes(TOKEN), entry.name).toBe(false);
    });
  },
);
