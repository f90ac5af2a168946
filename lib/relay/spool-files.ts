import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';

/** An open append file. */
export interface AppendHandle {
  /** Bytes already in the file when it was opened. */
  readonly size: number;
  /** Writes all bytes at the end, or throws. */
  append(bytes: Uint8Array): Promise<void>;
  /** Data and size are on the disk when it resolves. */
  sync(): Promise<void>;
  truncate(size: number): Promise<void>;
  close(): Promise<void>;
}

/** The door to the spool's directory; the only place of the relay that touches files. Every failure rejects. */
export interface SpoolFiles {
  makeDirectory(path: string): Promise<void>;
  list(path: string): Promise<readonly string[]>;
  /** null when the file is not there. */
  read(path: string): Promise<Buffer | null>;
  /** Creates or opens for append, mode 0600. */
  openAppend(path: string): Promise<AppendHandle>;
  /** Durable replacement: temporary file, fsync, rename, fsync of the directory. */
  replace(path: string, bytes: Uint8Array): Promise<void>;
  /** Not durable: for copies that nobody relies on. */
  write(path: string, bytes: Uint8Array): Promise<void>;
  remove(path: string): Promise<void>;
  size(path: string): Promise<number>;
  syncDirectory(path: string): Promise<void>;
}

const PRIVATE = 0o600;

/** Real files. Directories are made 0700, files 0600: bodies carry e-mails. spec: RL-RLY-9 */
export function createSpoolFiles(): SpoolFiles {
  const syncDirectory = async (path: string) => {
    const handle = await open(path, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  };
  return {
    makeDirectory: async (path) => void (await mkdir(path, { recursive: true, mode: 0o700 })),
    list: async (path) => (await readdir(path)).toSorted(),
    read: async (path) => {
      try {
        return await readFile(path);
      } catch (thrown) {
        if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return null;
        throw thrown;
      }
    },
    openAppend: async (path) => {
      const handle = await open(path, 'a', PRIVATE);
      const { size } = await handle.stat();
      return {
        size,
        append: async (bytes) => {
          let offset = 0;
          while (offset < bytes.byteLength) {
            const { bytesWritten } = await handle.write(bytes, offset, bytes.byteLength - offset);
            offset += bytesWritten;
          }
        },
        sync: () => handle.datasync(),
        truncate: (length) => handle.truncate(length),
        close: () => handle.close(),
      };
    },
    replace: async (path, bytes) => {
      const temporary = `${path}.new`;
      const handle = await open(temporary, 'w', PRIVATE);
      try {
        await handle.writeFile(bytes);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(temporary, path);
      await syncDirectory(path.slice(0, path.lastIndexOf('/')) || '/');
    },
    write: (path, bytes) => writeFile(path, bytes, { mode: PRIVATE }),
    remove: (path) => rm(path, { force: true }),
    size: async (path) => (await stat(path)).size,
    syncDirectory,
  };
}
