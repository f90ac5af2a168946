import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalForge } from '../../lib/adapters/forge/local.ts';
import { createGit } from '../../lib/adapters/git/bare.ts';
import { createShell } from '../../lib/adapters/shell/process.ts';
import type { GitPort, Sha } from '../../lib/ports/git.ts';
import type { GatePorts } from '../../lib/steps/gate/place.ts';

const author = { name: 'Ada', email: 'ada@example.test' };
export const NOW = '2026-01-20T10:00:00.000Z';
type Files = Readonly<Record<string, string | null>>;

/** A real bare repository with a branch, the local forge beside it, and a clone for the gate. */
export async function createRepository() {
  const folder = await mkdtemp(join(tmpdir(), 'conveyor-gate-'));
  const env = { PATH: process.env['PATH'] };
  const remote = join(folder, 'remote.git');
  await createGit({ dir: remote, remote: '.', token: null, env });
  const open = (name: string) => createGit({ dir: join(folder, name), remote, token: null, env });
  const author_ = await open('author.git');
  const clock = { now: () => new Date(NOW), sleep: async () => undefined };
  const forge = await createLocalForge({
    folder: join(folder, 'forge'),
    git: await open('forge.git'),
    mainBranch: 'main',
    clock,
    titleOf: () => null,
    start: () => undefined,
  });
  const tips = new Map<string, Sha>();

  /** One commit on a branch; a new branch starts at `from`. null deletes a file. */
  async function commit(branch: string, files: Files, from?: Sha): Promise<Sha> {
    const known = tips.get(branch) ?? null;
    const parent = known ?? from ?? null;
    const changes = Object.entries(files).map(([path, content]) => ({
      path,
      content,
      mode: content?.startsWith('#!') ? '100755' : '100644',
    }));
    const sha = await author_.commit({
      base: parent,
      parents: parent === null ? [] : [parent],
      changes,
      message: `change ${Object.keys(files).join(', ')}`,
      author,
      at: new Date(NOW),
    });
    const pushed = await author_.push([{ ref: `refs/heads/${branch}`, to: sha, expect: known }]);
    if (!pushed.ok) throw new Error(pushed.text);
    tips.set(branch, sha);
    return sha;
  }

  /** Ports of a gate that runs on a branch, as the runner would start it. */
  async function ports(
    branch: string,
    more: Readonly<Record<string, string>> = {},
  ): Promise<GatePorts & { readonly git: GitPort }> {
    const scratch = await mkdtemp(join(folder, 'job-'));
    await mkdir(join(scratch, 'workspace'));
    return {
      git: await open(join(scratch, 'gate.git').slice(folder.length + 1)),
      forge,
      shell: createShell(),
      clock,
      repository: 'acme/trails',
      run: '77',
      runUrl: 'http://127.0.0.1/runs/77',
      scratch,
      env: {
        ...env,
        GITHUB_REF: `refs/heads/${branch}`,
        GITHUB_SHA: tips.get(branch) ?? '',
        GITHUB_WORKSPACE: join(scratch, 'workspace'),
        SECRET_TOKEN: 'must-not-leak',
        ...more,
      },
      redact: (text) => text,
    };
  }
  return {
    forge,
    commit,
    ports,
    tip: (branch: string) => tips.get(branch) ?? '',
    git: author_,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
