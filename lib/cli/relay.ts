import { ExternalError } from '../base/errors.ts';
import type { Log } from '../ports/log.ts';
import { type RelayConfig, loadRelayConfig } from '../relay/config.ts';
import { createGiteaDispatch } from '../relay/dispatch-gitea.ts';
import type { RelayForge } from '../relay/ports.ts';
import { type RelayRequest, leaveRequest } from '../relay/requests.ts';
import { createSpoolFiles } from '../relay/spool-files.ts';
import { startRelay } from '../relay/start.ts';
import { createPlaneReads } from '../relay/tracker-plane.ts';
import { createSystemClock } from '../runtime/clock.ts';
import { VERSION } from '../runtime/version.ts';
import { EXIT } from './exit-code.ts';
import type { Io } from './io.ts';

export interface RelayOptions {
  /** Path of relay.yml; absent = CONVEYOR_RELAY_CONFIG, else `relay.yml`. */
  readonly config?: string;
}

/**
 * `conveyor relay`: serves until the process is asked to end; SIGHUP reads relay.yml again. Throws `ConfigError`
 * RELAY_CONFIG, RELAY_SPOOL_…. spec: relay §1, RL-RLY-27
 */
export async function relayCommand(options: RelayOptions, io: Io): Promise<number> {
  const loaded = await loadRelayConfig(io.env, options.config);
  const clock = createSystemClock();
  const log = createLineLog(io, () => clock.now());
  let registry = loaded.config;
  const relay = await startRelay(
    loaded.config,
    {
      clock,
      log,
      files: createSpoolFiles(),
      tracker: createPlaneReads({ clock, log, projects: () => trackerProjects(registry) }),
      forge: routeByRepository(() => registry, log),
      alert: async (kind, text) => log.error(`alert ${kind}: ${text}`),
      random: Math.random,
    },
    {
      version: VERSION,
      file: { loaded, environment: io.env },
      onReload: (config) => {
        registry = config;
      },
    },
  );
  const reload = () => void relay.reload();
  process.on('SIGHUP', reload);
  if (!io.signal.aborted) await new Promise((resolve) => io.signal.addEventListener('abort', resolve, { once: true }));
  process.off('SIGHUP', reload);
  await relay.stop();
  return EXIT.done;
}

/** `conveyor relay redrive` and `drop`: leaves the request for the relay that holds the spool. spec: RL-RLY-23, O-C-10 */
export async function relayRequestCommand(options: RelayOptions, request: RelayRequest, io: Io): Promise<number> {
  const { config } = await loadRelayConfig(io.env, options.config);
  await leaveRequest(createSpoolFiles(), config.spool.directory, request);
  io.print('the request is left: the relay takes it within seconds, or when it starts');
  return EXIT.done;
}

const trackerProjects = ({ projects, trackers }: RelayConfig) =>
  projects.flatMap(({ project, tracker }) => {
    const row = trackers[tracker];
    return row === undefined ? [] : [{ project, ...row }];
  });

/** One forge for all registered repositories: each call goes to the forge that the registry names for it. */
function routeByRepository(registry: () => RelayConfig, log: Log): RelayForge {
  const doors = new Map<string, RelayForge>();
  const doorOf = (repository: string): RelayForge => {
    const { projects, forges } = registry();
    const name = projects.find((entry) => entry.repository.toLowerCase() === repository.toLowerCase())?.forge ?? '';
    const forge = forges[name];
    if (forge === undefined)
      throw new ExternalError('FORGE_UNKNOWN', `no forge is registered for ${repository}: add it to relay.yml`, {
        retryable: false,
      });
    const door = doors.get(name) ?? createGiteaDispatch({ ...forge, log });
    doors.set(name, door);
    return door;
  };
  return {
    dispatch: async (repository, envelopes) => doorOf(repository).dispatch(repository, envelopes),
    runState: async (repository, runId) => doorOf(repository).runState(repository, runId),
    findRun: async (repository, correlation) => doorOf(repository).findRun(repository, correlation),
    settings: async (repository) => doorOf(repository).settings(repository),
  };
}

function createLineLog(io: Io, now: () => Date): Log {
  const line = (level: string) => (text: string) => io.print(`${now().toISOString()} ${level} ${text}`);
  return { debug: () => {}, info: line('info'), warn: line('warn'), error: line('error') };
}
