import { simpleGit } from 'simple-git';
import { ExternalError, errorText } from '../../base/errors.ts';

export interface SeedOptions {
  /** Folder whose files become the first commit; what its `.gitignore` names stays out. */
  readonly folder: string;
  /** Path of the bare repository that is made. */
  readonly repository: string;
  readonly branch: string;
  readonly author: { readonly name: string; readonly email: string };
  /** The caller's environment; only what git needs of it is used. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Makes a bare repository with one commit of a folder; answers the commit. The folder gets no `.git`, no configuration
 * of the machine takes part. Throws ExternalError GIT_SEED.
 */
export async function seedRepository(options: SeedOptions): Promise<string> {
  const { folder, repository, branch, author, env } = options;
  // HOME without a .gitconfig, and no settings of the system: only what stands here takes part.
  const machine = { PATH: env['PATH'], HOME: repository, LC_ALL: 'C', GIT_CONFIG_NOSYSTEM: '1' };
  const work = {
    ...machine,
    GIT_DIR: repository,
    GIT_WORK_TREE: folder,
    GIT_AUTHOR_NAME: author.name,
    GIT_AUTHOR_EMAIL: author.email,
    GIT_COMMITTER_NAME: author.name,
    GIT_COMMITTER_EMAIL: author.email,
  };
  const git = simpleGit({ baseDir: folder, allowEnvironment: Object.keys(work) });
  try {
    await git.env(machine).raw('init', '--quiet', '--bare', `--initial-branch=${branch}`, repository);
    git.env(work);
    await git.raw('add', '--all');
    await git.raw('commit', '--quiet', '--message', 'First commit');
    return (await git.raw('rev-parse', 'HEAD')).trim();
  } catch (thrown) {
    throw new ExternalError(
      'GIT_SEED',
      `${repository} could not be made from ${folder}: ${errorText(thrown)}`,
      { retryable: false },
      { cause: thrown },
    );
  }
}
