import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, lstat, mkdir, open, readFile, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { errorText, ExternalError } from '../base/errors.ts';
import type { Manifest } from './manifest.ts';
import { Digest, parseManifest, renderManifest } from './manifest.ts';

export interface StoredArtifact {
  /** Absolute path of the artifact on the target (CONVEYOR_ARTIFACT_REF). */
  readonly ref: string;
  readonly manifest: Manifest;
}
/** Which artifacts stay. */
export interface Retention {
  /** Newest digests kept per target, 2–50. */
  readonly keep: number;
  /** Per target the digests that it got, newest first. */
  readonly deployed: readonly (readonly string[])[];
  /** Digests of live delivery records, and current and previous of each target. */
  readonly protect: ReadonlySet<string>;
}
/** Immutable artifacts by digest. Throws `ExternalError` (STORE_…). */
export interface ArtifactStore {
  /** Takes a copy of a file. Its content must be the manifest's digest; a digest that is there already is not touched. */
  put(file: string, manifest: Manifest): Promise<StoredArtifact>;
  /** null = not there. What is there is hashed again; other content is STORE_CORRUPT. */
  get(digest: string): Promise<StoredArtifact | null>;
  /** Removes what no rule keeps and answers the removed digests. spec: D-ART-5 */
  prune(retention: Retention): Promise<readonly string[]>;
}

/** sha256:… of a file's content. */
export async function digestFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return `sha256:${hash.digest('hex')}`;
}

/** A store that is a folder on the target: `<root>/<digest hex>/{artifact,manifest.json}`. spec: D-ART-5 */
export function createDirectoryStore(root: string): ArtifactStore {
  const folderOf = (digest: string): string => {
    if (!Digest.safeParse(digest).success)
      throw new ExternalError('STORE_DIGEST', `"${digest}" is not a digest: expected sha256:<64 hex>`, {
        retryable: false,
      });
    return path.join(root, digest.slice('sha256:'.length));
  };

  const get = async (digest: string): Promise<StoredArtifact | null> => {
    const folder = folderOf(digest);
    try {
      await lstat(folder);
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw new ExternalError(
        'STORE_READ',
        `cannot read the store ${root}: ${errorText(thrown)}`,
        { retryable: true },
        { cause: thrown },
      );
    }
    const ref = path.join(folder, 'artifact');
    const [found, bytes] = await Promise.all([digestFile(ref), readFile(path.join(folder, 'manifest.json'))]).catch(
      (thrown: unknown) => {
        throw corrupt(digest, errorText(thrown));
      },
    );
    if (found !== digest) throw corrupt(digest, `its content is ${found}`);
    const parsed = parseManifest(bytes);
    if (!parsed.ok) throw corrupt(digest, parsed.text);
    if (parsed.manifest.digest !== digest) throw corrupt(digest, `its manifest says ${parsed.manifest.digest}`);
    return { ref, manifest: parsed.manifest };
  };

  const put = async (file: string, manifest: Manifest): Promise<StoredArtifact> => {
    const folder = folderOf(manifest.digest);
    const there = await get(manifest.digest);
    if (there !== null) return there;
    const draft = path.join(root, `.draft-${randomUUID()}`);
    try {
      await mkdir(draft, { recursive: true });
      await copyFile(file, path.join(draft, 'artifact'));
      const found = await digestFile(path.join(draft, 'artifact'));
      if (found !== manifest.digest)
        throw new ExternalError(
          'STORE_DIGEST',
          `the artifact is ${found}, its manifest says ${manifest.digest}: build it again`,
          { retryable: false },
        );
      await writeSynced(path.join(draft, 'manifest.json'), renderManifest(manifest));
      await syncPath(path.join(draft, 'artifact'));
      await moveUnlessThere(draft, folder);
      await syncPath(root);
    } catch (thrown) {
      throw thrown instanceof ExternalError
        ? thrown
        : new ExternalError(
            'STORE_WRITE',
            `cannot store the artifact below ${root}: ${errorText(thrown)}`,
            { retryable: true },
            { cause: thrown },
          );
    } finally {
      await rm(draft, { recursive: true, force: true }).catch(() => undefined);
    }
    const stored = await get(manifest.digest);
    if (stored === null) throw corrupt(manifest.digest, 'it is not there right after it was stored');
    return stored;
  };

  const prune = async ({ keep, deployed, protect }: Retention): Promise<readonly string[]> => {
    const kept = new Set([...protect, ...deployed.flatMap((digests) => digests.slice(0, keep))]);
    const stored: { digest: string; at: string }[] = [];
    for (const name of await readdir(root).catch(() => [])) {
      const digest = `sha256:${name}`;
      if (!Digest.safeParse(digest).success) continue;
      const parsed = parseManifest(await readFile(path.join(root, name, 'manifest.json')).catch(() => Buffer.alloc(0)));
      // A manifest that cannot be read says nothing about age: such a folder is left to a person.
      if (parsed.ok) stored.push({ digest, at: parsed.manifest.created_at });
    }
    // The newest ones stay in any case: an artifact is stored before any record knows it.
    for (const { digest } of stored.toSorted((a, b) => b.at.localeCompare(a.at)).slice(0, keep)) kept.add(digest);
    const removed = stored.map(({ digest }) => digest).filter((digest) => !kept.has(digest));
    for (const digest of removed) {
      // Renamed first: a crash in between must not leave a digest with half of its files.
      const grave = path.join(root, `.gone-${randomUUID()}`);
      await rename(folderOf(digest), grave);
      await rm(grave, { recursive: true, force: true });
    }
    return removed;
  };

  return { put, get, prune };
}

function corrupt(digest: string, why: string): ExternalError {
  return new ExternalError(
    'STORE_CORRUPT',
    `the stored artifact ${digest} cannot be used: ${why}; remove it and build again`,
    { retryable: false },
  );
}

/** Another run may have put the same digest meanwhile: then its copy counts, and `get` checks it. */
async function moveUnlessThere(draft: string, folder: string): Promise<void> {
  try {
    await rename(draft, folder);
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw thrown;
  }
}

async function syncPath(target: string): Promise<void> {
  const handle = await open(target, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function writeSynced(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx');
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
