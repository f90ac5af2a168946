import path from 'node:path';

/** Folder below `deploy.root` in which the hook keeps lock, records and the way back, one folder per target. */
export function stateFolder(root: string): string {
  return path.join(root, '.deploy-state');
}

/** Folder below `deploy.root` that holds the artifacts, one folder per digest. spec: D-ART-5 */
export function storeFolder(root: string): string {
  return path.join(root, 'store');
}
