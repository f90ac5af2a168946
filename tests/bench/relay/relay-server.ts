// The relay with a tracker and a forge that answer after 50 ms; argument: its spool directory.
import { createSpoolFiles } from '../../../lib/relay/spool-files.ts';
import { startRelay } from '../../../lib/relay/start.ts';
import { createSystemClock } from '../../../lib/runtime/clock.ts';
import { scriptedTracker } from '../../support/relay/outside.ts';
import { relayConfig } from '../../support/relay/world.ts';

const ignore = () => {};
let runs = 0;
const clock = createSystemClock();
const tracker = scriptedTracker();
const { issue } = tracker;
tracker.issue = async (...asked) => {
  await clock.sleep(50);
  return issue(...asked);
};
const config = relayConfig({ spool: { directory: process.argv[2] ?? '', maxBytes: 1_073_741_824, dropMaxS: 600 } });
const relay = await startRelay(
  config,
  {
    clock,
    log: { debug: ignore, info: ignore, warn: ignore, error: (text) => process.stderr.write(`${text}\n`) },
    files: createSpoolFiles(),
    tracker,
    forge: {
      dispatch: async () => {
        await clock.sleep(50);
        runs += 1;
        return { runId: runs };
      },
      runState: async () => 'success',
      findRun: async () => null,
      settings: async () => null,
    },
    alert: async () => {},
    random: Math.random,
  },
  { version: '0.0.0' },
);
process.stdout.write(`READY ${relay.port}\n`);
