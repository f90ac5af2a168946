import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { ExternalError } from '../../base/errors.ts';
import type { GitPort } from '../../ports/git.ts';
import { writeBareFolder } from './bare-folder.ts';
import { createObjectReader } from './object-reader.ts';
import { createGitObjects } from './objects.ts';
import { pushArguments, readPushResult } from './push.ts';
import { createReads } from './read-objects.ts';
import { createRunGit, gitEnvironment } from './run.ts';

export interface GitOptions {
  /** Folder of the bare clone; made when it is not there. */
  readonly dir: string;
  /** Address or path of the remote. */
  readonly remote: string;
  readonly token: string | null;
  /** Other bare clones on this machine whose objects this one may use. */
  readonly alternates?: readonly string[];
  /** The caller's environment; only GIT_ENV_PASSED of it is used. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Told of each git process when it ended: how long it took, in milliseconds. */
  readonly onRun?: (ms: number) => void;
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );
const TRACKING = 'refs/conveyor/remote/';
const tracked = (ref: string) => TRACKING + ref.replace(/^refs\//, '');
const unlimited = '2147483647';

/** A bare clone behind the git port. No checkout, no hook, no configuration of the machine takes part. */
export async function createGit(options: GitOptions): Promise<GitPort> {
  const { dir } = options;
  const secret = options.token;
  const redact = (text: string) => (secret === null ? text : text.replaceAll(secret, '***'));
  // A clone lives as long as a job: taking each small pack apart again is a process for nothing.
  const env = gitEnvironment(options.env, dir, secret, [['fastimport.unpackLimit', '0']]);
  const git = createRunGit(env, redact, options.onRun);
  if (!(await exists(join(dir, 'HEAD')))) {
    const alternates = (options.alternates ?? []).map((other) => join(other, 'objects'));
    // A promisor remote: the archive is fetched without its blobs, whatever its size.
    const config = `[extensions]\n\tpartialClone = origin\n[remote "origin"]\n\turl = ${JSON.stringify(options.remote)}\n\tpromisor = true\n`;
    await writeBareFolder(dir, config, alternates);
  }
  const text = async (args: readonly string[], answers?: readonly number[]) =>
    (await git(args, answers === undefined ? {} : { answers })).stdout.toString().trim();
  const lines = async (args: readonly string[]) => (await text(args)).split('\n').filter((line) => line !== '');

  const objects = createGitObjects(git, dir);
  const { readFile, readFiles, listTree, treeOf, codeTree, timeOf } = createReads(
    createObjectReader(env, options.onRun),
    objects,
  );

  return {
    dir,
    ...objects,
    // Not the parents of a commit: where a shallow history ends only git knows.
    readFile,
    readFiles,
    listTree,
    treeOf,
    codeTree,
    timeOf,

    async fetch(refs, { depth = 1, blobs = true, levels } = {}) {
      const shallow = await exists(join(dir, 'shallow'));
      const depthArgument = depth > 0 ? [`--depth=${depth}`] : shallow ? [`--depth=${unlimited}`] : [];
      const filter = filterArgument(blobs, levels);
      // A glob refspec does not fail when the ref is missing, and --prune then drops our copy.
      const refspecs = refs.map((ref) => `+${ref}*:${tracked(ref)}*`);
      const { code, stderr } = await git(
        [
          'fetch',
          '--quiet',
          '--no-tags',
          '--no-write-fetch-head',
          '--prune',
          '--force',
          filter,
          ...depthArgument,
          'origin',
          ...refspecs,
        ],
        { answers: [0, 1] },
      );
      // git says 1 without a word when a shallow fetch matched no ref at all; with a word it is a failure.
      if (code === 1 && stderr.trim() !== '')
        throw new ExternalError('GIT_FAILED', `git fetch ended with 1: ${redact(stderr.trim())}`);
      const found = new Map(
        (await lines(['for-each-ref', '--format=%(refname) %(objectname)', TRACKING])).map(
          (row) => row.split(' ') as [string, string],
        ),
      );
      return new Map(refs.map((ref) => [ref, found.get(tracked(ref)) ?? null]));
    },

    async listRefs(...patterns) {
      const rows = await lines(['ls-remote', '--quiet', 'origin', ...patterns]);
      return new Map(rows.map((row) => row.split('\t')).map(([sha, ref]) => [ref ?? '', sha ?? '']));
    },

    async push(updates) {
      const { code, stdout, stderr } = await git(pushArguments('origin', updates), { answers: [0, 1, 128] });
      const result = readPushResult(code, stdout.toString(), redact(stderr));
      if (result === null)
        throw new ExternalError('GIT_PUSH_UNKNOWN', `the push got no answer: ${redact(stderr.trim().slice(-1000))}`);
      return result;
    },
  };
}

function filterArgument(blobs: boolean, levels: number | undefined): string {
  const filters = [...(blobs ? [] : ['blob:none']), ...(levels === undefined ? [] : [`tree:${levels}`])];
  if (filters.length === 0) return '--no-filter';
  return `--filter=${filters.length === 1 ? filters[0] : `combine:${filters.join('+')}`}`;
}
