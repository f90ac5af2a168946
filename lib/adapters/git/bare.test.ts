import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { GitPort } from '../../ports/git.ts';
import { createGit } from './bare.ts';

const execute = promisify(execFile);
const author = { name: 'Ada', email: 'ada@example.test' };
const at = new Date('2026-01-20T10:00:00Z');

async function twoClones() {
  const folder = await mkdtemp(join(tmpdir(), 'conveyor-git-'));
  const remote = join(folder, 'remote.git');
  const env = { PATH: process.env['PATH'] };
  await createGit({ dir: remote, remote: '.', token: null, env });
  const open = (name: string) => createGit({ dir: join(folder, name), remote, token: null, env });
  return {
    a: await open('a'),
    b: await open('b'),
    folder,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
const commitFile = (git: GitPort, path: string, content: string, parent: string | null) =>
  git.commit({
    base: parent,
    parents: parent === null ? [] : [parent],
    changes: [{ path, content }],
    message: `add ${path}`,
    author,
    at,
  });

describe('bare git adapter', () => {
  it('makes the same commit id for the same content, author and time', async () => {
    await using repo = await twoClones();
    expect(await commitFile(repo.a, 'x.txt', 'one\n', null)).toBe(await commitFile(repo.b, 'x.txt', 'one\n', null));
  });

  it('design §3: an atomic push of two refs with one stale lease moves neither', async () => {
    await using repo = await twoClones();
    const first = await commitFile(repo.a, 'x', '1', null);
    expect(await repo.a.push([{ ref: 'refs/heads/one', to: first, expect: null }])).toEqual({ ok: true });
    const second = await commitFile(repo.a, 'x', '2', first);
    const refused = await repo.a.push([
      { ref: 'refs/heads/one', to: second, expect: first },
      { ref: 'refs/heads/two', to: second, expect: first },
    ]);
    expect(refused).toMatchObject({ ok: false, reason: 'stale' });
    expect([...(await repo.b.listRefs('refs/heads/*'))]).toEqual([['refs/heads/one', first]]);
  });

  it('design §3: of a huge tree only the asked levels come, and what is read of the rest comes then', async () => {
    await using repo = await twoClones();
    const config = join(repo.folder, 'remote.git', 'config');
    await writeFile(config, `${await readFile(config, 'utf8')}\n[uploadpack]\n\tallowFilter = true\n`);
    const tip = await repo.a.commit({
      base: null,
      parents: [],
      changes: [
        { path: 'index/ET-1.json', content: '{}' },
        { path: '2026/01/ET-1/g1/state.json', content: 'deep' },
      ],
      message: 'archive',
      author,
      at,
    });
    await repo.a.push([{ ref: 'refs/heads/archive', to: tip, expect: null }]);
    await repo.b.fetch(['refs/heads/archive'], { blobs: false, levels: 2 });
    const missing = async () => {
      const rows = await execute('git', ['-C', repo.b.dir, 'rev-list', '--objects', '--missing=print', tip]);
      return rows.stdout.split('\n').filter((row) => row.startsWith('?')).length;
    };
    // The list of the month and the file in the index; what lies below the month is not even known of.
    expect(await missing()).toBe(2);
    expect((await repo.b.readFile(tip, '2026/01/ET-1/g1/state.json'))?.toString()).toBe('deep');
    expect(await missing()).toBe(1);
  });

  it('fetches several refs at once and answers null for a missing one', async () => {
    await using repo = await twoClones();
    const first = await commitFile(repo.a, 'x', '1', null);
    await repo.a.push([{ ref: 'refs/heads/main', to: first, expect: null }]);
    const heads = await repo.b.fetch(['refs/heads/main', 'refs/heads/conveyor/ledger']);
    expect([...heads]).toEqual([
      ['refs/heads/main', first],
      ['refs/heads/conveyor/ledger', null],
    ]);
    await repo.a.push([{ ref: 'refs/heads/main', to: null, expect: first }]);
    expect((await repo.b.fetch(['refs/heads/main'])).get('refs/heads/main')).toBeNull();
  });

  it('G-GEN 1.1: code_tree and patch_id do not see docs/work-items, and patch_id sees indentation', async () => {
    await using repo = await twoClones();
    const base = await commitFile(repo.a, 'a.ts', 'one\n', null);
    const code = await commitFile(repo.a, 'a.ts', 'one\ntwo\n', base);
    const inert = await commitFile(repo.a, 'docs/work-items/ET-1/12-review.md', 'x\n', code);
    const indented = await commitFile(repo.a, 'a.ts', 'one\n two\n', base);
    expect(await repo.a.codeTree(inert)).toBe(await repo.a.treeOf(code));
    expect(await repo.a.patchId(base, inert)).toBe(await repo.a.patchId(base, code));
    expect(await repo.a.patchId(base, indented)).not.toBe(await repo.a.patchId(base, code));
    expect(await repo.a.patchId(base, base)).toBe('empty');
  });

  it('reads, lists, diffs and exports what was committed, odd names included', async () => {
    await using repo = await twoClones();
    const base = await commitFile(repo.a, 'dir/na"me\\ é.txt', 'text\r\n', null);
    const next = await repo.a.commit({
      base,
      parents: [base],
      changes: [
        { path: 'run.sh', content: '#!/bin/sh\n', mode: '100755' },
        { path: '.gitattributes', content: '* text eol=crlf\n' },
      ],
      message: 'm',
      author,
      at,
    });
    expect((await repo.a.readFile(next, 'dir/na"me\\ é.txt'))?.toString()).toBe('text\r\n');
    expect(await repo.a.readFile(next, 'missing')).toBeNull();
    expect((await repo.a.listTree(next, '')).map((entry) => [entry.mode, entry.path])).toEqual([
      ['100644', '.gitattributes'],
      ['100644', 'dir/na"me\\ é.txt'],
      ['100755', 'run.sh'],
    ]);
    expect(await repo.a.diff(base, next)).toEqual([
      { status: 'A', path: '.gitattributes' },
      { status: 'A', path: 'run.sh' },
    ]);
    expect(await repo.a.diffSize(base, next)).toEqual({ files: 2, plus: 2, minus: 0 });
    const changed = await repo.a.commit({
      base: next,
      parents: [next],
      changes: [
        { path: 'dir/na"me\\ é.txt', content: 'a\nb\n' },
        { path: 'line\nbreak', content: Buffer.from([0, 1, 2, 10]) },
        { path: 'run.sh', content: null },
      ],
      message: 'm',
      author,
      at,
    });
    expect(await repo.a.diffSize(next, changed)).toEqual({ files: 3, plus: 2, minus: 2 });
    expect(await repo.a.diffSize(next, changed, ['dir'])).toEqual({ files: 2, plus: 0, minus: 1 });
    const out = join(repo.folder, 'out');
    await repo.a.exportTree(next, out, { without: ['dir'] });
    expect(await readFile(join(out, 'run.sh'), 'utf8')).toBe('#!/bin/sh\n');
    await expect(readFile(join(out, 'dir/na"me\\ é.txt'))).rejects.toThrow('ENOENT');
  });

  it('merge-tree tells a clean merge from a conflict', async () => {
    await using repo = await twoClones();
    const base = await commitFile(repo.a, 'a', '1\n', null);
    const left = await commitFile(repo.a, 'a', '2\n', base);
    const right = await commitFile(repo.a, 'a', '3\n', base);
    const other = await commitFile(repo.a, 'b', '3\n', base);
    expect(await repo.a.mergeTree(left, right)).toMatchObject({ clean: false, conflicts: ['a'] });
    expect(await repo.a.mergeTree(left, other)).toMatchObject({ clean: true });
    expect(await repo.a.isAncestor(base, left)).toBe(true);
    expect(await repo.a.isAncestor(left, right)).toBe(false);
    expect(await repo.a.mergeBase(left, right)).toBe(base);
    expect(await repo.a.firstParents(base, left)).toEqual([left]);
  });
});
