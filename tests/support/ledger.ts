import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGit } from '../../lib/adapters/git/bare.ts';
import { createRepositoryGit } from '../../lib/adapters/git/repository.ts';
import type { GitPort } from '../../lib/ports/git.ts';
import { type LedgerPorts, type LedgerPoint, initLedger } from '../../lib/ledger/store.ts';
import { type Config, parseConfig } from '../../lib/pipeline/config.ts';
import type { Gesture } from '../../lib/pipeline/events.ts';
import { pass } from '../../lib/pipeline/verdict.ts';

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
export const author = { name: 'Ada', email: 'ada@example.test' };

export function testConfig(overrides = ''): Config {
  const parsed = parseConfig(
    `version: 1\nproject: {prefix: ET}\ntracker: {kind: file}\nagents: {adapter: scripted}\n${overrides}`,
  );
  if (!parsed.ok) throw new Error(parsed.errors.join('\n'));
  return parsed.config;
}

/** What a job remembers of the ledger, for as long as the test likes. */
export function createMemory(): NonNullable<LedgerPorts['memory']> {
  let point: LedgerPoint | null = null;
  return {
    seen: async () => point,
    see: async (seen) => {
      point = seen;
    },
  };
}

/** A bare repository with main and ledger, and any number of writers with clones of their own. */
export async function createLedgerFixture() {
  const folder = await mkdtemp(join(tmpdir(), 'conveyor-ledger-'));
  const remote = join(folder, 'remote.git');
  const env = { PATH: process.env['PATH'] };
  const seed = await createGit({ dir: remote, remote: '.', token: null, env });
  const main = await seed.commit({
    base: null,
    parents: [],
    changes: [{ path: 'README.md', content: '# x\n' }],
    message: 'first',
    author,
    at: new Date(0),
  });
  let count = 0;
  await using undo = new AsyncDisposableStack();
  undo.defer(() => rm(folder, { recursive: true, force: true }));
  const open = {
    clone: (dir: string): Promise<GitPort> => createGit({ dir, remote, token: null, env }),
    direct: async (dir: string): Promise<GitPort> =>
      owned.use(await createRepositoryGit({ dir, repository: remote, env })),
  };
  const writer = async (kind: keyof typeof open = 'clone'): Promise<LedgerPorts> => ({
    git: await open[kind](join(folder, `${kind}-${(count += 1)}`)),
    clock: { now: () => new Date(), sleep: (ms) => new Promise((done) => setTimeout(done, ms / 10)) },
    log: quiet,
    mainRef: 'refs/heads/main',
    random: Math.random,
  });
  const first = await writer();
  await first.git.commit({
    base: null,
    parents: [],
    changes: [{ path: 'README.md', content: '# x\n' }],
    message: 'first',
    author,
    at: new Date(0),
  });
  await first.git.push([{ ref: 'refs/heads/main', to: main, expect: null }]);
  await initLedger(first);
  const owned = undo.move();
  return {
    folder,
    remote,
    writer,
    first,
    main,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

export function startGesture(number: number, over: Partial<Gesture> = {}): Gesture {
  return {
    type: 'gesture',
    action: 'start',
    item: null,
    issue: {
      id: `issue-${number}`,
      sequence: number,
      title: `Title ${number}`,
      description: 'A description that is long enough',
      labels: [],
    },
    row: { id: `row-${number}`, at: `2026-01-20T10:00:${String(number).padStart(2, '0')}.000Z` },
    by: 'ada',
    via: 'tracker',
    reason: null,
    digest: null,
    entry: pass({ gate: 'entry', code: 'ENTRY_OK', text: 'ok' }),
    archived: null,
    known: [],
    ...over,
  };
}
