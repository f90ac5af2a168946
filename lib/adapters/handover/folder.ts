import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { errorText, ExternalError } from '../../base/errors.ts';
import type { HandoverPort } from '../../ports/handover.ts';
import { assertHandoverName, packFiles, unpackFiles } from './pack.ts';

/**
 * Hand-over through a folder of this machine, for the local engine: one archive per run and name, replaced as a whole.
 * @throws ExternalError HANDOVER_FOLDER, HANDOVER_CONTENT, HANDOVER_TOO_LARGE
 */
export function createFolderHandover(options: { readonly folder: string; readonly runId: string }): HandoverPort {
  const file = (name: string) => {
    assertHandoverName(name);
    assertHandoverName(options.runId);
    return path.join(options.folder, options.runId, `${name}.zip`);
  };
  return {
    async put(name, files) {
      const target = file(name);
      const { bytes, digest } = packFiles(files);
      const unfinished = `${target}.${randomUUID()}`;
      await access(target, async () => {
        await mkdir(path.dirname(target), { recursive: true });
        await writeFile(unfinished, bytes);
        await rename(unfinished, target);
      });
      return { digest, size: bytes.length };
    },
    async get(name) {
      const target = file(name);
      const bytes = await access(target, async () => {
        try {
          return await readFile(target);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
          throw error;
        }
      });
      return bytes === null ? null : unpackFiles(bytes);
    },
  };
}

async function access<T>(target: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const text = `the hand-over folder cannot be used (${target}): ${errorText(error)}`;
    throw new ExternalError('HANDOVER_FOLDER', text, { retryable: false }, { cause: error });
  }
}
