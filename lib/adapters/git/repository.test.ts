import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GitPort } from '../../ports/git.ts';
import { createGit } from './bare.ts';
import { createRepositoryGit } from './repository.ts';

const author = { name: 'Ada', email: 'ada@example.test' };
const at = new Date('2026-01-20T10:00:00Z');
const env = { PATH: process.env['PATH'] };

/** One repository, seen directly and through a clone. */
async function createFixture() {
  const folder = await mkdtemp(join(tmpdir(), 'conveyor-repository-'));
  const repository = join(folder, 'repository.git');
  await createGit({ dir: repository, remote: '.', token: null, env });
  const direct = await createRepositoryGit({ dir: join(folder, 'direct'), repository, env });
  const clone = await createGit({ dir: join(folder, 'clone'), remote: repository, token: null, env });
  return {
    folder,
    repository,
    direct,
    clone,
    async [Symbol.asyncDispose]() {
      await direct[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
const commit = (git: GitPort, files: Readonly<Record<string, string>>, parent: string | null = null) =>
  git.commit({
    base: parent,
    parents: parent === null ? [] : [parent],
    changes: Object.entries(files).map(([path, content]) => ({ path, content })),
    message: 'm',
    author,
    at,
  });
const MAIN = 'refs/heads/main';

describe('a repository of this machine without a clone', () => {
  it('a push moves refs of the repository itself, and everybody else sees it', async () => {
    await using fixture = await createFixture();
    const first = await commit(fixture.direct, { 'a.txt': '1' });
    expect(await fixture.direct.push([{ ref: MAIN, to: first, expect: null }])).toEqual({ ok: true });
    expect([...(await fixture.clone.fetch([MAIN, 'refs/heads/none']))]).toEqual([
      [MAIN, first],
      ['refs/heads/none', null],
    ]);
    expect([...(await fixture.direct.fetch([MAIN, 'refs/heads/none']))]).toEqual([
      [MAIN, first],
      ['refs/heads/none', null],
    ]);
    const second = await commit(fixture.clone, { 'a.txt': '2' }, first);
    await fixture.clone.push([{ ref: MAIN, to: second, expect: first }]);
    expect((await fixture.direct.fetch([MAIN])).get(MAIN)).toBe(second);
    expect((await fixture.direct.readFile(second, 'a.txt'))?.toString()).toBe('2');
  });

  it('design §3: of several refs with one stale lease none moves, whichever lease it is', async () => {
    await using fixture = await createFixture();
    const { direct } = fixture;
    const first = await commit(direct, { a: '1' });
    const second = await commit(direct, { a: '2' }, first);
    await direct.push([
      { ref: MAIN, to: first, expect: null },
      { ref: 'refs/heads/b', to: first, expect: null },
    ]);
    const refused = [
      [
        { ref: MAIN, to: second, expect: first },
        { ref: 'refs/heads/b', to: second, expect: second },
      ],
      [
        { ref: MAIN, to: second, expect: first },
        { ref: 'refs/heads/b', to: second, expect: null },
      ],
      [
        { ref: MAIN, to: second, expect: first },
        { ref: 'refs/heads/c', to: second, expect: first },
      ],
      [
        { ref: MAIN, to: null, expect: second },
        { ref: 'refs/heads/c', to: second, expect: null },
      ],
      [
        { ref: MAIN, to: second, expect: first },
        { ref: 'refs/heads/b', to: null, expect: null },
      ],
    ];
    for (const updates of refused) {
      expect(await direct.push(updates), JSON.stringify(updates)).toMatchObject({ ok: false, reason: 'stale' });
      expect([...(await direct.listRefs('refs/heads/*'))]).toEqual([
        ['refs/heads/b', first],
        [MAIN, first],
      ]);
    }
    expect(
      await direct.push([
        { ref: MAIN, to: second, expect: first },
        { ref: 'refs/heads/b', to: null, expect: first },
      ]),
    ).toEqual({ ok: true });
    expect([...(await direct.listRefs('refs/heads/*'))]).toEqual([[MAIN, second]]);
  });

  it('a ref to an object that is not there is refused, and is not called stale', async () => {
    await using fixture = await createFixture();
    expect(await fixture.direct.push([{ ref: MAIN, to: 'a'.repeat(40), expect: null }])).toMatchObject({
      ok: false,
      reason: 'refused',
    });
  });

  it('design §3: of writers that race with the same expectation exactly one wins', async () => {
    await using fixture = await createFixture();
    const first = await commit(fixture.direct, { a: '0' });
    await fixture.direct.push([{ ref: MAIN, to: first, expect: null }]);
    const writers = await Promise.all(
      [1, 2, 3, 4].map((number) => commit(fixture.direct, { a: String(number) }, first)),
    );
    const results = await Promise.all(
      writers.map((to, index) =>
        (index % 2 === 0 ? fixture.direct : fixture.clone)
          .push([{ ref: MAIN, to, expect: first }])
          .catch(() => ({ ok: false })),
      ),
    );
    expect(results.filter((result) => result.ok)).toHaveLength(1);
    const winner = (await fixture.direct.fetch([MAIN])).get(MAIN);
    expect(winner).toBe(writers[results.findIndex((result) => result.ok)]);
  });

  it('patterns of refs mean the same as in a clone', async () => {
    await using fixture = await createFixture();
    const { direct, clone } = fixture;
    const first = await commit(direct, { a: '1' });
    const refs = ['main', 'feature/ET-1-a', 'feature/ET-1/deep', 'feature/ET-12-b', 'featured'].map(
      (name) => `refs/heads/${name}`,
    );
    await direct.push(refs.map((ref) => ({ ref, to: first, expect: null })));
    for (const patterns of [
      ['refs/heads/*'],
      ['refs/heads/feature/*'],
      ['refs/heads/feature/ET-1-*'],
      ['refs/heads/main'],
      ['refs/heads/none'],
      ['refs/heads/none*'],
      ['refs/heads/main', 'refs/heads/feature/ET-12*'],
    ])
      expect([...(await direct.listRefs(...patterns))].toSorted(), patterns.join()).toEqual(
        [...(await clone.listRefs(...patterns))].toSorted(),
      );
  });

  it('law: reads through one process answer what a clone answers, code_tree and odd trees included', async () => {
    await using fixture = await createFixture();
    const { direct, clone } = fixture;
    const paths = [
      'a.txt',
      'docs/work-items/ET-1/12-review.md',
      'docs/readme.md',
      'docs/work-items.md',
      'dir/na"me\\ é.txt',
      'docs/deep/work-items/x',
      'z/.gitattributes',
    ];
    const trees = fc.uniqueArray(fc.tuple(fc.constantFrom(...paths), fc.constantFrom('', 'one\n', 'two\r\n\0')), {
      minLength: 1,
      selector: ([path]) => path,
    });
    await fc.assert(
      fc.asyncProperty(trees, async (files) => {
        const made = await commit(direct, Object.fromEntries(files));
        const head = (await direct.fetch([MAIN])).get(MAIN) ?? null;
        await direct.push([{ ref: MAIN, to: made, expect: head }]);
        await clone.fetch([MAIN], { depth: 0 });
        for (const git of [direct, clone] as const)
          expect(await git.readFiles(made, [...paths, 'missing', 'docs'])).toEqual(
            new Map(files.map(([path, content]) => [path, Buffer.from(content)])),
          );
        for (const folder of ['', 'docs', 'docs/work-items', 'docs/', 'nowhere', 'a.txt'])
          expect(await direct.listTree(made, folder), folder).toEqual(await clone.listTree(made, folder));
        const facts = async (git: GitPort) => [
          await git.treeOf(made),
          await git.codeTree(made),
          (await git.timeOf(made)).toISOString(),
          await git.parentsOf(made),
        ];
        expect(await facts(direct)).toEqual(await facts(clone));
      }),
      { numRuns: 12 },
    );
  });

  it('what is not there is an error where the port says so', async () => {
    await using fixture = await createFixture();
    const none = 'b'.repeat(40);
    for (const ask of [
      () => fixture.direct.treeOf(none),
      () => fixture.direct.listTree(none, ''),
      () => fixture.direct.timeOf(none),
      () => fixture.direct.parentsOf(none),
      () => fixture.direct.codeTree(none),
    ])
      await expect(ask()).rejects.toMatchObject({ name: 'ExternalError' });
    expect(await fixture.direct.readFile(none, 'a')).toBeNull();
  });

  it('attributes and settings of the repository take no part in what is exported, and nothing is written into it but objects', async () => {
    await using fixture = await createFixture();
    const { direct, repository, folder } = fixture;
    const before = await readdir(repository);
    const made = await commit(direct, {
      'a.txt': 'one\ntwo\n',
      '.gitattributes': '* text eol=crlf\n',
      'docs/work-items/x': 'y',
    });
    await direct.exportTree(made, join(folder, 'all'));
    await direct.exportTree(made, join(folder, 'code'), { without: ['docs/work-items'] });
    expect(await readFile(join(folder, 'all/a.txt'), 'utf8')).toBe('one\ntwo\n');
    expect((await readdir(join(folder, 'all'), { recursive: true })).toSorted()).toEqual([
      '.gitattributes',
      'a.txt',
      'docs',
      'docs/work-items',
      'docs/work-items/x',
    ]);
    expect((await readdir(join(folder, 'code'))).toSorted()).toEqual(['.gitattributes', 'a.txt']);
    expect(await readdir(repository)).toEqual(before);
  });

  it('law: a commit through processes that stay is the one that fast-import makes', { timeout: 60_000 }, async () => {
    await using fixture = await createFixture();
    const name = fc.constantFrom('a', 'b', 'docs', 'x.txt', 'ä ö', 'tab\tname', 'quote"');
    const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
    const change = fc.record({
      path,
      content: fc.option(fc.string(), { freq: 3 }),
      mode: fc.constantFrom('100644', '100755', '120000'),
    });
    const changes = fc.uniqueArray(change, {
      maxLength: 8,
      // A path that is a file and a folder in one commit is nothing that git promises an answer for.
      comparator: (a, b) => a.path === b.path || a.path.startsWith(`${b.path}/`) || b.path.startsWith(`${a.path}/`),
    });
    await fc.assert(
      fc.asyncProperty(changes, changes, fc.string(), fc.boolean(), async (first, second, message, anew) => {
        const make = async (git: GitPort) => {
          const one = await git.commit({ base: null, parents: [], changes: first, message, author, at });
          const base = anew ? null : one;
          return [one, await git.commit({ base, parents: [one], changes: second, message: 'b', author, at })];
        };
        expect(await make(fixture.direct)).toEqual(await make(fixture.clone));
      }),
      { numRuns: 60 },
    );
  });

  it('a commit on what is not there, and a path that no tree may have, are errors and write nothing', async () => {
    await using fixture = await createFixture();
    await expect(commit(fixture.direct, { a: '1' }, 'a'.repeat(40))).rejects.toMatchObject({ code: 'GIT_FAILED' });
    for (const path of ['a//b', '../a', '.git/config', 'a/.'])
      await expect(commit(fixture.direct, { [path]: '1' })).rejects.toMatchObject({ code: 'GIT_PATH' });
  });

  it('a refused push takes none of the pushes beside it with it', async () => {
    await using fixture = await createFixture();
    const { direct } = fixture;
    const first = await commit(direct, { a: '1' });
    const answers = await Promise.all(
      ['one', 'two', 'three', 'four'].map((ref, index) =>
        direct.push([{ ref: `refs/heads/${ref}`, to: first, expect: index % 2 === 0 ? null : first }]),
      ),
    );
    expect(answers.map(({ ok }) => ok)).toEqual([true, false, true, false]);
    expect([...(await direct.listRefs('refs/heads/*')).keys()]).toEqual(['refs/heads/one', 'refs/heads/three']);
  });

  it('after its end it answers nothing and starts no process', async () => {
    await using fixture = await createFixture();
    const made = await commit(fixture.direct, { a: '1' });
    await fixture.direct[Symbol.asyncDispose]();
    await expect(fixture.direct.readFile(made, 'a')).rejects.toMatchObject({ code: 'GIT_ENDED' });
  });
});
