// A relay as its own process: the product's parts on a real disk, with a place to hang at, so that a test can end it there.
import { loadRelayConfig } from '../../../lib/relay/config.ts';
import { createGiteaDispatch } from '../../../lib/relay/dispatch-gitea.ts';
import { createSpoolFiles, type SpoolFiles } from '../../../lib/relay/spool-files.ts';
import { startRelay } from '../../../lib/relay/start.ts';
import { createPlaneReads } from '../../../lib/relay/tracker-plane.ts';
import { createSystemClock } from '../../../lib/runtime/clock.ts';

const say = (text: string) => void process.stdout.write(`${text}\n`);
const hangAt = process.argv[2] ?? 'nowhere';
const { CONVEYOR_TEST: _test, ...environment } = process.env;

const loaded = await loadRelayConfig(environment);
const clock = createSystemClock();
const log = { debug: () => {}, info: say, warn: say, error: say };
const relay = await startRelay(
  loaded.config,
  {
    clock,
    log,
    files: hanging(createSpoolFiles()),
    tracker: createPlaneReads({
      clock,
      log,
      projects: () =>
        loaded.config.projects.flatMap(({ project, tracker }) => {
          const row = loaded.config.trackers[tracker];
          return row === undefined ? [] : [{ project, ...row }];
        }),
    }),
    forge: createGiteaDispatch({ url: loaded.config.forges['gitea']?.url ?? '', token: 'forge-token', log }),
    alert: async (kind, text) => say(`ALERT ${kind} ${text}`),
    random: Math.random,
  },
  { version: '0.0.0', file: { loaded, environment } },
);
say(`READY ${relay.port}`);
process.on('SIGHUP', () => void relay.reload());
process.on('SIGTERM', () => void relay.stop().then(() => process.exit(0)));

/** Stops for ever in the middle of the first append to a segment. */
function hanging(files: SpoolFiles): SpoolFiles {
  if (hangAt === 'nowhere') return files;
  return {
    ...files,
    openAppend: async (path) => {
      const handle = await files.openAppend(path);
      if (!path.includes('seg-')) return handle;
      const stop = (place: string) => {
        say(`HANGS ${place}`);
        return new Promise<never>(() => {});
      };
      return {
        ...handle,
        append: async (bytes) => {
          if (hangAt === 'torn') {
            await handle.append(bytes.subarray(0, Math.floor(bytes.byteLength / 2)));
            await stop('torn');
          }
          await handle.append(bytes);
        },
        sync: async () => {
          await handle.sync();
          if (hangAt === 'synced') await stop('synced');
        },
      };
    },
  };
}
