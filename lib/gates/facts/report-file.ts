import type { GitPort, Sha } from '../../ports/git.ts';
import type { ReportFile } from '../report-file.ts';
import { observe } from './observe.ts';

/** A file of exactly this commit with its blob id, from the commit object. A link or folder counts as absent. spec: G-FM-4, G-FM-5 */
export async function loadReportFile(git: GitPort, commit: Sha, path: string): Promise<ReportFile> {
  const found = await observe(async () => {
    const entry = (await git.listTree(commit, path)).find((candidate) => candidate.path === path);
    if (entry === undefined || !entry.mode.startsWith('100')) return null;
    const content = await git.readFile(commit, path);
    return content === null ? null : { blob: entry.sha, content };
  });
  if (found.kind === 'unreadable') return { kind: 'unreadable', path, detail: found.detail };
  return found.value === null ? { kind: 'absent', path } : { kind: 'file', path, ...found.value };
}
