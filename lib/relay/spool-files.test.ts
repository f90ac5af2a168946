import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createMemoryFiles } from '../../tests/support/relay/memory-files.ts';
import { temporaryDirectory } from '../../tests/support/relay/temporary.ts';
import { createSpoolFiles } from './spool-files.ts';

describe.each([
  ['real', createSpoolFiles],
  ['memory', () => createMemoryFiles()],
] as const)('spool files: %s', (_name, create) => {
  it('appends, knows its size, cuts back and goes on', async () => {
    await using directory = temporaryDirectory();
    const files = create();
    const path = join(directory.path, 'log');
    const handle = await files.openAppend(path);
    expect(handle.size).toBe(0);
    await handle.append(Buffer.from('one\n'));
    await handle.append(Buffer.from('tw'));
    await handle.truncate(4);
    await handle.append(Buffer.from('three\n'));
    await handle.sync();
    await handle.close();
    expect((await files.read(path))?.toString()).toBe('one\nthree\n');
    expect(await files.size(path)).toBe(10);
    const again = await files.openAppend(path);
    expect(again.size).toBe(10);
    await again.append(Buffer.from('four\n'));
    await again.close();
    expect((await files.read(path))?.toString()).toBe('one\nthree\nfour\n');
  });

  it('replaces whole files, lists names in order, removes, and a missing file is null', async () => {
    await using directory = temporaryDirectory();
    const files = create();
    await files.makeDirectory(directory.path);
    await files.replace(join(directory.path, 'b'), Buffer.from('first'));
    await files.replace(join(directory.path, 'b'), Buffer.from('second'));
    await files.write(join(directory.path, 'a'), Buffer.from('x'));
    expect(await files.list(directory.path)).toEqual(['a', 'b']);
    expect((await files.read(join(directory.path, 'b')))?.toString()).toBe('second');
    await files.remove(join(directory.path, 'a'));
    await files.remove(join(directory.path, 'a'));
    expect(await files.read(join(directory.path, 'a'))).toBeNull();
    await files.syncDirectory(directory.path);
  });
});

describe('real spool files', () => {
  it('RL-RLY-9: files are 0600, whatever wrote them', async () => {
    await using directory = temporaryDirectory();
    const files = createSpoolFiles();
    const [appended, replaced, written] = ['a', 'b', 'c'].map((name) => join(directory.path, name));
    await (await files.openAppend(appended!)).close();
    await files.replace(replaced!, Buffer.from('x'));
    await files.write(written!, Buffer.from('x'));
    for (const path of [appended, replaced, written]) expect(statSync(path!).mode & 0o777).toBe(0o600);
  });

  it('case 5: a real full device refuses the append', async () => {
    const handle = await createSpoolFiles().openAppend('/dev/full');
    await expect(handle.append(Buffer.from('x'))).rejects.toMatchObject({ code: 'ENOSPC' });
    await handle.close();
  });
});
