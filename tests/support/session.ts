import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGit } from '../../lib/adapters/git/bare.ts';
import { createLocalEngine } from '../../lib/engines/local.ts';
import type { Engine, Session } from '../../lib/steps/engine.ts';
import { openSession } from '../../lib/steps/engine.ts';
import { author } from './ledger.ts';

/** Configuration of a repository without deploy, worked on by scripted agents. */
const CONFIG = 'version: 1\nproject: {prefix: ET}\ntracker: {kind: file}\nagents: {adapter: scripted}\n';

export interface RepositoryOptions {
  /** Lines added to the configuration. */
  readonly config?: string;
  /** Further files of main: path → content. */
  readonly files?: Readonly<Record<string, string>>;
}

/** A bare repository with a configured main and the local engine over it; warnings and errors are kept. */
export async function createRepositoryFixture({ config = '', files = {} }: RepositoryOptions = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'conveyor-session-'));
  const repository = join(folder, 'remote.git');
  const env = { PATH: process.env['PATH'] };
  await createGit({ dir: repository, remote: '.', token: null, env });
  const seed = await createGit({ dir: join(folder, 'seed.git'), remote: repository, token: null, env });
  const changes = Object.entries({ '.conveyor/config.yml': CONFIG + config, ...files }).map(([path, content]) => ({
    path,
    content,
  }));
  const main = await seed.commit({ base: null, parents: [], changes, message: 'first', author, at: new Date(0) });
  const pushed = await seed.push([{ ref: 'refs/heads/main', to: main, expect: null }]);
  if (!pushed.ok) throw new Error(pushed.text);
  const said: string[] = [];
  const log = {
    debug() {},
    info() {},
    warn: (text: string) => void said.push(text),
    error: (text: string) => void said.push(text),
  };
  const local = await createLocalEngine({
    repository,
    folder: join(folder, 'engine'),
    mainBranch: 'main',
    env: process.env,
    log,
  });
  return {
    local,
    main,
    /** Warnings and errors of the engine. */
    said,
    /** A session of its own, with parts of the engine replaced. */
    session: async (over: Partial<Engine> = {}): Promise<Session> =>
      openSession({ ...(await local.open('42')), ...over }),
    async [Symbol.asyncDispose]() {
      await local[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
