import { createHash } from 'node:crypto';
import type { GitPort, TreeEntry } from '../../ports/git.ts';
import type { GitObject, ObjectReader } from './object-reader.ts';
import { FOLDER, type TreeRow, parseTree } from './tree-object.ts';

type Reads = Pick<GitPort, 'readFile' | 'readFiles' | 'listTree' | 'treeOf' | 'timeOf' | 'parentsOf' | 'codeTree'>;

/** The reads of the git port through one reader; what it cannot answer is asked from `otherwise`. */
export function createReads(reader: ObjectReader, otherwise: Reads): Reads {
  const readFile = async (commit: string, path: string) => {
    const object = await reader.read(`${commit}:${path}`);
    return object?.type === 'blob' ? object.content : null;
  };
  return {
    readFile,
    async readFiles(commit, paths) {
      const files = new Map<string, Buffer>();
      const contents = await Promise.all(paths.map((path) => readFile(commit, path)));
      for (const [index, path] of paths.entries()) {
        const content = contents[index];
        if (content != null) files.set(path, content);
      }
      return files;
    },
    async listTree(commit, folder) {
      const root = await reader.read(folder === '' ? `${commit}^{tree}` : `${commit}:${folder}`);
      if (root === null && (await reader.resolve(`${commit}^{tree}`)) !== null) return [];
      if (root?.type !== 'tree') return otherwise.listTree(commit, folder);
      return listBelow(reader, root, folder === '' ? '' : `${folder.replace(/\/+$/, '')}/`);
    },
    treeOf: async (commit) => (await reader.resolve(`${commit}^{tree}`)) ?? otherwise.treeOf(commit),
    async codeTree(commit) {
      const root = await reader.read(`${commit}^{tree}`);
      return root === null ? otherwise.codeTree(commit) : idWithout(reader, root, ['docs', 'work-items']);
    },
    async timeOf(commit) {
      const seconds = /^committer .*> (\d+) [+-]\d{4}$/m.exec(await header(reader, commit))?.[1];
      return seconds === undefined ? otherwise.timeOf(commit) : new Date(Number(seconds) * 1000);
    },
    async parentsOf(commit) {
      const text = await header(reader, commit);
      return text === ''
        ? otherwise.parentsOf(commit)
        : [...text.matchAll(/^parent ([0-9a-f]+)$/gm)].map((match) => match[1] ?? '');
    },
  };
}

/** Header lines of a commit, '' when it is none. */
async function header(reader: ObjectReader, commit: string): Promise<string> {
  const object = await reader.read(`${commit}^{commit}`);
  return object?.content.toString().split('\n\n')[0] ?? '';
}

async function listBelow(reader: ObjectReader, tree: GitObject, prefix: string): Promise<TreeEntry[]> {
  const entries = parseTree(tree);
  const parts = await Promise.all(
    entries.map(async ({ mode, name, id }): Promise<TreeEntry[]> => {
      if (mode !== FOLDER) return [{ path: prefix + name, mode, sha: id }];
      const below = await reader.read(id);
      return below === null ? [] : listBelow(reader, below, `${prefix}${name}/`);
    }),
  );
  return parts.flat();
}

/**
 * Id that a tree has without one folder below it, as git writes trees: a folder left empty goes too. Nothing is written.
 * spec: gates §1.1
 */
async function idWithout(reader: ObjectReader, tree: GitObject, [name, ...below]: readonly string[]): Promise<string> {
  const entries = parseTree(tree);
  const at = entries.findIndex((entry) => entry.name === name);
  const found = entries[at];
  if (found === undefined) return tree.id;
  const inner = below.length === 0 || found.mode !== FOLDER ? null : await reader.read(found.id);
  if (below.length > 0 && inner === null) return tree.id;
  const id = inner === null ? null : await idWithout(reader, inner, below);
  if (id === found.id) return tree.id;
  const isEmpty = id === null || id === hashTree([], tree.id.length);
  return hashTree(entries.toSpliced(at, 1, ...(isEmpty ? [] : [{ ...found, id }])), tree.id.length);
}

function hashTree(entries: readonly TreeRow[], idLength: number): string {
  const content = Buffer.concat(
    entries.flatMap(({ mode, name, id }) => [Buffer.from(`${mode} ${name}\0`), Buffer.from(id, 'hex')]),
  );
  return createHash(idLength === 64 ? 'sha256' : 'sha1')
    .update(`tree ${content.length}\0`)
    .update(content)
    .digest('hex');
}
