import { errorText } from '../base/errors.ts';
import { createApp } from './app.ts';
import { assembleRelay, type Assembly } from './assemble.ts';
import { type Environment, lastGoodPath, type LoadedRelay, type RelayConfig } from './config.ts';
import type { RelayPorts } from './ports.ts';
import { RegistryWatch } from './registry-watch.ts';
import { listen, SERVER_LIMITS, type ServerLimits } from './server.ts';
import { lockSpool, type SpoolLock } from './spool-lock.ts';

export interface RelayOptions {
  readonly version: string;
  /** The file to watch for another registry; absent = the configuration never changes. */
  readonly file?: { readonly loaded: LoadedRelay; readonly environment: Environment };
  readonly limits?: ServerLimits;
  /** Told of a registry that a reload is about to put in force, so that ports know its projects. */
  readonly onReload?: (config: RelayConfig) => void;
}

export interface Relay {
  readonly port: number;
  /** Looks at relay.yml now (SIGHUP). */
  reload(): Promise<void>;
  /** Listener, open requests, calls in flight, spool, lock: in this order, at most about 25 s. spec: RL-RLY-27 */
  stop(): Promise<void>;
}

/**
 * Starts the relay: lock → spool replay → listener → what was under way. Throws `ConfigError` when the spool is taken,
 * belongs to the other environment, or the address cannot be had. spec: relay §1
 */
export async function startRelay(config: RelayConfig, ports: RelayPorts, options: RelayOptions): Promise<Relay> {
  const lock = lockSpool(config.spool.directory);
  try {
    return await startLocked(config, ports, options, lock);
  } catch (thrown) {
    lock.release();
    throw thrown;
  }
}

async function startLocked(
  config: RelayConfig,
  ports: RelayPorts,
  options: RelayOptions,
  lock: SpoolLock,
): Promise<Relay> {
  const { version, file } = options;
  const watch = file === undefined ? null : new RegistryWatch(file.loaded.path, file.environment, file.loaded.source);
  let relay: Assembly | null = null;
  const reload = async () => {
    if (watch !== null && relay !== null) await takeNews(watch, relay, config, ports, options.onReload);
  };
  relay = await assembleRelay(config, ports, { version, look: reload });
  const server = await listen(createApp(relay.app), config, relay.app.metrics, options.limits ?? SERVER_LIMITS);
  relay.start();
  if (file !== undefined) await tellStart(file.loaded, relay, config, ports);
  ports.log.info(
    `relay ${version} (${config.environment}) listens on ${config.host}:${server.port}, ${relay.waiting} event(s) waiting`,
  );
  const { stop } = relay;
  return {
    port: server.port,
    reload,
    stop: async () => {
      await server.close();
      await stop();
      lock.release();
    },
  };
}

/** spec: O-C-10 */
async function takeNews(
  watch: RegistryWatch,
  relay: Assembly,
  started: RelayConfig,
  ports: RelayPorts,
  onReload: RelayOptions['onReload'],
): Promise<void> {
  const news = await watch.look();
  if (news.kind === 'same') return;
  if (news.kind === 'rejected') {
    await rejected(
      `relay.yml is rejected, the last good version stays in force: ${news.errors.join('; ')}`,
      relay,
      ports,
    );
    return;
  }
  if (JSON.stringify(fixed(news.config)) !== JSON.stringify(fixed(started)))
    ports.log.warn('environment, listen, spool, trackers and forges of relay.yml count from the next start on');
  onReload?.(news.config);
  await relay.apply(news.config);
  await keepLastGood(ports, started, news.source);
  relay.configRejected(null);
  await relay.alerts.clear('relay-config-rejected', 'file', 'relay.yml is valid again and in force');
  ports.log.info('relay.yml was read again and is in force');
}

async function tellStart(loaded: LoadedRelay, relay: Assembly, config: RelayConfig, ports: RelayPorts): Promise<void> {
  for (const text of loaded.skipped) ports.log.error(`relay.yml: ${text} (its events are not delivered)`);
  if (loaded.fallback === null) await keepLastGood(ports, config, loaded.source);
  else await rejected(`relay.yml cannot be used, the stored version is in force: ${loaded.fallback}`, relay, ports);
}

async function rejected(text: string, relay: Assembly, ports: RelayPorts): Promise<void> {
  ports.log.error(text);
  relay.configRejected('relay.yml has errors, an earlier version is in force');
  await relay.alerts.raise('relay-config-rejected', 'file', text);
}

async function keepLastGood(ports: RelayPorts, config: RelayConfig, source: string): Promise<void> {
  await ports.files
    .replace(lastGoodPath(config.spool.directory), Buffer.from(source))
    .catch((thrown: unknown) => ports.log.warn(`the good relay.yml could not be stored: ${errorText(thrown)}`));
}

/** What a reload cannot change. */
function fixed({ environment, host, port, spool, trackers, forges }: RelayConfig): unknown {
  return { environment, host, port, spool, trackers, forges };
}
