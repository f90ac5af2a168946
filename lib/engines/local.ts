import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createCommandAgent } from '../adapters/agent/command.ts';
import { createScriptedAgent } from '../adapters/agent/scripted.ts';
import { createConsoleChat } from '../adapters/chat/console.ts';
import { type LocalForge, createLocalForge } from '../adapters/forge/local.ts';
import { rememberObjects } from '../adapters/git/remember.ts';
import { createRepositoryGit } from '../adapters/git/repository.ts';
import { createFolderHandover } from '../adapters/handover/folder.ts';
import { sendHttp } from '../adapters/http/send.ts';
import { createShell } from '../adapters/shell/process.ts';
import { warnOfSurvivors } from '../adapters/shell/warn-survivors.ts';
import { createFileTracker } from '../adapters/tracker/file.ts';
import { ConfigError, errorText } from '../base/errors.ts';
import { createRedactor } from '../base/redact.ts';
import { STAGES, type Stage, stageRow } from '../pipeline/stages.ts';
import type { Clock } from '../ports/clock.ts';
import type { Run } from '../ports/forge.ts';
import type { GitPort } from '../ports/git.ts';
import type { Log } from '../ports/log.ts';
import type { Answer } from '../pipeline/events.ts';
import { type LedgerView, initLedger, loadLedger } from '../ledger/store.ts';
import { confirmDeploy, control } from '../steps/control.ts';
import { type Engine, ledgerPorts, openSession } from '../steps/engine.ts';
import { createDesk } from '../steps/feed.ts';
import { createPlainMemory } from '../steps/job-memory.ts';
import { intake } from '../steps/intake.ts';
import { reconcile } from '../steps/reconcile.ts';
import { type StepResult, runStep } from '../steps/run-step.ts';
import { assetFolder } from '../runtime/assets.ts';
import { createSystemClock } from '../runtime/clock.ts';

export interface LocalOptions {
  /** Bare repository that plays the forge. */
  readonly repository: string;
  /** Folder for records, hand-overs and issues. */
  readonly folder: string;
  readonly mainBranch: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  readonly deploySecrets?: Readonly<Record<string, string>>;
  readonly cardLine?: (line: string) => void;
  /** Told of each git process when it ended: how long it took, in milliseconds. */
  readonly onGit?: (ms: number) => void;
  /** Called when a run began and when it ended. */
  readonly onRun?: (run: Run, state: 'running' | 'success' | 'failure') => void;
  /** Called when a step of a run ended. */
  readonly onStep?: (event: {
    readonly run: Run;
    readonly job: string;
    readonly step: string;
    readonly result: StepResult | null;
    readonly error: string | null;
  }) => void;
}

export interface LocalEngine extends AsyncDisposable {
  readonly forge: LocalForge;
  /** Folder of the issues of the tracker `file`. */
  readonly issues: string;
  readonly clock: Clock;
  intake(issues: readonly string[]): Promise<readonly string[]>;
  control(input: { command: string; item: string; reason: string; by: string }): Promise<Answer>;
  confirm(input: { item: string; digest: string; by: string }): Promise<Answer>;
  reconcile(): Promise<readonly string[]>;
  /** The repository: objects may be read, refs are the pipeline's. */
  readonly git: GitPort;
  /** The ledger as it is now. */
  view(): Promise<LedgerView>;
  /** An engine of its own for a look at the ledger; dispose of its folder with the engine. */
  open(run: string): Promise<Engine>;
  /** Starts again what was queued or at work when an earlier process over these folders ended; the token decides whether it may land. */
  resume(): Promise<void>;
  /** Resolves when no run is queued or at work. */
  idle(): Promise<void>;
}

/** The stage whose run a workflow file is; null = the local engine has no such workflow. */
function stageOf(workflow: string): Stage | null {
  const name = /^conveyor-(.+)\.yml$/.exec(workflow)?.[1];
  const stage = STAGES.find((candidate) => candidate === name);
  return stage !== undefined && stageRow(stage).jobs.length > 0 ? stage : null;
}

