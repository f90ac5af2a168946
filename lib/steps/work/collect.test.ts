import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createGit } from '../../adapters/git/bare.ts';
import { createShell } from '../../adapters/shell/process.ts';
import type { GitPort } from '../../ports/git.ts';
import type { ChangeEntry } from './change-entry.ts';
import { collectChanges, MAX_COLLECTED_BYTES } from './collect.ts';

const env = { PATH: process.env['PATH'] ?? '/usr/bin:/bin' };
const hermetic = { ...env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1', LC_ALL: 'C' };

interface Tree extends AsyncDisposable {
  readonly folder: string;
  readonly git: GitPort;
  readonly base: string;
  write(path: string, content: string | Buffer): Promise<void>;
  collect(): Promise<ChangeEntry[]>;
  /** `A path`, `M path` and so on would need the base; this is kind, path and D for a deletion. */
  summary(): Promise<string[]>;
}

const BASE: Record<string, string> = {
  '.gitignore': 'node_modules/\n*.log\n/secret.txt\n',
  'CLAUDE.md': '# passport\n',
  'src/a.ts': 'export const a = 1;\n',
  'src/b.ts': 'export const b = 2;\n',
  'src/deep/.gitignore': 'generated\n',
  'build/kept.log': 'tracked though ignored\n',
  'run.sh': '#!/bin/sh\n',
};

async function openTree(files = BASE, format = 'sha1'): Promise<Tree> {
  const root = await mkdtemp(join(tmpdir(), 'conveyor-collect-'));
  const origin = join(root, 'origin');
  const run = (...args: string[]): string =>
    execFileSync('git', args, { cwd: origin, env: hermetic }).toString().trim();
  await mkdir(origin);
  run('init', '--quiet', '--initial-branch=main', `--object-format=${format}`);
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(origin, path)), { recursive: true });
    await writeFile(join(origin, path), content);
  }
  if (files['run.sh'] !== undefined) await chmod(join(origin, 'run.sh'), 0o755);
  await symlink('src/a.ts', join(origin, 'link'));
  run('add', '--force', '.');
  run('-c', 'user.name=t', '-c', 'user.email=t@example.org', 'commit', '--quiet', '-m', 'base');
  const base = run('rev-parse', 'HEAD');
  const folder = join(root, 'tree');
  let git: GitPort;
  if (format === 'sha1') {
    git = await createGit({ dir: join(root, 'own.git'), remote: origin, token: null, env });
    await git.fetch(['refs/heads/main']);
    await git.exportTree(base, folder);
  } else {
    // Only the reading side is needed here; the adapter makes its clones with SHA-1.
    execFileSync('cp', ['-a', origin, folder]);
    const rows = run('ls-tree', '-r', '-z', base)
      .split('\0')
      .filter((row) => row !== '');
    git = {
      dir: join(origin, '.git'),
      listTree: async () =>
        rows.map((row) => ({
          mode: row.slice(0, 6),
          sha: row.split(/\s/)[2] ?? '',
          path: row.slice(row.indexOf('\t') + 1),
        })),
      readFiles: async (_commit: string, paths: readonly string[]) =>
        new Map(paths.map((path) => [path, Buffer.from(files[path] ?? '')])),
    } as Partial<GitPort> as GitPort;
  }
  const tree: Tree = {
    folder,
    git,
    base,
    async write(path, content) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), content);
    },
    collect: () => collectChanges({ git, shell: createShell(), env, baseCommit: base, folder }),
    summary: async () =>
      (await tree.collect()).map(
        (entry) => `${entry.content === null ? 'D' : entry.kind} ${entry.path}${entry.executable ? ' x' : ''}`,
      ),
    [Symbol.asyncDispose]: async () => {
      execFileSync('chmod', ['-R', 'u+rwX', root]);
      await rm(root, { recursive: true, force: true });
    },
  };
  return tree;
}

