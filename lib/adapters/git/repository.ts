import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { ExternalError } from '../../base/errors.ts';
import type { GitPort, PushResult, RefUpdate } from '../../ports/git.ts';
import { writeBareFolder } from './bare-folder.ts';
import { createGitObjects } from './objects.ts';
import { createObjectReader } from './object-reader.ts';
import { isStale } from './push.ts';
import { createReads } from './read-objects.ts';
import { createRunGit, gitEnvironment } from './run.ts';

export interface RepositoryGitOptions {
  /** Folder for our own settings and attributes; made when it is not there. */
  readonly dir: string;
  /** Absolute path of the bare repository. */
  readonly repository: string;
  /** The caller's environment; only GIT_ENV_PASSED of it is used. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Told of each git process when it ended: how long it took, in milliseconds. */
  readonly onRun?: (ms: number) => void;
}

/**
 * A bare repository of this machine behind the git port, without a clone in between: objects are written where they
 * stay, a fetch only reads refs, a push is one ref transaction with the old values as its lease, all or nothing. The
 * repository's own settings, attributes and hooks take no part. spec: design §6
 */
export async function createRepositoryGit(options: RepositoryGitOptions): Promise<GitPort & AsyncDisposable> {
  const { dir, repository } = options;
  const store = join(repository, 'objects');
  const isMade = await access(join(dir, 'HEAD')).then(
    () => true,
    () => false,
  );
  if (!isMade) await writeBareFolder(dir, '', [store]);
  const asWritten = (text: string) => text;
  // As git does by itself, less the pack: a new commit ends as loose objects, and its pack is only the way there.
  const base = gitEnvironment(options.env, dir, null, [['core.fsync', 'committed,-loose-object,-pack,-pack-metadata']]);
  const git = createRunGit({ ...base, GIT_OBJECT_DIRECTORY: store }, asWritten, options.onRun);
  const gitOfRepository = createRunGit({ ...base, GIT_DIR: repository }, asWritten, options.onRun);

  const readRefs = async (patterns: readonly string[]): Promise<Map<string, string>> => {
    const { stdout } = await gitOfRepository(['for-each-ref', '--format=%(refname) %(objectname)', ...patterns]);
    const rows = stdout
      .toString()
      .split('\n')
      .filter((row) => row !== '');
    return new Map(rows.map((row) => row.split(' ') as [string, string]));
  };

  const reader = createObjectReader({ ...base, GIT_DIR: repository }, options.onRun);
  const objects = createGitObjects(git, dir);

  const listRefs = async (...patterns: readonly string[]): Promise<ReadonlyMap<string, string>> => {
    if (!patterns.some((pattern) => pattern.includes('*'))) {
      const named = await Promise.all(patterns.map(async (ref) => [ref, await reader.resolve(ref)] as const));
      return new Map(named.flatMap(([ref, id]) => (id === null ? [] : [[ref, id]])));
    }
    const matchers = patterns.map((pattern) => new RegExp(`^${pattern.split('*').map(escapeRegExp).join('.*')}$`));
    // A folder of refs, not a pattern: here a star of git would end at a slash.
    const folders = patterns.map((pattern) => pattern.split('*')[0]?.replace(/\/[^/]*$/, '/') ?? '');
    const found = await readRefs(folders);
    return new Map([...found].filter(([ref]) => matchers.some((matcher) => matcher.test(ref))));
  };

  return {
    dir,
    ...objects,
    ...createReads(reader, objects),
    [Symbol.asyncDispose]: () => reader[Symbol.asyncDispose](),

    async fetch(refs) {
      const found = await Promise.all(
        refs.map(async (ref) =>
          ref.endsWith('*') ? [...(await listRefs(ref))] : ([[ref, await reader.resolve(ref)]] as const),
        ),
      );
      return new Map<string, string | null>(found.flat());
    },

    listRefs,

    async push(updates): Promise<PushResult> {
      const { code, stderr } = await gitOfRepository(['update-ref', '--stdin'], {
        input: `start\n${updates.map(renderUpdate).join('')}prepare\ncommit\n`,
        answers: [0, 1, 128],
      });
      if (code === 0) return { ok: true };
      const text = stderr.trim().slice(-1000);
      if (text === '') throw new ExternalError('GIT_PUSH_UNKNOWN', `git update-ref ended with ${code} without a word`);
      return { ok: false, reason: isStale(text) ? 'stale' : 'refused', text };
    },
  };
}

const escapeRegExp = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');

function renderUpdate({ ref, to, expect }: RefUpdate): string {
  if (to === null) return expect === null ? `verify ${ref}\n` : `delete ${ref} ${expect}\n`;
  return expect === null ? `create ${ref} ${to}\n` : `update ${ref} ${to} ${expect}\n`;
}
