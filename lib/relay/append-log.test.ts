import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMemoryFiles } from '../../tests/support/relay/memory-files.ts';
import { AppendLog } from './append-log.ts';
import { createSpoolFiles, type SpoolFiles } from './spool-files.ts';

const line = (text: string) => Buffer.from(`${text}\n`);

/** Counts fsyncs and lets the first one wait, so that what arrives meanwhile is seen to share the next. */
function slowSync(): { files: SpoolFiles; syncs: () => number; go: () => void } {
  const files = createMemoryFiles();
  let syncs = 0;
  let go = () => {};
  const gate = new Promise<void>((resolve) => {
    go = resolve;
  });
  const openAppend: SpoolFiles['openAppend'] = async (path) => {
    const handle = await files.openAppend(path);
    return {
      ...handle,
      sync: async () => {
        syncs += 1;
        await gate;
      },
    };
  };
  return { files: { ...files, openAppend }, syncs: () => syncs, go: () => go() };
}

describe('append log', () => {
  it('RL-RLY-5: appends that arrive while one fsync runs share the next one', async () => {
    const { files, syncs, go } = slowSync();
    const log = await AppendLog.open(files, '/log');
    const first = log.append(line('1'));
    await new Promise((resolve) => setImmediate(resolve));
    const rest = ['2', '3', '4', '5'].map((text) => log.append(line(text)));
    go();
    await Promise.all([first, ...rest]);
    expect(syncs()).toBe(2);
    expect((await files.read('/log'))?.toString()).toBe('1\n2\n3\n4\n5\n');
  });

  it('RL-RLY-5: nothing is resolved before its fsync', async () => {
    const { files, go } = slowSync();
    const log = await AppendLog.open(files, '/log');
    let done = false;
    const append = log.append(line('1')).then(() => {
      done = true;
    });
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(done).toBe(false);
    go();
    await append;
    expect(done).toBe(true);
  });

  it('case 5: after a failed write the file is cut back to whole lines and takes nothing more', async () => {
    const files = createMemoryFiles();
    const log = await AppendLog.open(files, '/log');
    await log.append(line('whole'));
    files.faults.room = 3;
    await expect(log.append(line('broken'))).rejects.toThrow('ENOSPC');
    files.faults.room = null;
    expect((await files.read('/log'))?.toString()).toBe('whole\n');
    expect(log.broken).toBe(true);
    await expect(log.append(line('later'))).rejects.toThrow('ENOSPC');
  });

  it('case 5: a failed fsync is a failed append, although the bytes were written', async () => {
    const files = createMemoryFiles();
    const log = await AppendLog.open(files, '/log');
    files.faults.sync = true;
    await expect(log.append(line('lost'))).rejects.toThrow('EIO');
    expect((await files.read('/log'))?.toString()).toBe('');
  });

  it('a torn rest of an earlier life is cut off when the file is opened', async () => {
    const files = createMemoryFiles(new Map([['/log', Buffer.from('whole\ntor')]]));
    const log = await AppendLog.open(files, '/log', 6);
    await log.append(line('next'));
    expect((await files.read('/log'))?.toString()).toBe('whole\nnext\n');
  });

  it('law: whatever a full disk cuts, what is resolved is in the file in order and nothing else is', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 0, max: 300 }),
        async (sizes, room) => {
          const files = createMemoryFiles();
          const log = await AppendLog.open(files, '/log');
          files.faults.room = room;
          const texts = sizes.map((size, index) => `${index}:${'x'.repeat(size)}`);
          const results = await Promise.allSettled(texts.map((text) => log.append(line(text))));
          const kept = texts.filter((_, index) => results[index]?.status === 'fulfilled');
          expect((await files.read('/log'))?.toString()).toBe(kept.map((text) => `${text}\n`).join(''));
          expect(log.size).toBe(Buffer.byteLength(kept.map((text) => `${text}\n`).join('')));
        },
      ),
    );
  });

  it('case 5: on a real full device every append is refused', async () => {
    const log = await AppendLog.open(createSpoolFiles(), '/dev/full');
    await expect(log.append(line('x'))).rejects.toMatchObject({ code: 'ENOSPC' });
    await log.close();
  });
});
