import { createHash } from 'node:crypto';
import { PACKAGE_FILES } from '../artifacts/package.ts';
import { artifactPath } from '../artifacts/paths.ts';

/** What an approval is bound to: sha256 over the blobs of 01–04; null when one is missing. spec: G-ANA-5, PL-H-3 */
export function packageHash(item: string, blobs: ReadonlyMap<string, string>): string | null {
  const hash = createHash('sha256');
  for (const name of PACKAGE_FILES) {
    const blob = blobs.get(artifactPath(item, name));
    if (blob === undefined || blob === '') return null;
    hash.update(`${name}\0${blob}\n`);
  }
  return hash.digest('hex');
}
