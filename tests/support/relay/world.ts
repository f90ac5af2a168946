import { createApp, type RelayApp } from '../../../lib/relay/app.ts';
import type { RelayConfig } from '../../../lib/relay/config.ts';
import type { ProjectEntry } from '../../../lib/relay/config-schema.ts';
import { correlationOf } from '../../../lib/pipeline/envelope.ts';
import { parseLines, DeadLetter, SpoolAck, SpoolRecord } from '../../../lib/relay/spool-record.ts';
import { assembleRelay, type Assembly } from '../../../lib/relay/assemble.ts';
import type { RelayView } from '../../../lib/relay/status.ts';
import { createMemoryFiles, type MemoryFiles } from './memory-files.ts';
import {
  scriptedForge,
  type ScriptedForge,
  scriptedTracker,
  type ScriptedTracker,
  spyAlert,
  spyLog,
  type SpyLog,
} from './outside.ts';
import { OTHER_PROJECT, PROJECT, SECRETS, sign } from './recordings.ts';
import { VirtualClock } from './virtual-clock.ts';

export interface RelayWorld {
  readonly clock: VirtualClock;
  readonly files: MemoryFiles;
  readonly tracker: ScriptedTracker;
  readonly forge: ScriptedForge;
  readonly log: SpyLog;
  readonly alerts: { kind: string; text: string }[];
  start(): Promise<void>;
  stop(): Promise<void>;
  /** The JSON answer, or `dropped`. */
  deliver(body: string | Uint8Array, headers?: Readonly<Record<string, string>>): Promise<unknown>;
  send(request: Request, loopback?: boolean): Promise<Response | 'dropped'>;
  get(path: string): Promise<{ status: number; body: unknown }>;
  pending(): number;
  app(): RelayApp;
  view(): RelayView;
  acks(): readonly SpoolAck[];
  records(): readonly SpoolRecord[];
  dead(): readonly DeadLetter[];
  correlation(seq: number): string;
  redrive(): Promise<void>;
  drop(project: string): Promise<void>;
  reload(projects: readonly ProjectEntry[]): Promise<void>;
}

export const PROJECTS: readonly ProjectEntry[] = [
  { tracker: 'plane', project: PROJECT, forge: 'gitea', repository: 'acme/gpx', prefix: 'ET', enabled: true },
  { tracker: 'plane', project: OTHER_PROJECT, forge: 'gitea', repository: 'acme/other', prefix: 'OTH', enabled: true },
];

export function relayConfig(change: Partial<RelayConfig> = {}): RelayConfig {
  return {
    environment: 'production',
    host: '127.0.0.1',
    port: 0,
    spool: { directory: '/spool', maxBytes: 536_870_912, dropMaxS: 600 },
    maxBodyBytes: 16_777_216,
    ownActorIds: [],
    allowUnsigned: false,
    dispatch: { attempts: 12, confirmS: 600 },
    trackers: { plane: { url: 'http://127.0.0.1:1', workspace: 'acme', token: 'tracker-token' } },
    forges: { gitea: { url: 'http://127.0.0.1:1', token: 'forge-token' } },
    projects: PROJECTS,
    secrets: [
      { tracker: 'plane', age: 'current', value: SECRETS.main },
      { tracker: 'plane', age: 'previous', value: SECRETS.second },
    ],
    statusToken: 'status-token',
    ...change,
  };
}

/** A relay without a network: its app is called with requests, its clock stands still, its disk is in memory. */
export async function createRelayWorld(
  options: { readonly start?: boolean; readonly config?: Partial<RelayConfig> } = {},
): Promise<RelayWorld> {
  const clock = new VirtualClock();
  const files = createMemoryFiles();
  const tracker = scriptedTracker();
  const forge = scriptedForge();
  const log = spyLog();
  const { alert, raised } = spyAlert();
  let relay: Assembly | null = null;
  let app: RelayApp | null = null;
  let delivered = 0;
  const running = () => {
    if (relay === null || app === null) throw new Error('the relay of this world is not started');
    return { relay, app };
  };
  const lines = <Line>(name: string, read: (bytes: Buffer) => readonly Line[]) =>
    [...files.contents]
      .filter(([path]) => path.includes(name))
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([, bytes]) => read(bytes));
  const world: RelayWorld = {
    clock,
    files,
    tracker,
    forge,
    log,
    alerts: raised,
    start: async () => {
      relay = await assembleRelay(
        relayConfig(options.config),
        { tracker, forge, clock, log, alert, files, random: () => 0.5 },
        { version: '0.0.0' },
      );
      app = createApp(relay.app);
      relay.start();
      await clock.advance(0);
    },
    stop: async () => {
      const stopped = running().relay.stop();
      await clock.advance(0);
      await stopped;
      relay = null;
    },
    send: async (request, loopback = true) => {
      let dropped = false;
      const response = await running().app.fetch(request, { loopback, drop: () => void (dropped = true) });
      return dropped ? 'dropped' : response;
    },
    deliver: async (body, headers = {}) => {
      delivered += 1;
      const response = await world.send(
        new Request('http://relay/webhook/plane', {
          method: 'POST',
          body: Buffer.from(body),
          headers: {
            'content-type': 'application/json',
            'x-plane-event': 'issue',
            'x-plane-delivery': `delivery-${delivered}`,
            'x-plane-signature': sign(body),
            ...headers,
          },
        }),
      );
      return response === 'dropped' ? 'dropped' : response.json();
    },
    get: async (path) => {
      const response = await world.send(new Request(`http://relay${path}`));
      if (response === 'dropped') throw new Error(`${path} was dropped`);
      return { status: response.status, body: await response.json() };
    },
    app: () => running().app,
    view: () => running().relay.app.view,
    pending: () => running().relay.app.view.dispatcher.pending().length,
    acks: () => lines('/acks.ndjson', (bytes) => parseLines(bytes, SpoolAck).lines),
    records: () => lines('/seg-', (bytes) => parseLines(bytes, SpoolRecord).lines),
    dead: () => lines('/dead.ndjson', (bytes) => parseLines(bytes, DeadLetter).lines),
    correlation: (seq) => correlationOf(world.records().find((record) => record.seq === seq)?.key ?? ''),
    redrive: async () => running().relay.serve({ kind: 'redrive', key: null }),
    drop: async (project) => running().relay.serve({ kind: 'drop', project }),
    reload: async (projects) => running().relay.apply({ ...relayConfig(options.config), projects }),
  };
  if (options.start !== false) await world.start();
  return world;
}
