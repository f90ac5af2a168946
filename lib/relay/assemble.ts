import { errorText } from '../base/errors.ts';
import { AlertMemory } from './alert-memory.ts';
import type { AppDeps } from './app.ts';
import type { RelayConfig } from './config.ts';
import { countedTracker } from './counted-tracker.ts';
import { DeadLetters } from './dead-letters.ts';
import { KeyMemory } from './dedup.ts';
import { Dispatcher } from './dispatcher.ts';
import { entryOf } from './entry.ts';
import { LabelNames } from './label-names.ts';
import { newMetrics } from './metrics.ts';
import { OwnActors } from './own-actors.ts';
import type { RelayPorts } from './ports.ts';
import { Projects } from './projects.ts';
import { Receiver } from './receive.ts';
import { type RelayRequest, takeRequests } from './requests.ts';
import { SignatureWatch } from './signature-watch.ts';
import { Spool } from './spool.ts';
import { SpoolHealth } from './spool-health.ts';
import type { Replay } from './spool-replay.ts';
import { StateMaps } from './state-maps.ts';

export interface AssemblyOptions {
  readonly version: string;
  /** Looks at relay.yml, every 5 s. */
  readonly look?: () => Promise<void>;
}

/** A relay without its network: what the app needs, and the work behind it. */
export interface Assembly {
  readonly app: AppDeps;
  readonly alerts: AlertMemory;
  readonly waiting: number;
  /** Takes up what was under way and begins to work. */
  start(): void;
  /** Calls in flight (≤ 20 s), then the spool. The listener is closed before. spec: RL-RLY-27 */
  stop(): Promise<void>;
  /** Puts another configuration in force. */
  apply(config: RelayConfig): Promise<void>;
  /** Why an earlier configuration than the file's is in force; null = it is the file's. */
  configRejected(why: string | null): void;
  serve(request: RelayRequest): Promise<void>;
}

const KEEP_HOUSE_MS = 5000;
const ASK_AGAIN_MS = 300_000;

