import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { findBinaries, StackUnavailable } from './binaries.ts';
import { BrowserSession } from './browser.ts';
import { ForgeClient, type RepoName } from './forge-client.ts';
import { startGitea, type Account, type IniSections } from './gitea.ts';
import { killMarked, MARK, startWatchdog } from './processes.ts';
import { pushFiles, type RepositoryFiles } from './publish.ts';
import { startRunner, type Runner, type RunnerSpec } from './runner.ts';

export { gitEnv } from './publish.ts';
export { StackUnavailable } from './binaries.ts';

export interface StackOptions {
  /** Seconds between two polls of a runner, as `fetch_interval` of act_runner. Default 2, its default. */
  readonly fetchIntervalS?: number;
  /** Default: one with every label; [] = none. */
  readonly runners?: readonly RunnerSpec[];
  /** Login of the account that owns the repositories. Default `acme`. */
  readonly owner?: string;
  /** Extra sections and keys of app.ini. */
  readonly ini?: IniSections;
  readonly log?: (line: string) => void;
}

export interface StackRepository {
  readonly fullName: RepoName;
  readonly owner: string;
  readonly name: string;
  readonly url: string;
  readonly cloneUrl: string;
  /** Commit of the first push. */
  readonly head: string;
}

export interface NewRepository {
  readonly name: string;
  readonly files: RepositoryFiles;
  readonly private?: boolean;
  /** Right of the bot. Default write; null = no collaborator. */
  readonly bot?: 'write' | 'admin' | null;
  /** `conveyor/**` for the bot alone; main without direct pushes, merged by the bot, with these contexts. */
  readonly protect?: { readonly requiredContexts?: readonly string[] };
}

/** A real Gitea with real runners on loopback; disposing ends every process and removes every file of it. */
export interface Stack extends AsyncDisposable {
  readonly url: string;
  readonly folder: string;
  /** Site administrator; `forge` acts as this account. */
  readonly admin: Account;
  readonly owner: Account;
  readonly bot: Account;
  readonly outsider: Account;
  readonly forge: ForgeClient;
  /** The first runner. */
  readonly runner: Runner;
  readonly runners: readonly Runner[];
  createRepository(wanted: NewRepository): Promise<StackRepository>;
  /** Public `<owner>/conveyor` with the content of a folder under a new tag; answers what `uses:` needs. */
  publishActions(
    folder: string,
    tag?: string,
  ): Promise<{ readonly repository: RepoName; readonly ref: string; readonly sha: string }>;
  cancelRunInUi(repo: RepoName, run: number): Promise<void>;
  rerunInUi(repo: RepoName, run: number, job?: number): Promise<void>;
  /** Steps of a job with their own states, as the run's page shows them. */
  stepStates(repo: RepoName, run: number, job: number): Promise<readonly (readonly [name: string, state: string])[]>;
  /** The last lines that forge and runners wrote, for a failure report. */
  logs(): string;
}

