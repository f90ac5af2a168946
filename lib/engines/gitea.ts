import type { createPlaneTracker as CreatePlaneTracker } from '../adapters/tracker/plane.ts';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type GiteaForgeOptions, createGiteaForge } from '../adapters/forge/gitea.ts';
import { RepositoryAnswer } from '../adapters/forge/gitea-answers.ts';
import { createGit } from '../adapters/git/bare.ts';
import { fetchAhead } from '../adapters/git/fetch-ahead.ts';
import { sendHttp } from '../adapters/http/send.ts';
import { createShell } from '../adapters/shell/process.ts';
import { warnOfSurvivors } from '../adapters/shell/warn-survivors.ts';
import { ConfigError } from '../base/errors.ts';
import { publicBase } from '../report/links.ts';
import type { Config } from '../pipeline/config.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import { assetFolder } from '../runtime/assets.ts';
import { loadEventPayload } from '../runtime/event-payload.ts';
import { deploySecretsOf } from '../runtime/secrets.ts';
import type { RunContext } from '../runtime/run-context.ts';
import { LEDGER_REF } from '../ledger/refs.ts';
import type { Engine } from '../steps/engine.ts';
import { createJobMemory } from '../steps/job-memory.ts';

export interface GiteaEngineOptions {
  readonly run: RunContext;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Job token (read-only jobs) or bot token. */
  readonly token: string;
  /** null in jobs that have no business with the tracker. */
  readonly tracker: { readonly url: string; readonly token: string } | null;
  readonly clock: Clock;
  readonly log: Log;
  readonly redact: (text: string) => string;
  readonly stop: AbortSignal;
  /** Private folder of this job, shared by its steps. */
  readonly scratch: string;
  /** Whether the ledger is fetched while the program that reads it is still being loaded. */
  readonly ledger: boolean;
}

/** The composition root of a job on Gitea Actions. Adapters that many steps do not need are loaded when they are. */
export async function createGiteaEngine(options: GiteaEngineOptions): Promise<Engine> {
  const { run, env, token, clock, log, redact, scratch } = options;
  const { owner, name } = run.repository;
  await mkdir(scratch, { recursive: true });
  const remote = `${run.serverUrl}/${owner}/${name}.git`;
  const memory = createJobMemory(scratch, () => clock.now().getTime());
  // The desk's adapters are loaded while the forge answers.
  const [forge, code, plane, chat, seen] = await Promise.all([
    loadRepository().then((known) => createGiteaForge({ url: run.serverUrl, owner, repo: name, token, log, ...known })),
    createGit({ dir: join(scratch, 'code.git'), remote, token, env }),
    options.tracker === null ? null : import('../adapters/tracker/plane.ts'),
    options.tracker === null ? null : import('../adapters/chat/console.ts'),
    memory.seen(),
  ]);
  const git = await createGit({ dir: join(scratch, 'ledger.git'), remote, token, alternates: [code.dir], env });
  const main = `refs/heads/${forge.defaultBranch}`;
  const shell = warnOfSurvivors(createShell(), log);
  return {
    run: run.runId,
    runUrl: run.runUrl,
    repository: `${owner}/${name}`,
    mainBranch: forge.defaultBranch,
    git: options.ledger && seen === null ? fetchAhead(git, [LEDGER_REF, main]) : git,
    code,
    forge,
    shell,
    clock,
    log,
    handover: handoverOf(run),
    random: Math.random,
    scratch,
    memory,
    env,
    agentsFolder: assetFolder('agents'),
    deploySecrets: deploySecretsOf(env),
    redact,
    stop: options.stop,
    probe: async (url, timeoutMs) =>
      sendHttp({ method: 'GET', url, timeoutMs }).then(
        (answer) => answer.status,
        () => null,
      ),
    createTracker: (config) => trackerOf(config, options, plane?.createPlaneTracker),
    createChat: (config) =>
      config.chat.kind === 'console' ? (chat?.createConsoleChat({ write: log.info }) ?? null) : null,
    async createAgent(config, scenario) {
      const runtime = { shell, clock, redact, log };
      if (config.agents.adapter === 'scripted') {
        if (scenario === null)
          throw new ConfigError('SCENARIO_MISSING', 'agents.adapter is scripted: add .conveyor/scenario.yml');
        const { createScriptedAgent } = await import('../adapters/agent/scripted.ts');
        return createScriptedAgent({ ...runtime, scenario });
      }
      if (config.agents.command === undefined)
        throw new ConfigError('AGENT_COMMAND', 'agents.adapter is command: agents.command is missing');
      const { createCommandAgent } = await import('../adapters/agent/command.ts');
      return createCommandAgent({
        ...runtime,
        command: config.agents.command,
        env: { PATH: env['PATH'] ?? '' },
        folder: scratch,
      });
    },
  };
}

/** What the event tells of the repository, so that no step has to ask the forge for it. */
async function loadRepository(): Promise<Pick<GiteaForgeOptions, 'repository'>> {
  const payload = (await loadEventPayload()) as { readonly repository?: unknown };
  const known = RepositoryAnswer.safeParse(payload.repository);
  return known.success ? { repository: known.data } : {};
}

function handoverOf(run: RunContext): Engine['handover'] {
  if (run.handover === null) {
    const missing = async () => {
      throw new ConfigError(
        'HANDOVER_MISSING',
        'this runner gives jobs no artifact service (ACTIONS_RESULTS_URL): update runner and forge.',
      );
    };
    return { put: missing, get: missing };
  }
  const options = { ...run.handover, expectedRunId: run.runId };
  const load = async () => (await import('../adapters/handover/gitea.ts')).createGiteaHandover(options);
  return {
    put: async (name, files) => (await load()).put(name, files),
    get: async (name) => (await load()).get(name),
  };
}

function trackerOf(
  config: Config,
  { tracker, clock, log }: GiteaEngineOptions,
  createPlaneTracker: typeof CreatePlaneTracker | undefined,
): ReturnType<Engine['createTracker']> {
  if (config.tracker.kind !== 'plane')
    throw new ConfigError(
      'TRACKER_KIND',
      'tracker.kind is file, which only the local engine has: set tracker.kind: plane.',
    );
  if (createPlaneTracker === undefined || tracker === null || tracker.url === '' || tracker.token === '')
    throw new ConfigError(
      'TRACKER_ACCESS',
      'this job has no access to the tracker: set the Actions variable CONVEYOR_TRACKER_URL and the secret CONVEYOR_TRACKER_TOKEN.',
    );
  return createPlaneTracker({
    url: tracker.url,
    workspace: config.tracker.workspace,
    project: config.project.tracker_project,
    token: tracker.token,
    statuses: config.tracker.statuses,
    statesTtlS: config.tracker.states_ttl_s,
    webUrl: publicBase(config.tracker.web_url),
    clock,
    log,
  });
}