/** The embedded engine: the same steps over a bare repository, runs in this process, no server and no network. spec: design §6 */
export async function createLocalEngine(options: LocalOptions): Promise<LocalEngine> {
  const { repository, folder, mainBranch, env, log } = options;
  const clock = createSystemClock();
  const scratch = await mkdtemp(join(tmpdir(), 'conveyor-local-'));
  const issues = join(folder, 'issues');
  await mkdir(issues, { recursive: true });
  // One for all jobs: nothing in its folder changes, and what one job read the next one need not read again.
  const repositoryGit = await createRepositoryGit({
    dir: join(scratch, 'git'),
    repository,
    env,
    ...(options.onGit === undefined ? {} : { onRun: options.onGit }),
  });
  const git = rememberObjects(repositoryGit);
  const redact = createRedactor(Object.values(options.deploySecrets ?? {}));
  const shell = warnOfSurvivors(createShell(), log);
  const stop = new AbortController();
  const running = new Set<Promise<void>>();
  let jobs = 0;

  const forge = await createLocalForge({
    folder,
    git,
    mainBranch,
    clock,
    titleOf: (workflow, inputs) => (stageOf(workflow) === null ? null : (inputs['title'] ?? workflow)),
    start,
  });

  const open = async (run: string): Promise<Engine> => {
    jobs += 1;
    const job = join(scratch, `job-${jobs}`);
    await mkdir(job, { recursive: true });
    return {
      run,
      runUrl: null,
      repository: 'local/repository',
      mainBranch,
      git,
      code: git,
      forge,
      shell,
      clock,
      log,
      handover: createFolderHandover({ folder: join(folder, 'handover'), runId: run }),
      random: Math.random,
      scratch: job,
      memory: createPlainMemory(),
      env,
      agentsFolder: assetFolder('agents'),
      deploySecrets: options.deploySecrets ?? {},
      redact,
      stop: stop.signal,
      probe: async (url, timeoutMs) =>
        sendHttp({ method: 'GET', url, timeoutMs }).then(
          (answer) => answer.status,
          () => null,
        ),
      createTracker(config) {
        if (config.tracker.kind !== 'file')
          throw new ConfigError('TRACKER_KIND', 'the local engine has the tracker "file": set tracker.kind: file');
        return createFileTracker({ folder: issues, clock });
      },
      createChat: (config) =>
        config.chat.kind === 'console' ? createConsoleChat({ write: options.cardLine ?? log.info }) : null,
      async createAgent(config, scenario) {
        const runtime = { shell, clock, redact, log };
        if (config.agents.adapter === 'scripted') {
          if (scenario === null)
            throw new ConfigError('SCENARIO_MISSING', 'agents.adapter is scripted: add .conveyor/scenario.yml');
          return createScriptedAgent({ ...runtime, scenario });
        }
        if (config.agents.command === undefined) throw new ConfigError('AGENT_COMMAND', 'agents.command is missing');
        return createCommandAgent({
          ...runtime,
          command: config.agents.command,
          env: { PATH: env['PATH'] ?? '' },
          folder: job,
        });
      },
    };
  };

  function start(run: Run, inputs: Readonly<Record<string, string>>): void {
    // The record stays; `resume` of the next process goes on with it.
    if (stop.signal.aborted) return;
    const ended = execute(run, inputs)
      .catch((thrown: unknown) => log.error(`${run.title}: ${errorText(thrown)}`))
      .finally(() => running.delete(ended));
    running.add(ended);
  }

  /** The jobs of a stage run, one after the other; later jobs start whatever became of the earlier ones. */
  async function execute(run: Run, inputs: Readonly<Record<string, string>>): Promise<void> {
    await forge.setRunState(run.id, 'running');
    options.onRun?.(run, 'running');
    const stage = stageOf(run.workflow);
    if (stage === null) return;
    const input = {
      item: inputs['item'] ?? '',
      token: inputs['token'] ?? '',
      round: Number(inputs['round'] ?? 1),
      attempt: Number(inputs['attempt'] ?? 1),
    };
    let red = false;
    for (const job of stageRow(stage).jobs) {
      const engine = await open(String(run.id));
      for (const step of job.steps) {
        try {
          const result = await runStep(step, engine, input);
          red ||= result.result === 'fail';
          options.onStep?.({ run, job: job.name, step, result, error: null });
        } catch (thrown) {
          red = true;
          log.error(`${run.title}: ${step}: ${errorText(thrown)}`);
          options.onStep?.({ run, job: job.name, step, result: null, error: errorText(thrown) });
        }
      }
      await rm(engine.scratch, { recursive: true, force: true });
    }
    await forge.setRunState(run.id, red ? 'failure' : 'success');
    options.onRun?.(run, red ? 'failure' : 'success');
  }

  const view = () => loadLedger({ git, clock, log, random: Math.random, mainRef: `refs/heads/${mainBranch}` });

  async function resume(): Promise<void> {
    for (const { id, token, stage, rounds, dispatch } of (await view()).snapshot.items.values()) {
      const run = dispatch?.run == null || token === null ? null : await forge.getRun(Number(dispatch.run));
      if (run === null || (run.state !== 'queued' && run.state !== 'running')) continue;
      const attempt = /· attempt (\d+) ·/.exec(run.title)?.[1] ?? '1';
      start(run, { item: id, token: token ?? '', round: String(rounds[stage] ?? 1), attempt });
    }
  }

  let controls = 0;
  const controlRun = async () => {
    controls += 1;
    const engine = await open(String(1_000_000 + controls));
    return createDesk(await openSession(engine));
  };
  await initLedger(ledgerPorts(await open('0')));
  return {
    forge,
    issues,
    clock,
    git,
    view,
    open,
    intake: async (ids) => (await intake(await controlRun(), { issues: ids, ciCommit: null, pull: null })).lines,
    control: async (input) => control(await controlRun(), input),
    confirm: async (input) => confirmDeploy(await controlRun(), input),
    reconcile: async () => (await reconcile(await controlRun())).plan,
    resume,
    async idle() {
      while (running.size > 0) await Promise.all(running);
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      while (running.size > 0) await Promise.allSettled(running);
      await repositoryGit[Symbol.asyncDispose]();
      await rm(scratch, { recursive: true, force: true });
    },
  };
}

/** Folder of the executable of this process, so that commands find the same Node. */
export const nodeFolder = () => dirname(process.execPath);