/**
 * Brings up the stack. Binaries are built on the first use (minutes), a start takes seconds.
 * @throws StackUnavailable when this machine cannot have one.
 */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const log = options.log ?? (() => {});
  const binaries = await findBinaries(log);
  const mark = randomBytes(8).toString('hex');
  const folder = mkdtempSync(path.join(os.tmpdir(), 'conveyor-stack-'));
  const watchdog = startWatchdog(mark, folder);
  const clean = async () => {
    killMarked(null, mark);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    watchdog.release();
  };
  try {
    const env = {
      [MARK]: mark,
      PATH: process.env['PATH'] ?? '/usr/bin:/bin',
      LANG: 'C.UTF-8',
      TMPDIR: path.join(folder, 'tmp'),
    };
    for (const name of ['tmp', 'gitea', 'runners']) mkdirSync(path.join(folder, name));
    log('starting Gitea');
    const gitea = await startGitea(binaries, path.join(folder, 'gitea'), env, options.ini ?? {});
    const forge = new ForgeClient(gitea.url, gitea.admin);
    const owner = await forge.createAccount(options.owner ?? 'acme');
    const bot = await forge.createAccount('conveyor-bot');
    const outsider = await forge.createAccount('outsider');
    const runners: Runner[] = [];
    for (const [index, spec] of (options.runners ?? [{}]).entries()) {
      log(`starting runner ${index + 1} (${binaries.runnerKind})`);
      const own = path.join(folder, 'runners', String(index + 1));
      mkdirSync(own);
      const fetchIntervalS = options.fetchIntervalS ?? 2;
      const around = {
        binaries,
        url: gitea.url,
        folder: own,
        env,
        fetchIntervalS,
        registrationToken: gitea.registrationToken,
      };
      runners.push(await startRunner({ name: `stack-${index + 1}`, ...spec }, around));
    }
    const logFiles = [gitea.logFile, ...runners.map((runner) => runner.logFile)];
    const browser = new BrowserSession(gitea.url, owner);
    return {
      url: gitea.url,
      folder,
      admin: gitea.admin,
      owner,
      bot,
      outsider,
      forge,
      runners,
      get runner() {
        const first = runners[0];
        if (first === undefined) throw new Error('this stack was started without a runner');
        return first;
      },
      createRepository: (wanted) => createRepository({ url: gitea.url, forge, owner, bot }, wanted),
      publishActions: (source, tag) => publishActions({ url: gitea.url, forge, owner, bot }, source, tag),
      cancelRunInUi: (repo, run) => browser.cancelRun(repo, run),
      rerunInUi: (repo, run, job) => browser.rerun(repo, run, job),
      stepStates: (repo, run, job) => browser.stepStates(repo, run, job),
      logs: () => logFiles.map(tail).join('\n'),
      [Symbol.asyncDispose]: clean,
    };
  } catch (error) {
    await clean();
    throw error;
  }
}

/** The stack, or null with one visible line when this machine cannot have one; in CI that is a failure. */
export async function startStackOrSkip(options: StackOptions = {}): Promise<Stack | null> {
  try {
    return await startStack(options);
  } catch (error) {
    if (!(error instanceof StackUnavailable) || process.env['CI'] === 'true') throw error;
    process.stderr.write(`skipped: ${error.message}\n`);
    return null;
  }
}

interface Seeding {
  readonly url: string;
  readonly forge: ForgeClient;
  readonly owner: Account;
  readonly bot: Account;
}

async function createRepository({ url, forge, owner, bot }: Seeding, wanted: NewRepository): Promise<StackRepository> {
  const create = { name: wanted.name, private: wanted.private ?? false, auto_init: false, default_branch: 'main' };
  await forge.call('POST', `/admin/users/${owner.login}/repos`, create);
  const fullName = `${owner.login}/${wanted.name}`;
  const cloneUrl = `${url}/${fullName}.git`;
  const head = await pushFiles(owner, cloneUrl, wanted.files, { branch: 'main' });
  await settled(forge, fullName);
  const right = wanted.bot === undefined ? 'write' : wanted.bot;
  if (right !== null) await forge.addCollaborator(fullName, bot.login, right);
  if (wanted.protect !== undefined) {
    await forge.protectBranch(fullName, 'conveyor/**', { push: [bot.login] });
    await forge.protectBranch(fullName, 'main', {
      merge: [bot.login],
      requiredContexts: wanted.protect.requiredContexts ?? [],
    });
  }
  return { fullName, owner: owner.login, name: wanted.name, url: `${url}/${fullName}`, cloneUrl, head };
}

async function publishActions(
  { url, forge, owner }: Seeding,
  source: string,
  tag: string = `release-${randomBytes(4).toString('hex')}`,
): Promise<{ repository: RepoName; ref: string; sha: string }> {
  const repository = `${owner.login}/conveyor`;
  if (!(await forge.api(`/repos/${repository}`)).ok)
    await forge.call('POST', `/admin/users/${owner.login}/repos`, {
      name: 'conveyor',
      private: false,
      default_branch: 'main',
    });
  const sha = await pushFiles(owner, `${url}/${repository}.git`, source, { branch: 'main', tag });
  await settled(forge, repository);
  return { repository, ref: tag, sha };
}

/** The forge learns of a first push a moment later; until then it panics on a dispatch (1.26.0). */
async function settled(forge: ForgeClient, repo: RepoName): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    const { empty } = await forge.call<{ empty: boolean }>('GET', `/repos/${repo}`);
    if (!empty && (await forge.api(`/repos/${repo}/branches/main`)).ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`the forge did not take notice of the first push to ${repo}`);
}

function tail(file: string): string {
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(-60) : [];
  return [`=== ${path.basename(file)}`, ...lines].join('\n');
}
