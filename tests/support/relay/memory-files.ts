import { dirname, basename } from 'node:path';
import type { SpoolFiles } from '../../../lib/relay/spool-files.ts';

/** Faults of a disk, switched on and off by a test. */
export interface DiskFaults {
  /** Appends and replacements fail after so many further bytes, which are written; null = never. */
  room: number | null;
  /** Every fsync fails. */
  sync: boolean;
  /** Cutting a file back fails too. */
  truncate: boolean;
}

export interface MemoryFiles extends SpoolFiles {
  readonly faults: DiskFaults;
  readonly contents: Map<string, Buffer>;
}

/** A directory tree in memory with the faults of a real disk. Passes the contract of `spool-files.test.ts`. */
export function createMemoryFiles(contents = new Map<string, Buffer>()): MemoryFiles {
  const faults: DiskFaults = { room: null, sync: false, truncate: false };
  const directories = new Set<string>();
  const spend = (bytes: Uint8Array): Uint8Array => {
    if (faults.room === null) return bytes;
    const fits = bytes.subarray(0, faults.room);
    faults.room -= fits.byteLength;
    return fits;
  };
  const full = () => Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  const append = (path: string, bytes: Uint8Array) => {
    const fits = spend(bytes);
    contents.set(path, Buffer.concat([contents.get(path) ?? Buffer.alloc(0), fits]));
    if (fits.byteLength < bytes.byteLength) throw full();
  };
  const sync = () => {
    if (faults.sync) throw Object.assign(new Error('EIO: i/o error, fsync'), { code: 'EIO' });
  };
  return {
    faults,
    contents,
    makeDirectory: async (path) => void directories.add(path),
    list: async (path) =>
      [...contents.keys()]
        .filter((name) => dirname(name) === path)
        .map((name) => basename(name))
        .toSorted(),
    read: async (path) => contents.get(path) ?? null,
    openAppend: async (path) => {
      if (!contents.has(path)) contents.set(path, Buffer.alloc(0));
      return {
        size: contents.get(path)?.length ?? 0,
        append: async (bytes) => append(path, bytes),
        sync: async () => sync(),
        truncate: async (size) => {
          if (faults.truncate) throw Object.assign(new Error('EIO: i/o error, ftruncate'), { code: 'EIO' });
          contents.set(path, (contents.get(path) ?? Buffer.alloc(0)).subarray(0, size));
        },
        close: async () => {},
      };
    },
    replace: async (path, bytes) => {
      if (spend(bytes).byteLength < bytes.byteLength) throw full();
      sync();
      contents.set(path, Buffer.from(bytes));
    },
    write: async (path, bytes) => {
      if (spend(bytes).byteLength < bytes.byteLength) throw full();
      contents.set(path, Buffer.from(bytes));
    },
    remove: async (path) => void contents.delete(path),
    size: async (path) => contents.get(path)?.length ?? 0,
    syncDirectory: async () => sync(),
  };
}
