// Prints "ledger write cost with N archived items ÷ with none" (design §11): one person's start of an item, decided and
// pushed from a fresh clone as every control run does it, on a bare repository and, where the machine has one, on the
// real forge. For information: looking an issue up in the archive, and moving an item there.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createGit } from '../../lib/adapters/git/bare.ts';
import { type LedgerPorts, CONTROL_RUN, initLedger, writeLedger } from '../../lib/ledger/store.ts';
import { transact } from '../../lib/ledger/transact.ts';
import type { Session } from '../../lib/steps/engine.ts';
import { archiveFinished, findArchived } from '../../lib/steps/archive.ts';
import { createSystemClock } from '../../lib/runtime/clock.ts';
import { startGesture, testConfig } from '../support/ledger.ts';
import { gitEnv } from '../stack/publish.ts';
import { type Stack, startStackOrSkip } from '../stack/stack.ts';
import { archivedId, writeArchive } from './ledger/archive.ts';
import { median, tellResult, timed } from './report.ts';

const SIZES = [0, 1000, 10_000] as const;
const TARGET = { sign: '≤', value: 1.1 } as const;
const ROUNDS = 20;
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const config = testConfig('intake: {serial: false}');
const run = promisify(execFile);

interface Place {
  readonly remote: string;
  readonly token: string | null;
}

const folder = mkdtempSync(join(tmpdir(), 'conveyor-bench-ledger-'));
let clones = 0;
try {
  await measure('bare repository', (repository) => Promise.resolve({ remote: repository, token: null }));
  await using stack = await startStackOrSkip({ runners: [] });
  if (stack !== null) await measure('real forge', (repository, size) => onForge(stack, repository, size));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function onForge(stack: Stack, repository: string, size: number): Promise<Place> {
  const { cloneUrl } = await stack.createRepository({
    name: `ledger-${size}`,
    files: new Map([['README.md', '# x\n']]),
  });
  await run('git', ['-C', repository, 'push', '--quiet', '--force', cloneUrl, '--all'], { env: gitEnv(stack.owner) });
  return { remote: cloneUrl, token: stack.owner.token };
}

/** `placeOf` brings a ready bare repository to where it is written to. */
async function measure(where: string, placeOf: (repository: string, size: number) => Promise<Place>): Promise<void> {
  const places = new Map<number, Place>();
  for (const size of SIZES) {
    const repository = join(folder, `source-${where.replace(' ', '-')}-${size}.git`);
    await prepare(repository, size);
    places.set(size, await placeOf(repository, size));
  }
  const writes = new Map(SIZES.map((size) => [size, [] as number[]]));
  const lookups = new Map(SIZES.map((size) => [size, [] as number[]]));
  const moves = new Map(SIZES.map((size) => [size, [] as number[]]));
  for (let round = 0; round <= ROUNDS; round += 1)
    // Another order in each round: nobody is always the first after the one before.
    for (const size of SIZES.map((_, index) => SIZES[(index + round) % SIZES.length] as (typeof SIZES)[number])) {
      const place = places.get(size) as Place;
      const write = await timed(async () => start(await createWriter(place), round));
      const lookup = await timed(async () => lookUp(await createWriter(place), size));
      const move = await timed(async () => archive(await createWriter(place), `ET-${round + 1}`));
      if (round === 0) continue;
      writes.get(size)?.push(write);
      lookups.get(size)?.push(lookup);
      moves.get(size)?.push(move);
    }
  tell(`${where}, archive move`, moves);
  tell(`${where}, archive look-up`, lookups);
  tell(`${where}, ledger write`, writes);
  const none = median(writes.get(0) ?? []);
  for (const size of SIZES.slice(1))
    tellResult(
      `ledger write with ${size} archived items ÷ with none, ${where}`,
      median(writes.get(size) ?? []) / none,
      TARGET,
    );
}

function tell(what: string, times: ReadonlyMap<number, readonly number[]>): void {
  const cells = [...times].map(([size, values]) => `${size}: ${median(values).toFixed(0)} ms`);
  console.log(`${what.padEnd(32)} ${cells.join('   ')}`);
}

async function createWriter({ remote, token }: Place): Promise<LedgerPorts> {
  clones += 1;
  const git = await createGit({
    dir: join(folder, `clone-${clones}`),
    remote,
    token,
    env: { PATH: process.env['PATH'] },
  });
  return { git, clock: createSystemClock(), log: quiet, mainRef: 'refs/heads/main', random: Math.random };
}

/** A bare repository with main, a ledger and an archive of that size. */
async function prepare(repository: string, size: number): Promise<void> {
  await run('git', ['init', '--quiet', '--bare', '--initial-branch=main', repository]);
  // As every forge has it; without it git sends whatever was left out.
  await run('git', ['-C', repository, 'config', 'uploadpack.allowFilter', 'true']);
  const ports = await createWriter({ remote: repository, token: null });
  const author = { name: 'Bench', email: 'bench@conveyor.invalid' };
  const changes = [{ path: 'README.md', content: '# x\n' }];
  const main = await ports.git.commit({ base: null, parents: [], changes, message: 'first', author, at: new Date(0) });
  await ports.git.push([{ ref: 'refs/heads/main', to: main, expect: null }]);
  await initLedger(ports);
  await writeArchive(repository, size);
}

async function start(ports: LedgerPorts, round: number): Promise<void> {
  const { pushed } = await transact(ports, {
    events: () => [startGesture(round + 1)],
    config,
    configCommit: null,
    run: 'bench',
    limits: CONTROL_RUN,
    businessRequest: (item) => `# ${item.title}\n`,
  });
  if (!pushed) throw new Error('the start of an item was not pushed');
}

// What the archive's functions use of a session.
function sessionOf({ git, clock }: LedgerPorts): Session {
  return { engine: { git, clock } } as unknown as Session;
}

async function lookUp(ports: LedgerPorts, size: number): Promise<void> {
  const known = size === 0 ? [] : [archivedId(Math.floor(size / 2))];
  const found = await findArchived(sessionOf(ports), [...known, 'ET-99999']);
  if (found.size !== known.length)
    throw new Error(`the archive of ${size} items answered for ${found.size} of ${known.length}`);
}

async function archive(ports: LedgerPorts, id: string): Promise<void> {
  const push = await writeLedger(
    ports,
    async (view) => {
      const leaving = [...view.snapshot.items.values()].filter((item) => item.id === id);
      if (leaving.length !== 1) throw new Error(`${id} is not live`);
      const { next, refs } = await archiveFinished(sessionOf(ports), view, view.snapshot, leaving);
      return { next, lines: [], refs, removed: [id], message: `archive ${id}`, run: 'bench', config: null };
    },
    CONTROL_RUN,
  );
  if (push === null) throw new Error(`${id} was not archived`);
}