/** Opens the spool and puts the parts together. Throws `ConfigError` RELAY_SPOOL_FOREIGN. spec: relay §1 */
export async function assembleRelay(
  config: RelayConfig,
  ports: RelayPorts,
  options: AssemblyOptions,
): Promise<Assembly> {
  const { clock, log, files } = ports;
  const now = () => clock.now();
  const { spool, replay } = await Spool.open(files, { ...config.spool, environment: config.environment, now });
  const dead = await DeadLetters.open(files, config.spool.directory);
  const metrics = newMetrics();
  const tracker = countedTracker(ports.tracker, metrics);
  const alerts = new AlertMemory((kind, text) => tell(ports, kind, text), now);
  const projects = new Projects(config.projects);
  const maps = new StateMaps(tracker, clock, log, (project) => projects.reading(project));
  const health = new SpoolHealth(alerts, now, config.spool.dropMaxS);
  let current = config;
  let rejected: string | null = null;
  const own = new OwnActors(tracker, log, () => current.ownActorIds);
  const dispatcher = new Dispatcher({
    ports: { ...ports, tracker },
    spool,
    dead,
    maps,
    alerts,
    metrics,
    route: (project) => projects.route(project),
    ownActors: () => own.ids,
    limits: () => current.dispatch,
  });
  const receiver = new Receiver({
    clock,
    log,
    metrics,
    projects,
    maps,
    spool,
    health,
    labels: new LabelNames(),
    keys: new KeyMemory(replay.keys, now().getTime()),
    signatures: new SignatureWatch(alerts, now),
    secrets: () => current.secrets,
    allowUnsigned: () => current.allowUnsigned,
    ownActors: () => own.ids,
    accepted: (entry) => dispatcher.add(entry),
  });
  const serve = async (request: RelayRequest) => {
    if (request.kind === 'drop') {
      log.info(`dropped ${await dispatcher.drop(request.project)} event(s) of project ${request.project}`);
      return;
    }
    const count = await dead.redrive(request.key === null ? {} : { key: request.key }, async ({ record }) => {
      const { v: _v, seq: _seq, ...draft } = record;
      const seq = await spool.append({ ...draft, body: JSON.stringify(draft.body) });
      const entry = entryOf({ ...record, seq });
      if (entry !== null) dispatcher.add(entry);
    });
    log.info(`put ${count} dead letter(s) back`);
  };
  const askOutside = async () => {
    await Promise.all([own.refresh(), projects.refresh(ports.forge, alerts, log)]);
    await Promise.all(projects.entries.map(({ project }) => maps.get(project)));
    dispatcher.reconsider();
  };
  const keepHouse = async () => {
    await takeRequests(files, config.spool.directory, serve, (name) =>
      log.warn(`request ${name} in the spool cannot be read and is removed`),
    );
    await options.look?.();
    await spool.flushAcks();
    await spool.prune();
    // Without traffic nothing else would notice that the disk is well again.
    if (health.failing) await spool.probe().then(() => health.worked());
  };
  const stopping = new AbortController();
  let loops: readonly Promise<void>[] = [];
  return {
    app: {
      receiver,
      metrics,
      maxBodyBytes: () => current.maxBodyBytes,
      statusToken: () => current.statusToken,
      view: {
        environment: config.environment,
        version: options.version,
        startedAt: now(),
        now,
        metrics,
        dispatcher,
        dead,
        projects,
        maps,
        spool,
        health,
        configOk: () => rejected === null,
        degraded: () => [
          ...(own.known ? [] : ['own accounts are not known']),
          ...(rejected === null ? [] : [rejected]),
        ],
      },
    },
    alerts,
    waiting: replay.unfinished.length,
    start: () => {
      resume(dispatcher, replay, ports);
      loops = [
        repeat(ports, ASK_AGAIN_MS, askOutside, stopping.signal),
        repeat(ports, KEEP_HOUSE_MS, keepHouse, stopping.signal),
      ];
      dispatcher.start();
    },
    stop: async () => {
      stopping.abort();
      await dispatcher.stop();
      const patience = new AbortController();
      await Promise.race([Promise.all(loops), clock.sleep(1000, patience.signal)]);
      patience.abort();
      await spool.close();
      await dead.close();
    },
    apply: async (next) => {
      current = next;
      projects.replace(next.projects);
      await projects.refresh(ports.forge, alerts, log);
      dispatcher.reconsider();
    },
    configRejected: (why) => {
      rejected = why;
    },
    serve,
  };
}

function resume(dispatcher: Dispatcher, replay: Replay, { log }: RelayPorts): void {
  if (replay.damaged.length > 0)
    log.error(`the spool has lines that cannot be read: ${replay.damaged.slice(0, 20).join(', ')}`);
  const known = replay.unfinished.flatMap((unfinished) => {
    const entry = entryOf(unfinished.record);
    if (entry === null) log.error(`spool record ${unfinished.record.seq} announces nothing and stays`);
    return entry === null ? [] : [{ entry, ...unfinished }];
  });
  dispatcher.resume(
    known.flatMap(({ dispatchedAt, ...rest }) => (dispatchedAt === null ? [] : [{ ...rest, dispatchedAt }])),
  );
  for (const { entry, dispatchedAt } of known) if (dispatchedAt === null) dispatcher.add(entry);
}

async function tell({ alert, log }: RelayPorts, kind: Parameters<RelayPorts['alert']>[0], text: string): Promise<void> {
  await alert(kind, text).catch((thrown: unknown) =>
    log.error(`alert ${kind} could not be sent (${errorText(thrown)}): ${text}`),
  );
}

/** Runs `work` at once and then every `everyMs`; a failure is told and the next round comes. */
async function repeat(
  { clock, log }: RelayPorts,
  everyMs: number,
  work: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await work().catch((thrown: unknown) => log.error(`relay housekeeping: ${errorText(thrown)}`));
    if (!signal.aborted) await clock.sleep(everyMs, signal).catch(() => {});
  }
}
