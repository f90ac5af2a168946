import { appendFile, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Manifest } from './manifest.ts';
import { createDirectoryStore, digestFile } from './store.ts';

const sha = 'a'.repeat(40);

async function createStore() {
  const root = await mkdtemp(path.join(tmpdir(), 'conveyor-store-'));
  const folder = path.join(root, 'store');
  const artifact = async (
    content: string,
    createdAt = '2026-01-20T10:00:00Z',
  ): Promise<{ file: string; manifest: Manifest }> => {
    const file = path.join(root, `artifact-${content}`);
    await writeFile(file, content);
    const digest = await digestFile(file);
    const manifest: Manifest = {
      schema: 1,
      item: 'ET-1',
      kind: 'bundle',
      digest,
      size: content.length,
      commit: sha,
      tree: sha,
      code_tree: sha,
      base: sha,
      build_key: 'b'.repeat(64),
      run: 1,
      created_at: createdAt,
    };
    return { file, manifest };
  };
  return {
    root,
    folder,
    store: createDirectoryStore(folder),
    artifact,
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}

describe('the directory store', () => {
  it('D-ART-5: an artifact lies at <digest>/artifact beside its manifest, and is found by its digest', async () => {
    await using fixture = await createStore();
    const { file, manifest } = await fixture.artifact('one');
    const stored = await fixture.store.put(file, manifest);
    expect(stored.ref).toBe(path.join(fixture.folder, manifest.digest.slice(7), 'artifact'));
    expect(await fixture.store.get(manifest.digest)).toEqual({ ref: stored.ref, manifest });
    expect(await readdir(fixture.folder)).toEqual([manifest.digest.slice(7)]);
    expect(await fixture.store.get(`sha256:${'0'.repeat(64)}`)).toBeNull();
  });

  it('a digest is never overwritten: the first manifest stays', async () => {
    await using fixture = await createStore();
    const { file, manifest } = await fixture.artifact('one');
    await fixture.store.put(file, manifest);
    const again = await fixture.store.put(file, { ...manifest, item: 'ET-2' });
    expect(again.manifest.item).toBe('ET-1');
  });

  it('content that is not the digest of its manifest is refused, and nothing is left behind', async () => {
    await using fixture = await createStore();
    const { file, manifest } = await fixture.artifact('one');
    await appendFile(file, 'x');
    await expect(fixture.store.put(file, manifest)).rejects.toThrow('build it again');
    expect(await readdir(fixture.folder)).toEqual([]);
  });

  it.each([
    ['artifact', async (folder: string) => appendFile(path.join(folder, 'artifact'), 'x')],
    ['manifest', async (folder: string) => writeFile(path.join(folder, 'manifest.json'), '{')],
    ['half of its files', async (folder: string) => rm(path.join(folder, 'manifest.json'))],
  ])('D-MOD-2: %s changed or gone in the store is STORE_CORRUPT, never an artifact', async (_what, damage) => {
    await using fixture = await createStore();
    const { file, manifest } = await fixture.artifact('one');
    await fixture.store.put(file, manifest);
    await damage(path.join(fixture.folder, manifest.digest.slice(7)));
    await expect(fixture.store.get(manifest.digest)).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
    await expect(fixture.store.put(file, manifest)).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
  });

  it('a digest that would be a path is refused', async () => {
    await using fixture = await createStore();
    await expect(fixture.store.get('sha256:../../etc')).rejects.toMatchObject({ code: 'STORE_DIGEST' });
  });

  it('ten writers of one digest at once: all get it, one copy, no drafts', async () => {
    await using fixture = await createStore();
    const { file, manifest } = await fixture.artifact('one');
    const all = await Promise.all(
      Array.from({ length: 10 }, () => createDirectoryStore(fixture.folder).put(file, manifest)),
    );
    expect(new Set(all.map(({ ref }) => ref)).size).toBe(1);
    expect(await readdir(fixture.folder)).toHaveLength(1);
  });

  it('a store that cannot be read or written says where and why, and is never taken for empty', async () => {
    await using fixture = await createStore();
    const { manifest } = await fixture.artifact('one');
    const message = expect.stringContaining(fixture.folder) as string;
    await symlink(fixture.folder, fixture.folder);
    await expect(fixture.store.get(manifest.digest)).rejects.toMatchObject({ code: 'STORE_READ', message });
    await rm(fixture.folder);
    await expect(fixture.store.put(path.join(fixture.root, 'nothing'), manifest)).rejects.toMatchObject({
      code: 'STORE_WRITE',
      message,
    });
    expect(await readdir(fixture.folder)).toEqual([]);
  });

  it('D-ART-5: pruning keeps the newest, the newest per target and what is protected', async () => {
    await using fixture = await createStore();
    const digests: string[] = [];
    for (let day = 10; day < 20; day += 1) {
      const { file, manifest } = await fixture.artifact(`release ${day}`, `2026-01-${day}T00:00:00Z`);
      await fixture.store.put(file, manifest);
      digests.push(manifest.digest);
    }
    await writeFile(path.join(fixture.folder, 'note.txt'), 'of a person');
    const at = (index: number): string => digests[index] ?? '';
    const removed = await fixture.store.prune({
      keep: 2,
      deployed: [[at(3), at(2), at(1)]],
      protect: new Set([at(0)]),
    });
    expect(removed.toSorted()).toEqual([at(1), at(4), at(5), at(6), at(7)].toSorted());
    const left = await readdir(fixture.folder);
    expect(left.toSorted()).toEqual([...[0, 2, 3, 8, 9].map((index) => at(index).slice(7)), 'note.txt'].toSorted());
    expect(await readFile(path.join(fixture.folder, at(0).slice(7), 'artifact'), 'utf8')).toBe('release 10');
  });
});
