import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ExternalError } from '../../base/errors.ts';
import type { GitPort, TreeEntry } from '../../ports/git.ts';
import type { ShellPort } from '../../ports/shell.ts';

/** Bytes of paths per question; the answer must fit into what the shell keeps of standard output. */
const BATCH_BYTES = 256 * 1024;

export interface Candidate {
  readonly path: string;
  readonly folder: boolean;
}
export interface IgnoreRules extends AsyncDisposable {
  /** Which of these untracked paths git would ignore. Paths below an ignored folder need not be asked. */
  ignored(candidates: readonly Candidate[]): Promise<ReadonlySet<string>>;
}
export interface IgnoreRequest {
  readonly git: Pick<GitPort, 'dir' | 'readFiles'>;
  readonly shell: ShellPort;
  readonly env: Readonly<Record<string, string>>;
  readonly baseCommit: string;
  readonly base: readonly TreeEntry[];
  readonly folder: string;
}

/**
 * The ignore rules of the base commit and those of the tree as it is now, judged by git with our own repository.
 * Dispose of it: the base's rules lie in a scratch folder. Throws ExternalError GIT_FAILED. spec: AG-APP-1
 */
export async function openIgnoreRules(request: IgnoreRequest): Promise<IgnoreRules> {
  const scratch = await mkdtemp(join(tmpdir(), 'conveyor-ignore-'));
  const recorded = join(scratch, 'recorded');
  const dispose = (): Promise<void> => rm(scratch, { recursive: true, force: true });
  try {
    await mkdir(recorded);
    const rules = request.base.filter((entry) => entry.mode.startsWith('100') && /(^|\/)\.gitignore$/.test(entry.path));
    for (const [path, content] of await request.git.readFiles(
      request.baseCommit,
      rules.map((entry) => entry.path),
    )) {
      await mkdir(dirname(join(recorded, path)), { recursive: true });
      await writeFile(join(recorded, path), content);
    }
  } catch (thrown) {
    await dispose();
    throw thrown;
  }
  return {
    async ignored(candidates) {
      // A rule such as `build/` holds for folders only, and git looks at the disk to tell.
      for (const { path, folder } of candidates) if (folder) await mkdir(join(recorded, path), { recursive: true });
      const found = new Set<string>();
      const ask = (workTree: string, batch: readonly string[]) =>
        checkIgnore(request, workTree, join(scratch, 'index'), batch);
      for (const batch of batches(candidates.map((candidate) => candidate.path))) {
        const answers = await Promise.all([recorded, request.folder].map((workTree) => ask(workTree, batch)));
        for (const path of answers.flat()) found.add(path);
      }
      return found;
    },
    [Symbol.asyncDispose]: dispose,
  };
}

async function checkIgnore(
  request: IgnoreRequest,
  workTree: string,
  index: string,
  paths: readonly string[],
): Promise<string[]> {
  const configuration = [
    'core.bare=false',
    'core.fsmonitor=false',
    'core.hooksPath=/dev/null',
    'core.excludesFile=/dev/null',
  ];
  const result = await request.shell.run({
    argv: [
      'git',
      ...configuration.flatMap((setting) => ['-c', setting]),
      'check-ignore',
      '--no-index',
      '--stdin',
      '-z',
    ],
    cwd: workTree,
    env: {
      ...request.env,
      GIT_DIR: request.git.dir,
      GIT_WORK_TREE: workTree,
      GIT_INDEX_FILE: index,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      LC_ALL: 'C',
    },
    timeoutMs: 60_000,
    graceMs: 1000,
    // `./` in front: a path that begins with a colon is a path, not pathspec magic.
    input: paths.map((path) => `./${path}\0`).join(''),
  });
  // 0 = some are ignored, 1 = none is; anything else means that nothing was judged.
  if (result.ended === null && (result.code === 0 || result.code === 1))
    return result.stdout
      .split('\0')
      .filter((path) => path !== '')
      .map((path) => path.slice(2));
  const why = result.ended ?? `exit ${result.code ?? result.signal}`;
  throw new ExternalError('GIT_FAILED', `git check-ignore: ${why}: ${result.output.trim().slice(-300)}`);
}

function* batches(paths: readonly string[]): Generator<string[]> {
  let batch: string[] = [];
  let size = 0;
  for (const path of paths) {
    batch.push(path);
    size += Buffer.byteLength(path) + 1;
    if (size < BATCH_BYTES) continue;
    yield batch;
    batch = [];
    size = 0;
  }
  if (batch.length > 0) yield batch;
}
