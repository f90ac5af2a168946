import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InternalError } from '../base/errors.ts';

/**
 * Absolute path of a folder that ships with the product (`agents`): beside the bundle in dist/, at the top of the
 * checkout in development. Throws `InternalError` ASSET_MISSING when the installation is incomplete.
 */
export function assetFolder(name: 'agents', from: string = dirname(fileURLToPath(import.meta.url))): string {
  const folder = join(from, name);
  if (existsSync(folder)) return folder;
  const parent = dirname(from);
  if (parent === from)
    throw new InternalError(
      'ASSET_MISSING',
      `folder ${name} is not part of this installation: install the release again`,
    );
  return assetFolder(name, parent);
}