describe('what an agent changed', () => {
  it.each(['sha1', 'sha256'])('AG-APP-1: an exported tree without a change has none (%s)', async (format) => {
    await using tree = await openTree(BASE, format);
    expect(await tree.collect()).toEqual([]);
  });

  it('AG-APP-1: added, modified, deleted, mode, link; a rename is a deletion and an addition', async () => {
    await using tree = await openTree();
    await tree.write('src/a.ts', 'export const a = 3;\n');
    await rename(join(tree.folder, 'src/b.ts'), join(tree.folder, 'src/c.ts'));
    await tree.write('docs/new page.md', 'žluť\n');
    await chmod(join(tree.folder, 'run.sh'), 0o644);
    await chmod(join(tree.folder, 'CLAUDE.md'), 0o755);
    await rm(join(tree.folder, 'link'));
    await symlink('../outside', join(tree.folder, 'link'));
    expect(await tree.collect()).toEqual([
      { path: 'CLAUDE.md', kind: 'file', executable: true, content: Buffer.from('# passport\n') },
      { path: 'docs/new page.md', kind: 'file', executable: false, content: Buffer.from('žluť\n') },
      {
        path: 'link',
        kind: 'symlink',
        executable: false,
        content: Buffer.from('../outside'),
        linkTarget: '../outside',
      },
      { path: 'run.sh', kind: 'file', executable: false, content: Buffer.from('#!/bin/sh\n') },
      { path: 'src/a.ts', kind: 'file', executable: false, content: Buffer.from('export const a = 3;\n') },
      { path: 'src/b.ts', kind: 'file', executable: false, content: null },
      { path: 'src/c.ts', kind: 'file', executable: false, content: Buffer.from('export const b = 2;\n') },
    ]);
  });

  it('touching a file or an empty folder is no change', async () => {
    await using tree = await openTree();
    await tree.write('src/a.ts', BASE['src/a.ts'] ?? '');
    await mkdir(join(tree.folder, 'empty/deeper'), { recursive: true });
    expect(await tree.collect()).toEqual([]);
  });

  it('AG-APP-1: ignored files do not travel, by the recorded rules or by the tree’s own; tracked ones always do', async () => {
    await using tree = await openTree();
    await tree.write('node_modules/x/index.js', '1');
    await tree.write('trace.log', '1');
    await tree.write('src/deep/generated', '1');
    await tree.write('secret.txt', '1');
    await tree.write('src/secret.txt', 'only the one at the top is ignored');
    await tree.write('build/kept.log', 'changed\n');
    await tree.write('build/other.log', '1');
    await tree.write('.gitignore', 'scratch/\n');
    await tree.write('scratch/a', '1');
    await tree.write(':(glob)*.log', 'a name, not a question');
    await tree.write('[ab]*?.txt', 'a name as well');
    await tree.write('scratchpad', 'not a folder of that name');
    // The agent's own rules cannot un-ignore what the recorded ones ignore.
    await tree.write('src/.gitignore', '!*.log\n');
    await tree.write('src/b.log', '1');
    expect(await tree.summary()).toEqual([
      'file .gitignore',
      'file [ab]*?.txt',
      'file build/kept.log',
      'file scratchpad',
      'file src/.gitignore',
      'file src/secret.txt',
    ]);
  });

  it('a rule that lets through only some files keeps those below folders', async () => {
    await using tree = await openTree({ '.gitignore': '/data/*\n!/data/*/\n/data/*/*\n!*.md\n' });
    await tree.write('data/sub/keep.md', '1');
    await tree.write('data/sub/drop.bin', '1');
    expect(await tree.summary()).toEqual(['file data/sub/keep.md']);
  });

  it('a folder that becomes a file, a file that becomes a folder, a folder that becomes a link', async () => {
    await using tree = await openTree();
    await rm(join(tree.folder, 'src'), { recursive: true });
    await symlink('/etc', join(tree.folder, 'src'));
    await rm(join(tree.folder, 'run.sh'));
    await tree.write('run.sh/inner', '1');
    await rm(join(tree.folder, 'build'), { recursive: true });
    await tree.write('build', '1');
    expect(await tree.summary()).toEqual([
      'file build',
      'D build/kept.log',
      'D run.sh x',
      'file run.sh/inner',
      'symlink src',
      'D src/a.ts',
      'D src/b.ts',
      'D src/deep/.gitignore',
    ]);
  });
});

