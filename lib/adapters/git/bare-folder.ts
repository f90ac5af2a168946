import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Highest precedence: no attribute of a branch may convert or filter what is read and written. */
export const NO_CONVERSION = '* -text -filter -ident -working-tree-encoding -export-subst -export-ignore\n';

/** A bare repository by its files: no template, no process. `alternates`: object folders it may borrow from. */
export async function writeBareFolder(dir: string, config: string, alternates: readonly string[]): Promise<void> {
  for (const folder of ['objects/info', 'objects/pack', 'refs/heads', 'refs/tags', 'info'])
    await mkdir(join(dir, folder), { recursive: true });
  await writeFile(join(dir, 'config'), `[core]\n\trepositoryformatversion = 1\n\tbare = true\n${config}`);
  await writeFile(join(dir, 'info', 'attributes'), NO_CONVERSION);
  if (alternates.length > 0)
    await writeFile(join(dir, 'objects', 'info', 'alternates'), alternates.map((other) => `${other}\n`).join(''));
  await writeFile(join(dir, 'HEAD'), 'ref: refs/heads/none\n');
}
