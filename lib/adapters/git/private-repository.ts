import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Sha } from '../../ports/git.ts';
import { NO_CONVERSION } from './bare-folder.ts';
import type { RunGit } from './run.ts';

/**
 * `<folder>/.git` with the whole history of the named branches, the first one checked out at `commit`: no remote, no
 * hook, no setting, no link to the repository `source` it was made from. Three git processes. spec: AG-SEC-3
 */
export async function exportRepository(
  git: RunGit,
  source: string,
  commit: Sha,
  folder: string,
  branches: Readonly<Record<string, Sha>>,
): Promise<void> {
  const dir = join(folder, '.git');
  const rows = Object.entries(branches);
  for (const part of ['objects/info', 'objects/pack', 'refs/heads', 'info'])
    await mkdir(join(dir, part), { recursive: true });
  for (const [name, sha] of rows) {
    const file = join(dir, 'refs/heads', name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, `${sha}\n`);
  }
  await writeFile(join(dir, 'HEAD'), `ref: refs/heads/${rows[0]?.[0] ?? 'none'}\n`);
  const format =
    commit.length === 64
      ? '\trepositoryformatversion = 1\n\tbare = false\n[extensions]\n\tobjectFormat = sha256\n'
      : '\trepositoryformatversion = 0\n\tbare = false\n';
  await writeFile(join(dir, 'config'), `[core]\n${format}`);
  await writeFile(join(dir, 'info', 'attributes'), NO_CONVERSION);
  // Where history ends in the source it ends here; a complete source has no such file.
  await copyFile(join(source, 'shallow'), join(dir, 'shallow')).catch(() => {});
  const env = {
    GIT_DIR: dir,
    GIT_WORK_TREE: folder,
    GIT_OBJECT_DIRECTORY: join(dir, 'objects'),
    GIT_ALTERNATE_OBJECT_DIRECTORIES: JSON.stringify(join(source, 'objects')),
  };
  await git(['read-tree', commit], { env });
  await Promise.all([
    git(['pack-objects', '--quiet', '--revs', '--delta-base-offset', join(dir, 'objects', 'pack', 'pack')], {
      env,
      input: `${[commit, ...rows.map(([, sha]) => sha)].join('\n')}\n`,
    }),
    git(['checkout-index', '--all', '--force', '--index'], { env }),
  ]);
}
