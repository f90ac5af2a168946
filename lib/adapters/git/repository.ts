import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { ExternalError, errorText } from '../../base/errors.ts';
import type { GitPort, PushResult, RefUpdate } from '../../ports/git.ts';
import { writeBareFolder } from './bare-folder.ts';
import { createGitObjects } from './objects.ts';
import { createObjectReader } from './object-reader.ts';
import { isStale } from './push.ts';
import { createConversation } from './conversation.ts';
import { createReads } from './read-objects.ts';
import { createObjectWriter } from './write-objects.ts';
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
  const writing = { ...base, GIT_OBJECT_DIRECTORY: store };
  const itself = { ...base, GIT_DIR: repository };
  const git = createRunGit(writing, asWritten, options.onRun);
  const gitOfRepository = createRunGit(itself, asWritten, options.onRun);

  const readRefs = async (patterns: readonly string[]): Promise<Map<string, string>> => {
    const { stdout } = await gitOfRepository(['for-each-ref', '--format=%(refname) %(objectname)', ...patterns]);
    const rows = stdout
      .toString()
      .split('\n')
      .filter((row) => row !== '');
    return new Map(rows.map((row) => row.split(' ') as [string, string]));
  };

  const reader = createObjectReader(itself, options.onRun);
  const objects = createGitObjects(git, dir);
  const writer = createObjectWriter(reader, dir, writing, options.onRun);
  const refs = createConversation(['update-ref', '--stdin'], itself, options.onRun);
  let before: Promise<unknown> = Promise.resolve();
  /** One transaction after the other: git ends at the first that it refuses, and must not take another one with it. */
  const transact = (input: string): Promise<void> => {
    const turn = before.then(() => refs.ask(input, takeCommitted));
    before = turn.catch(() => {});
    return turn;
  };

  return {
    dir,
    ...objects,
    ...createReads(reader, objects),
    commit: writer.commit,
    async [Symbol.asyncDispose]() {
      await Promise.all([reader, writer, refs].map((part) => part[Symbol.asyncDispose]()));
    },

    async fetch(refs) {
      return new Map(await Promise.all(refs.map(async (ref) => [ref, await reader.resolve(ref)] as const)));
    },

    async listRefs(...patterns) {
      if (!patterns.some((pattern) => pattern.includes('*'))) {
        const named = await Promise.all(patterns.map(async (ref) => [ref, await reader.resolve(ref)] as const));
        return new Map(named.flatMap(([ref, id]) => (id === null ? [] : [[ref, id]])));
      }
      const matchers = patterns.map((pattern) => new RegExp(`^${pattern.split('*').map(escapeRegExp).join('.*')}$`));
      // A folder of refs, not a pattern: here a star of git would end at a slash.
      const folders = patterns.map((pattern) => pattern.split('*')[0]?.replace(/\/[^/]*$/, '/') ?? '');
      const found = await readRefs(folders);
      return new Map([...found].filter(([ref]) => matchers.some((matcher) => matcher.test(ref))));
    },

    async push(updates): Promise<PushResult> {
      try {
        await transact(`start\n${updates.map(renderUpdate).join('')}prepare\ncommit\n`);
        return { ok: true };
      } catch (thrown) {
        // The last word is about the refs; before it git may speak of objects that it looked for elsewhere.
        const text = /^git update-ref ended: .*(fatal: .*)$/s.exec(errorText(thrown))?.[1];
        if (text === undefined)
          throw new ExternalError('GIT_PUSH_UNKNOWN', errorText(thrown), { retryable: true }, { cause: thrown });
        return { ok: false, reason: isStale(text) ? 'stale' : 'refused', text };
      }
    },
  };
}

/** git says `ok` for each verb; what it says before the last one is not the end. */
function takeCommitted(output: Buffer): { readonly answer: undefined; readonly length: number } | null {
  const done = 'commit: ok\n';
  const at = output.indexOf(done);
  return at < 0 ? null : { answer: undefined, length: at + done.length };
}

const escapeRegExp = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');

function renderUpdate({ ref, to, expect }: RefUpdate): string {
  if (to === null) return expect === null ? `verify ${ref}\n` : `delete ${ref} ${expect}\n`;
  return expect === null ? `create ${ref} ${to}\n` : `update ${ref} ${to} ${expect}\n`;
}
