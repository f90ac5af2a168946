import type { PushResult, RefUpdate } from '../../ports/git.ts';

/** Arguments of one atomic push with a lease per ref; never a `+`, which would defeat the lease. spec: platform "Git as the store" */
export function pushArguments(remote: string, updates: readonly RefUpdate[]): string[] {
  return [
    'push',
    '--porcelain',
    '--atomic',
    '--no-verify',
    ...updates.map((update) => `--force-with-lease=${update.ref}:${update.expect ?? ''}`),
    remote,
    ...updates.map((update) => `${update.to ?? ''}:${update.ref}`),
  ];
}

// Words with which git and forges say that somebody else moved the ref between our fetch and our push.
const STALE =
  /stale info|fetch first|non-fast-forward|cannot lock ref|failed to update ref|failed to lock|incorrect old value|reference already exists|needs force|atomic transaction failed/i;
// A hook's no is final, whatever the other refs of the same push say.
const DECLINED = /hook declined|protected branch|not allowed/i;

/** Whether git's words mean that the ref was moved by somebody else. */
export const isStale = (text: string): boolean => STALE.test(text);

/** Reads the porcelain rows of a push; null = no row, the answer is unknown and the refs must be read back. */
export function readPushResult(code: number, stdout: string, stderr: string): PushResult | null {
  const rows = stdout.split('\n').filter((row) => /^[ +\-*!=]\t/.test(row));
  if (code === 0) return { ok: true };
  const rejected = rows.filter((row) => row.startsWith('!'));
  if (rejected.length === 0) return null;
  const text = `${rejected.map((row) => row.split('\t').slice(1).join(' ')).join('; ')}${stderr === '' ? '' : ` (${stderr.trim().slice(-600)})`}`;
  const declined = rejected.some((row) => DECLINED.test(row));
  const stale = !declined && (rejected.some(isStale) || isStale(stderr));
  return { ok: false, reason: stale ? 'stale' : 'refused', text };
}
