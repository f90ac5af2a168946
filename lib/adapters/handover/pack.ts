import { createHash } from 'node:crypto';
import { unzipSync, zipSync } from 'fflate';
import { errorText, ExternalError, InternalError } from '../../base/errors.ts';

/** Bytes of the archive, bytes of all files together, number of files. spec: operations §7 "hand-over artifact ≤ 50 MB" */
export const HANDOVER_LIMITS = { packed: 50 * 1024 * 1024, unpacked: 256 * 1024 * 1024, files: 10_000 } as const;
export type HandoverLimits = Readonly<Record<keyof typeof HANDOVER_LIMITS, number>>;
/** One date for all entries, so that equal content has an equal digest. */
const MTIME = new Date(1980, 1, 1);

export interface Packed {
  readonly bytes: Buffer;
  /** sha256 of the archive, lower-case hex: equal for equal files. */
  readonly digest: string;
}

/**
 * The files as one zip archive, in the order of their names.
 * @throws ExternalError HANDOVER_TOO_LARGE; InternalError HANDOVER_NAME for a path that is not relative and plain.
 */
export function packFiles(files: ReadonlyMap<string, Buffer>, limits: HandoverLimits = HANDOVER_LIMITS): Packed {
  const bad = [...files.keys()].find((name) => !isPlainPath(name));
  if (bad !== undefined) throw new InternalError('HANDOVER_NAME', `"${bad}" is not a relative path inside a hand-over`);
  const entries = [...files]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, content]) => [name, new Uint8Array(content)] as const);
  assertSize(files.size, 'files', limits.files);
  assertSize(
    entries.reduce((sum, [, content]) => sum + content.length, 0),
    'bytes unpacked',
    limits.unpacked,
  );
  const bytes = Buffer.from(zipSync(Object.fromEntries(entries), { mtime: MTIME, level: 6 }));
  assertSize(bytes.length, 'bytes packed', limits.packed);
  return { bytes, digest: createHash('sha256').update(bytes).digest('hex') };
}

/**
 * The files of an archive that another job made: nothing of it is trusted, and nothing is allocated beyond the limits.
 * @throws ExternalError HANDOVER_CONTENT, HANDOVER_TOO_LARGE
 */
export function unpackFiles(bytes: Buffer, limits: HandoverLimits = HANDOVER_LIMITS): ReadonlyMap<string, Buffer> {
  assertSize(bytes.length, 'bytes packed', limits.packed);
  let [unpacked, names] = [0, 0];
  const seen = new Set<string>();
  const filter = ({ name, originalSize }: { name: string; originalSize: number }) => {
    assertSize((unpacked += originalSize), 'bytes unpacked', limits.unpacked);
    assertSize((names += 1), 'files', limits.files);
    if (!isPlainPath(name) || seen.has(name))
      throw content(`the path "${name.slice(0, 200)}" is not allowed or is there twice`);
    seen.add(name);
    return true;
  };
  try {
    return new Map(Object.entries(unzipSync(bytes, { filter })).map(([name, data]) => [name, Buffer.from(data)]));
  } catch (error) {
    throw error instanceof ExternalError ? error : content(errorText(error));
  }
}

/** A name under which files are handed over. @throws InternalError HANDOVER_NAME */
export function assertHandoverName(name: string): void {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(name))
    throw new InternalError(
      'HANDOVER_NAME',
      `"${name}" is not a name for a hand-over: letters, digits, ".", "_", "-", at most 100`,
    );
}

function isPlainPath(name: string): boolean {
  const parts = name.split('/');
  return (
    parts.every((part) => part !== '' && part !== '.' && part !== '..') && !/[\0\\]/.test(name) && name !== '__proto__'
  );
}

function assertSize(size: number, unit: string, limit: number): void {
  if (size > limit)
    throw new ExternalError(
      'HANDOVER_TOO_LARGE',
      `a hand-over of ${size} ${unit} is over the limit of ${limit}: hand over less`,
      {
        retryable: false,
      },
    );
}

function content(why: string): ExternalError {
  return new ExternalError('HANDOVER_CONTENT', `the hand-over of the earlier job cannot be read: ${why}`, {
    retryable: false,
  });
}
