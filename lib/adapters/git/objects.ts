import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ExternalError } from '../../base/errors.ts';
import type { GitPort, TreeEntry } from '../../ports/git.ts';
import { renderFastImport } from './fast-import.ts';
import { exportRepository } from './private-repository.ts';
import type { RunGit } from './run.ts';

/** The part of the git port that reads and writes objects and no ref. */
export type GitObjects = Omit<GitPort, 'dir' | 'fetch' | 'listRefs' | 'push'>;

/** Objects by plumbing, the same for every kind of repository. `dir`: its folder. */
export function createGitObjects(git: RunGit, dir: string): GitObjects {
  const text = async (args: readonly string[], answers?: readonly number[]) =>
    (await git(args, answers === undefined ? {} : { answers })).stdout.toString().trim();
  const lines = async (args: readonly string[]) => (await text(args)).split('\n').filter((line) => line !== '');

  const port: GitObjects = {
    async readFile(commit, path) {
      return (await port.readFiles(commit, [path])).get(path) ?? null;
    },

    async readFiles(commit, paths) {
      if (paths.length === 0) return new Map();
      const { stdout } = await git(['cat-file', '--batch'], {
        input: paths.map((path) => `${commit}:${path}\n`).join(''),
      });
      return readBatch(stdout, paths);
    },

    async listTree(commit, folder) {
      const { stdout } = await git([
        'ls-tree',
        '-r',
        '-z',
        '--full-tree',
        commit,
        ...(folder === '' ? [] : ['--', folder]),
      ]);
      return stdout
        .toString()
        .split('\0')
        .filter((row) => row !== '')
        .map((row): TreeEntry => {
          const [meta = '', path = ''] = row.split('\t');
          const [mode = '', , sha = ''] = meta.split(' ');
          return { path, mode, sha };
        });
    },

    async commit(spec) {
      const first = spec.parents[0];
      const baseTree = spec.tree ?? (spec.base !== null && spec.base !== first ? await port.treeOf(spec.base) : null);
      const { stdout } = await git(['fast-import', '--quiet', '--force', '--done', '--date-format=raw'], {
        input: renderFastImport(spec, `refs/conveyor/scratch/${randomUUID()}`, baseTree),
      });
      return stdout.toString().trim();
    },

    treeOf: (commit) => text(['rev-parse', '--verify', '--quiet', `${commit}^{tree}`]),

    async timeOf(commit) {
      return new Date(Number(await text(['show', '--no-patch', '--format=%ct', commit])) * 1000);
    },

    async parentsOf(commit) {
      return (await text(['rev-list', '--no-walk', '--parents', commit])).split(' ').slice(1);
    },

    async codeTree(commit) {
      const without = await port.commit({
        base: commit,
        parents: [],
        changes: [{ path: 'docs/work-items', content: null }],
        message: 'code tree',
        author: { name: 'Conveyor', email: 'conveyor@conveyor.invalid' },
        at: new Date(0),
      });
      return port.treeOf(without);
    },

    async patchId(base, commit) {
      const from = (await port.mergeBase(base, commit)) ?? base;
      const patch = await git([
        'diff-tree',
        '-p',
        '-U0',
        '--no-renames',
        '--no-ext-diff',
        '--no-textconv',
        from,
        commit,
        '--',
        ':(top,exclude)docs/work-items',
      ]);
      const id = (await git(['patch-id', '--verbatim'], { input: patch.stdout })).stdout.toString().split(' ')[0] ?? '';
      return id === '' ? 'empty' : id;
    },

    async mergeBase(a, b) {
      return (await text(['merge-base', a, b], [0, 1])) || null;
    },

    async isAncestor(ancestor, of) {
      return (await git(['merge-base', '--is-ancestor', ancestor, of], { answers: [0, 1] })).code === 0;
    },

    async mergeTree(base, head) {
      const { code, stdout } = await git(
        ['merge-tree', '--write-tree', '--name-only', '--no-messages', '-z', base, head],
        { answers: [0, 1] },
      );
      const [tree = '', ...conflicts] = stdout
        .toString()
        .split('\0')
        .filter((row) => row !== '');
      if (!/^[0-9a-f]{40,64}$/.test(tree))
        throw new ExternalError('GIT_MERGE_TREE', `git merge-tree ${base} ${head} gave no tree`);
      return code === 0 ? { clean: true, tree } : { clean: false, tree, conflicts };
    },

    firstParents: (base, head) => lines(['rev-list', '--first-parent', `${base}..${head}`]),

    async diff(from, to) {
      const { stdout } = await git(['diff-tree', '-r', '-z', '--no-renames', '--name-status', from, to]);
      const parts = stdout
        .toString()
        .split('\0')
        .filter((part) => part !== '');
      return Array.from({ length: Math.floor(parts.length / 2) }, (_, index) => ({
        status: parts[index * 2] ?? '',
        path: parts[index * 2 + 1] ?? '',
      }));
    },

    async diffSize(from, to, without = []) {
      const rows = await lines([
        'diff-tree',
        '-r',
        '--numstat',
        '--no-renames',
        from,
        to,
        '--',
        ...without.map((path) => `:(top,exclude,literal)${path}`),
      ]);
      // `-` stands for the lines of a binary file.
      const sum = (column: 0 | 1) => rows.reduce((total, row) => total + (Number(row.split('\t')[column]) || 0), 0);
      return { files: rows.length, plus: sum(0), minus: sum(1) };
    },

    exportRepository: (commit, folder, branches) => exportRepository(git, dir, commit, folder, branches),

    async exportTree(treeish, folder, { without = [] } = {}) {
      await mkdir(folder, { recursive: true });
      const scratch = await mkdtemp(join(tmpdir(), 'conveyor-index-'));
      const env = { GIT_INDEX_FILE: join(scratch, 'index'), GIT_WORK_TREE: folder };
      try {
        if (without.length === 0) {
          await git(['read-tree', '--reset', '-u', treeish], { env });
          return;
        }
        await git(['read-tree', treeish], { env });
        await git(
          ['rm', '-rfq', '--cached', '--ignore-unmatch', '--', ...without.map((path) => `:(top,literal)${path}`)],
          { env },
        );
        await git(['checkout-index', '--all', '--force', `--prefix=${folder}/`], { env });
      } finally {
        await rm(scratch, { recursive: true, force: true });
      }
    },
  };
  return port;
}

function readBatch(stdout: Buffer, paths: readonly string[]): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  let offset = 0;
  for (const path of paths) {
    const end = stdout.indexOf(10, offset);
    if (end < 0) break;
    const head = stdout.subarray(offset, end).toString();
    offset = end + 1;
    const match = /^[0-9a-f]+ (\w+) (\d+)$/.exec(head);
    if (match === null) continue;
    const size = Number(match[2]);
    if (match[1] === 'blob') files.set(path, stdout.subarray(offset, offset + size));
    offset += size + 1;
  }
  return files;
}
