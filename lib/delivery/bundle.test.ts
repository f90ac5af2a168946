import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createShell } from '../adapters/shell/process.ts';
import type { BuildSpec } from './bundle.ts';
import { buildBundle, packFolder } from './bundle.ts';
import { digestFile } from './store.ts';

async function createTree() {
  const root = await mkdtemp(path.join(tmpdir(), 'conveyor-bundle-'));
  const folder = path.join(root, 'tree');
  await mkdir(path.join(folder, 'src/deep'), { recursive: true });
  await writeFile(path.join(folder, 'src/app.mjs'), 'export {};\n');
  await writeFile(path.join(folder, 'src/deep/data.bin'), Buffer.alloc(100_000, 7));
  await writeFile(path.join(folder, 'src/run.sh'), '#!/bin/sh\n');
  await chmod(path.join(folder, 'src/run.sh'), 0o700);
  const spec: BuildSpec = {
    folder,
    build: 'cp -r src "$CONVEYOR_OUTPUT"',
    output: 'dist',
    commit: 'c'.repeat(40),
    codeTree: 'd'.repeat(40),
    commitTime: new Date('2026-01-20T10:11:40Z'),
    env: { PATH: process.env['PATH'] ?? '' },
    timeoutMs: 20_000,
    graceMs: 500,
    file: path.join(root, 'out/artifact.tar.gz'),
  };
  const build = (over: Partial<BuildSpec> = {}) => buildBundle({ ...spec, ...over }, createShell());
  return { root, folder, spec, build, [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }) };
}

describe('the bundle', () => {
  it('D-ART-2: the same tree twice, at other times, with other modes and in another order, gives the same digest', async () => {
    await using one = await createTree();
    await using two = await createTree();
    const first = await one.build();
    await utimes(path.join(two.folder, 'src/app.mjs'), new Date(0), new Date(0));
    await chmod(path.join(two.folder, 'src/app.mjs'), 0o600);
    const second = await two.build({ build: 'mkdir dist; cp -r src/run.sh src/deep dist; cp src/app.mjs dist' });
    if (!first.ok || !second.ok) throw new Error('build failed');
    expect(second.digest).toBe(first.digest);
    expect(await digestFile(one.spec.file)).toBe(first.digest);
    expect((await readFile(one.spec.file)).length).toBe(first.size);
  });

  it.each([
    ['content', 'cp -r src dist; echo x >> dist/app.mjs', {}],
    ['the executable bit', 'cp -r src dist; chmod -x dist/run.sh', {}],
    ['a name', 'cp -r src dist; mv dist/app.mjs dist/api.mjs', {}],
    ['the commit time', 'cp -r src dist', { commitTime: new Date('2026-01-21T00:00:00Z') }],
  ])('another digest for a change of %s', async (_what, build, over) => {
    await using tree = await createTree();
    const first = await tree.build();
    await rm(path.join(tree.folder, 'dist'), { recursive: true });
    const second = await tree.build({ build, ...over });
    if (!first.ok || !second.ok) throw new Error('build failed');
    expect(second.digest).not.toBe(first.digest);
  });

  it('tar unpacks exactly what the build made: sorted, owner 0, time of the commit, links kept', async () => {
    await using tree = await createTree();
    expect(await tree.build({ build: 'cp -r src dist; ln -s app.mjs dist/link; mkdir dist/empty' })).toMatchObject({
      ok: true,
    });
    const rows = execFileSync('tar', ['-tvzf', tree.spec.file, '--numeric-owner', '--utc'], { encoding: 'utf8' })
      .trim()
      .split('\n');
    expect(rows.map((row) => row.replaceAll(/ +/g, ' '))).toEqual(
      [
        '-rw-r--r-- 0/0 11 2026-01-20 10:11 app.mjs',
        'drwxr-xr-x 0/0 0 2026-01-20 10:11 deep/',
        '-rw-r--r-- 0/0 100000 2026-01-20 10:11 deep/data.bin',
        'drwxr-xr-x 0/0 0 2026-01-20 10:11 empty/',
        'lrwxrwxrwx 0/0 0 2026-01-20 10:11 link -> app.mjs',
        '-rwxr-xr-x 0/0 10 2026-01-20 10:11 run.sh',
      ].map((row) => row.replace('lrwxrwxrwx', 'lrwxr-xr-x')),
    );
    const gzip = await readFile(tree.spec.file);
    expect(gzip.subarray(0, 8).toString('hex')).toBe('1f8b080000000000');
  });

  it('D-ART-1: the build sees revision, code tree and output, and only the environment that is given', async () => {
    await using tree = await createTree();
    const build = 'mkdir dist; env | grep -v -e ^PWD= -e ^SHLVL= -e ^_= -e ^PATH= -e RUN_MARK | sort > dist/env';
    expect(await tree.build({ build })).toMatchObject({ ok: true });
    expect(await readFile(path.join(tree.folder, 'dist/env'), 'utf8')).toBe(
      `CONVEYOR_CODE_TREE=${'d'.repeat(40)}\nCONVEYOR_OUTPUT=${tree.folder}/dist\nCONVEYOR_REVISION=${'c'.repeat(40)}\n`,
    );
  });

  it.each([
    ['a command that fails', 'echo broken; exit 3', 'build-failed', 'ended with 3'],
    ['D-ART-1: a path that is not tracked', 'cp -r data dist', 'build-failed', 'ended with 1'],
    ['an unset variable', 'cp $NOWHERE dist', 'build-failed', 'ended with'],
    ['a failing pipe', 'false | cat', 'build-failed', 'ended with 1'],
    ['a missing tool', 'no-such-tool-anywhere', 'build-failed', 'ended with 127'],
    ['no output', 'true', 'build-failed', 'left no output folder dist'],
    ['an empty output', 'mkdir -p dist/a/b', 'build-failed', 'is empty'],
    [
      'a link out of the output',
      'mkdir dist; ln -s /etc/passwd dist/x',
      'build-failed',
      'x is a symbolic link out of the output',
    ],
    ['a link up and out', 'mkdir -p dist/a; ln -s ../../src dist/a/x', 'build-failed', 'a/x is a symbolic link out'],
    ['a named pipe', 'mkdir dist; mkfifo dist/pipe', 'build-failed', 'pipe is neither a file'],
    ['a kill for want of memory', 'exit 137', 'infra', 'was killed'],
  ])('no artifact from %s', async (_what, build, reason, text) => {
    await using tree = await createTree();
    const result = await tree.build({ build });
    expect(result).toMatchObject({ ok: false, reason, text: expect.stringContaining(text) as string });
    expect(await readdir(tree.root)).toEqual(['tree']);
  });

  it('a build that does not end is infrastructure, not a fault of the code', async () => {
    await using tree = await createTree();
    expect(await tree.build({ build: 'exec sleep 60', timeoutMs: 200 })).toMatchObject({ ok: false, reason: 'infra' });
  });

  it('a link that stays inside is packed', async () => {
    await using tree = await createTree();
    await mkdir(path.join(tree.root, 'x/a'), { recursive: true });
    await writeFile(path.join(tree.root, 'x/file'), '');
    await symlink('../file', path.join(tree.root, 'x/a/link'));
    expect(await packFolder(path.join(tree.root, 'x'), new Date(0), path.join(tree.root, 'y'))).toMatchObject({
      ok: true,
    });
  });
});
