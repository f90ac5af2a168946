import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, open, readdir, readlink } from 'node:fs/promises';
import { ExternalError, errorText } from '../../base/errors.ts';

export interface FolderEntry {
  readonly name: string;
  /** False when the name is not UTF-8; then `name` is only good for showing. */
  readonly nameOk: boolean;
  readonly kind: 'folder' | 'file' | 'symlink' | 'other';
  readonly executable: boolean;
}
export interface FileContent {
  /** git's object id of the whole content. */
  readonly sha: string;
  /** The content, or its first `limit` bytes. */
  readonly content: Buffer;
}

const CHUNK = 1024 * 1024;
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Entries of a folder by name, links not followed; null = we may not read it. Throws ExternalError WORKTREE_UNREADABLE. */
export async function listFolder(path: string): Promise<FolderEntry[] | null> {
  return readable(path, async () => {
    const entries: FolderEntry[] = [];
    for (const raw of await readdir(Buffer.from(path), { encoding: 'buffer' })) {
      const name = decode(raw);
      const stats = await lstat(Buffer.concat([Buffer.from(`${path}/`), raw]));
      entries.push({
        name: name ?? raw.toString('utf8'),
        nameOk: name !== null,
        kind: stats.isDirectory() ? 'folder' : stats.isFile() ? 'file' : stats.isSymbolicLink() ? 'symlink' : 'other',
        executable: stats.isFile() && (stats.mode & 0o100) !== 0,
      });
    }
    return entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  });
}

/**
 * Object id of a file and at most `limit` bytes of it; memory stays within `limit` whatever the size is. Links are not
 * followed. null = we may not read it. Throws ExternalError WORKTREE_UNREADABLE.
 */
export async function readContent(
  path: string,
  algorithm: 'sha1' | 'sha256',
  limit: number,
): Promise<FileContent | null> {
  return readable(path, async () => {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const { size } = await file.stat();
      const hash = createHash(algorithm).update(`blob ${size}\0`);
      const kept: Buffer[] = [];
      let keptSize = 0;
      const buffer = Buffer.alloc(Math.min(Math.max(size, 1), CHUNK));
      for (;;) {
        const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
        if (bytesRead === 0) break;
        hash.update(buffer.subarray(0, bytesRead));
        const wanted = Math.min(bytesRead, limit - keptSize);
        if (wanted > 0) kept.push(Buffer.from(buffer.subarray(0, wanted)));
        keptSize += Math.max(wanted, 0);
      }
      return { sha: hash.digest('hex'), content: Buffer.concat(kept) };
    } finally {
      await file.close();
    }
  });
}

/** Object id and target of a symlink; null = the target is not UTF-8 or not readable. */
export async function readLink(path: string, algorithm: 'sha1' | 'sha256'): Promise<FileContent | null> {
  return readable(path, async () => {
    const content = await readlink(path, { encoding: 'buffer' });
    if (decode(content) === null) return null;
    return { sha: createHash(algorithm).update(`blob ${content.length}\0`).update(content).digest('hex'), content };
  });
}

function decode(bytes: Buffer): string | null {
  try {
    return strict.decode(bytes);
  } catch {
    // Not UTF-8: the caller reports the path as one that cannot travel.
    return null;
  }
}

async function readable<T>(path: string, read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (thrown) {
    const code = (thrown as NodeJS.ErrnoException).code;
    if (code === 'EACCES' || code === 'EPERM' || code === 'ELOOP') return null;
    throw new ExternalError(
      'WORKTREE_UNREADABLE',
      `${path} cannot be read: ${errorText(thrown)}`,
      { retryable: false },
      { cause: thrown },
    );
  }
}
