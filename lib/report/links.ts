/**
 * The base of links for people, without a slash at the end; null when it is empty, not http(s), without a host, or a
 * loopback address that nobody else can open. Pure. spec: H-ALR-7
 */
export function publicBase(url: string): string | null {
  if (!URL.canParse(url)) return null;
  const { protocol, host, hostname, pathname } = new URL(url);
  if (protocol !== 'https:' && protocol !== 'http:') return null;
  const name = hostname.replace(/\.$/, '').toLowerCase();
  const mapped = /^\[::ffff:([0-9a-f]+):[0-9a-f]+\]$/.exec(name)?.[1];
  const loopback =
    name === '' ||
    name === 'localhost' ||
    name.endsWith('.localhost') ||
    name === '0.0.0.0' ||
    name === '[::1]' ||
    name === '[::]' ||
    /^127\.\d+\.\d+\.\d+$/.test(name) ||
    (mapped !== undefined && Number.parseInt(mapped, 16) >> 8 === 127);
  return loopback ? null : `${protocol}//${host}${pathname.replace(/\/+$/, '')}`;
}

/** A file or folder at a commit; null without a base. `repository` = address of the repository's page. spec: H-CMT-5 */
export function commitLink(repository: string | null, sha: string, path: string): string | null {
  return repository === null ? null : `${repository}/src/commit/${encodeURIComponent(sha)}/${encodePath(path)}`;
}

/** A branch's tree; null without a base. spec: H-CMT-5 */
export function branchLink(repository: string | null, branch: string): string | null {
  return repository === null ? null : `${repository}/src/branch/${encodePath(branch)}`;
}

export function pullLink(repository: string | null, number: number): string | null {
  return repository === null ? null : `${repository}/pulls/${number}`;
}

function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}
