import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ExternalError } from '../../base/errors.ts';
import type { CommitSpec, GitPort, Sha, TreeChange } from '../../ports/git.ts';
import { type Conversation, createConversation } from './conversation.ts';
import { renderCommit } from './fast-import.ts';
import { FOLDER, type TreeRow, parseTree } from './tree-object.ts';
import type { ObjectReader } from './object-reader.ts';

export type ObjectWriter = Pick<GitPort, 'commit'> & AsyncDisposable;

/**
 * Writes commits into a repository of this machine by three git processes that stay: blobs, trees and commits, as loose
 * objects, in that order, so that nothing is ever named before it is there. `dir`: a private folder.
 */
export function createObjectWriter(
  reader: ObjectReader,
  dir: string,
  env: Readonly<Record<string, string>>,
  onRun?: (ms: number) => void,
): ObjectWriter {
  const blobs = createConversation(['hash-object', '-w', '--no-filters', '--stdin-paths'], env, onRun);
  const trees = createConversation(['mktree', '-z', '--batch', '--missing'], env, onRun);
  const commits = createConversation(
    ['hash-object', '-w', '--no-filters', '-t', 'commit', '--stdin-paths'],
    env,
    onRun,
  );
  let files = 0;
  const write = async (git: Conversation, content: Buffer): Promise<Sha> => {
    files += 1;
    const file = join(dir, `write-${files}`);
    await writeFile(file, content);
    try {
      return await git.ask(`${file}\n`, takeLine);
    } finally {
      await rm(file, { force: true });
    }
  };
  const load = async (id: Sha): Promise<Map<string, TreeRow>> => {
    const object = await reader.read(id);
    if (object?.type !== 'tree') throw missing(`tree ${id}`);
    return new Map(parseTree(object).map((row) => [row.name, row]));
  };

  /** Id of a tree with the changes below it; null = nothing is left. */
  const change = async (base: Sha | null, changes: readonly Change[]): Promise<Sha | null> => {
    const rows = base === null ? new Map<string, TreeRow>() : await load(base);
    const below = new Map<string, Change[]>();
    for (const one of changes) {
      const [name = '', ...rest] = one.path;
      if (rest.length > 0) {
        below.set(name, [...(below.get(name) ?? []), { ...one, path: rest }]);
        continue;
      }
      below.delete(name);
      if (one.id === null) rows.delete(name);
      else rows.set(name, { name, mode: one.mode, id: one.id });
    }
    for (const [name, inner] of below) {
      const row = rows.get(name);
      const id = await change(row?.mode === FOLDER ? row.id : null, inner);
      if (id !== null) rows.set(name, { name, mode: FOLDER, id });
      else if (row?.mode === FOLDER) rows.delete(name);
    }
    if (rows.size === 0) return null;
    const input = [...rows.values()].map(({ name, mode, id }) => `${mode} ${typeOf(mode)} ${id}\t${name}\0`).join('');
    return trees.ask(`${input}\0`, takeLine);
  };

  return {
    async commit(spec: CommitSpec) {
      const changes = await Promise.all(
        spec.changes.map(async (one): Promise<Change> => {
          const path = one.path.split('/');
          if (path.some((part) => FORBIDDEN.includes(part)))
            throw new ExternalError('GIT_PATH', `no path of a tree: ${JSON.stringify(one.path)}`, { retryable: false });
          const mode = one.mode ?? '100644';
          return { path, mode, id: await blobOf(one, (content) => write(blobs, content)) };
        }),
      );
      const base = spec.tree ?? (spec.base === null ? null : await reader.resolve(`${spec.base}^{tree}`));
      if (base === null && spec.base !== null) throw missing(`commit ${spec.base}`);
      const tree = (await change(base, changes)) ?? (await trees.ask('\0', takeLine));
      return write(commits, renderCommit(spec, tree));
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([blobs, trees, commits].map((git) => git[Symbol.asyncDispose]()));
    },
  };
}

interface Change {
  readonly path: readonly string[];
  readonly mode: string;
  /** null = the path goes. */
  readonly id: Sha | null;
}

async function blobOf(change: TreeChange, write: (content: Buffer) => Promise<Sha>): Promise<Sha | null> {
  if (change.blob !== undefined) return change.blob;
  if (change.content === null || change.content === undefined) return null;
  return write(Buffer.from(change.content as Buffer));
}

/** Names that no tree may hold; git reads such a tree and refuses its checkout. */
const FORBIDDEN = ['', '.', '..', '.git'];

const missing = (what: string) =>
  new ExternalError('GIT_FAILED', `${what} is not in the repository`, { retryable: false });

const typeOf = (mode: string) => (mode === FOLDER ? 'tree' : mode === '160000' ? 'commit' : 'blob');

function takeLine(output: Buffer): { readonly answer: string; readonly length: number } | null {
  const end = output.indexOf(10);
  return end < 0 ? null : { answer: output.toString('utf8', 0, end), length: end + 1 };
}
