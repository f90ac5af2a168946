/** Folder of all work items, without a slash at the end. */
export const WORK_ITEMS = 'docs/work-items';

/** `docs/work-items/<ID>`; `<ID>` in the ledger's spelling. */
export function workItemFolder(item: string): string {
  return `${WORK_ITEMS}/${item}`;
}

/** Path of an artifact by its name in the table: `artifactPath('ET-12', '12-review.md')`. */
export function artifactPath(item: string, name: string): string {
  return `${workItemFolder(item)}/${name}`;
}

/** Name inside the item's folder (`06-adr/ADR-001-x.md`), or null when the path is elsewhere. Exact, case counts. spec: AR-DIR-2 */
export function artifactName(item: string, path: string): string | null {
  const folder = `${workItemFolder(item)}/`;
  return path.startsWith(folder) && path.length > folder.length ? path.slice(folder.length) : null;
}

/** Item whose folder the path is in, ignoring the case of the folder names ('' = the common folder itself); null outside. */
export function ownerOfPath(path: string): string | null {
  const match = /^docs\/work-items(?:\/([^/]*)|$)/i.exec(path);
  return match === null ? null : (match[1] ?? '');
}

/** The item's changelog fragment. `fragmentDir`: config `docs.fragment_dir`. spec: AR-CH-1 */
export function fragmentPath(item: string, fragmentDir = 'changelog.d'): string {
  return `${fragmentDir}/${item}.md`;
}