describe('what cannot travel is said, never followed', () => {
  it('AG-APP-1: the tree’s own .git is not read and not executed', async () => {
    await using tree = await openTree();
    await tree.write(
      '.git/config',
      `[core]\n\tfsmonitor = touch ${tree.folder}/executed\n\thooksPath = ${tree.folder}/hooks\n[filter "x"]\n\tclean = touch ${tree.folder}/executed\n`,
    );
    await tree.write('.git/HEAD', 'ref: refs/heads/main\n');
    await tree.write('.git/info/exclude', '*\n');
    await tree.write('hooks/post-index-change', '#!/bin/sh\ntouch executed\n');
    await tree.write('.gitattributes', '* filter=x\n');
    expect(await tree.summary()).toEqual(['file .gitattributes', 'file hooks/post-index-change']);
  });

  it('AG-APP-2: a repository inside the tree is a submodule, ignored ones are not', async () => {
    await using tree = await openTree();
    await tree.write('vendor/lib/.git/HEAD', 'ref: refs/heads/main\n');
    await tree.write('vendor/lib/code.c', '1');
    await tree.write('node_modules/y/.git/HEAD', 'ref: refs/heads/main\n');
    await tree.write('src/deep/.git', 'gitdir: /etc\n');
    expect(await tree.summary()).toEqual(['submodule src/deep', 'D src/deep/.gitignore', 'submodule vendor/lib']);
  });

  it('AG-APP-2: sockets, pipes and devices are named as other', async () => {
    await using tree = await openTree();
    execFileSync('sh', ['-c', 'mkfifo "$0"', join(tree.folder, 'pipe')]);
    expect(await tree.summary()).toEqual(['other pipe']);
  });

  it('a pipe as ignore file does not make git wait for ever', async () => {
    await using tree = await openTree();
    await tree.write('src/a.ts', 'changed');
    await mkdir(join(tree.folder, 'trap'));
    execFileSync('sh', ['-c', 'mkfifo "$0"', join(tree.folder, 'trap/.gitignore')]);
    await tree.write('trap/file', '1');
    expect(await tree.summary()).toEqual(['other trap/.gitignore']);
  });

  it.skipIf(process.platform !== 'linux')('a name that is not UTF-8 is refused, not lost', async () => {
    await using tree = await openTree();
    await writeFile(Buffer.concat([Buffer.from(`${tree.folder}/bad-`), Buffer.from([0xff, 0xfe])]), '1');
    expect((await tree.collect()).map((entry) => entry.kind)).toEqual(['other']);
  });

  it('what we may not read is other, never unchanged; root may read everything', async () => {
    await using tree = await openTree();
    await tree.write('src/a.ts', 'changed');
    await chmod(join(tree.folder, 'src/a.ts'), 0o000);
    await chmod(join(tree.folder, 'build'), 0o000);
    const root = process.getuid?.() === 0;
    expect(await tree.summary()).toEqual(
      root ? ['file src/a.ts'] : ['other build', 'D build/kept.log', 'other src/a.ts'],
    );
  });

  it('content larger than every limit is cut, so that it cannot fill the memory and is still refused for its size', async () => {
    await using tree = await openTree();
    await tree.write('a.bin', '');
    await truncate(join(tree.folder, 'a.bin'), MAX_COLLECTED_BYTES + 5_000_000);
    await tree.write('b.txt', 'after');
    const sizes = (await tree.collect()).map((entry) => [entry.path, entry.content?.length]);
    expect(sizes).toEqual([
      ['a.bin', MAX_COLLECTED_BYTES],
      ['b.txt', 0],
    ]);
  });

  it('a folder that is not there is an error, not an empty tree', async () => {
    await using tree = await openTree();
    await rm(tree.folder, { recursive: true });
    await expect(tree.collect()).rejects.toMatchObject({ name: 'ExternalError', code: 'WORKTREE_UNREADABLE' });
  });

  it('a failing git is an error, not “nothing is ignored”', async () => {
    await using tree = await openTree();
    await tree.write('new', '1');
    const broken = { ...tree.git, dir: join(tree.folder, 'nowhere') };
    const run = collectChanges({ git: broken, shell: createShell(), env, baseCommit: tree.base, folder: tree.folder });
    await expect(run).rejects.toMatchObject({ name: 'ExternalError', code: 'GIT_FAILED' });
  });
});
