import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ForgeServer, startForgeServer } from '../../tests/support/relay/forge-server.ts';
import { type PlaneServer, startPlaneServer } from '../../tests/support/plane-server/index.ts';
import { SECRETS, sign } from '../../tests/support/relay/recordings.ts';
import {
  relayFile,
  type RelayProcess,
  type RelayProcessOptions,
  startRelayProcess,
} from '../../tests/support/relay/relay-process.ts';
import { temporaryDirectory } from '../../tests/support/relay/temporary.ts';
import { leaveRequest } from './requests.ts';
import { createSpoolFiles } from './spool-files.ts';
import { lockSpool } from './spool-lock.ts';

/** A tracker, a forge and an empty spool; relays are started on them one after another. */
async function surroundings() {
  const stack = new AsyncDisposableStack();
  const directory = stack.use(temporaryDirectory());
  const forge = stack.use(await startForgeServer());
  const plane = stack.use(await startPlaneServer({ retryDelayMs: 50 }));
  const options: RelayProcessOptions = { directory: directory.path, plane, forgeUrl: forge.url };
  return {
    forge,
    plane,
    options,
    spool: join(directory.path, 'spool'),
    start: async (change: Partial<RelayProcessOptions> = {}) => {
      const relay = stack.use(await startRelayProcess({ ...options, ...change }));
      plane.setWebhook({ url: `http://127.0.0.1:${relay.port}/webhook/plane`, secret: SECRETS.main });
      return relay;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

const until = async (done: () => boolean | Promise<boolean>, what: string) => {
  const limit = Date.now() + 20_000;
  while (!(await done())) {
    if (Date.now() > limit) throw new Error(`did not happen within 20 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
};
const gestures = (forge: ForgeServer) =>
  forge.runs.flatMap(({ envelopes }) => envelopes.map(({ item, new_key: key }) => `${item.id}:${key}`));
const deliver = async (relay: RelayProcess, body: string): Promise<unknown> =>
  (
    await fetch(`http://127.0.0.1:${relay.port}/webhook/plane`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', 'x-plane-signature': sign(body) },
    })
  ).json();
const health = async (relay: RelayProcess) =>
  (await (await fetch(`http://127.0.0.1:${relay.port}/health`)).json()) as {
    status: string;
    spool: { pending: number; dead: number };
  };
/** The relay knows its own accounts and the board. */
const ready = (relay: RelayProcess) =>
  until(async () => {
    const status = (await (await fetch(`http://127.0.0.1:${relay.port}/status`)).json()) as {
      degraded: string[];
      projects: { states_age_s: number | null }[];
    };
    return status.degraded.length === 0 && status.projects[0]?.states_age_s !== null;
  }, 'own accounts and statuses known');
/** An issue whose creation was delivered before anything else happens to it. */
async function issueOn({ plane }: { readonly plane: PlaneServer }): Promise<ReturnType<PlaneServer['createIssue']>> {
  const item = plane.createIssue({ name: 'GPX upload', description: '<p>As a rider I want to upload a track.</p>' });
  await plane.webhookIdle();
  return item;
}
const quiet = (relay: RelayProcess) => until(async () => (await health(relay)).spool.pending === 0, 'an empty spool');

describe('the relay as a process', () => {
  it('a move on the board becomes one run, our own write none; what the board says now travels with it', async () => {
    await using world = await surroundings();
    const relay = await world.start();
    await ready(relay);
    const item = await issueOn(world);
    world.plane.moveIssue('ada', item.id, 'To Analyse');
    world.plane.moveIssue('bot', item.id, 'Analysis');
    await world.plane.webhookIdle();
    await quiet(relay);
    expect(world.forge.runs).toHaveLength(1);
    expect(world.forge.runs[0]).toMatchObject({
      repository: 'acme/gpx',
      envelopes: [
        {
          new_key: 'to_analyse',
          old_key: 'backlog',
          enriched: true,
          item: { title: 'GPX upload', tracker_id: item.id },
        },
      ],
    });
  });

  it('case 6: kill -9 after the fsync and before the answer: the retry is a duplicate, one dispatch', async () => {
    await using world = await surroundings();
    const first = await world.start({ hangAt: 'synced' });
    await ready(first);
    const item = await issueOn(world);
    world.plane.moveIssue('ada', item.id, 'To Analyse');
    await first.heard('HANGS synced');
    await first.end('SIGKILL');
    const second = await world.start();
    expect(second.output()).toContain('1 event(s) waiting');
    await until(() => world.forge.runs.length === 1, 'the dispatch after the start');
    expect(await deliver(second, world.plane.deliveries.at(-1)?.body ?? '')).toEqual({ status: 'duplicate' });
    await quiet(second);
    expect(gestures(world.forge)).toEqual([`${world.plane.identifier}-${item.sequence_id}:to_analyse`]);
  });

  it('case 6: kill -9 before the fsync: the torn line is ignored and the retry of the tracker is dispatched once', async () => {
    await using world = await surroundings();
    const first = await world.start({ hangAt: 'torn' });
    await ready(first);
    const item = await issueOn(world);
    world.plane.moveIssue('ada', item.id, 'To Analyse');
    await first.heard('HANGS torn');
    world.plane.setWebhook(null);
    await first.end('SIGKILL');
    await world.plane.webhookIdle();
    expect(readFileSync(join(world.spool, 'seg-000001.ndjson'), 'utf8')).not.toContain('\n');
    const lost = world.plane.deliveries.at(-1);
    expect(lost).toMatchObject({ answered: null, attempt: 1 });
    const second = await world.start();
    expect(second.output()).toContain('0 event(s) waiting');
    expect(await deliver(second, lost?.body ?? '')).toMatchObject({ status: 'accepted' });
    await until(() => world.forge.runs.length === 1, "the dispatch of the tracker's retry");
    await quiet(second);
    expect(gestures(world.forge)).toHaveLength(1);
  });

  it('case 6, RL-RLY-27: kill -9 while the forge does not answer: nothing lost; kill -9 after the dispatch: not sent again', async () => {
    await using world = await surroundings();
    const first = await world.start();
    await ready(first);
    world.forge.intercept = (request) => (request.includes('/workflows/') ? 'hang' : null);
    const item = await issueOn(world);
    world.plane.moveIssue('ada', item.id, 'To Analyse');
    await until(() => world.forge.requests.some((request) => request.includes('/workflows/')), 'the dispatch call');
    await first.end('SIGKILL');
    world.forge.intercept = () => null;
    world.forge.firstState = 'in_progress';
    const second = await world.start();
    await until(
      () => readFileSync(join(world.spool, 'acks.ndjson'), 'utf8').includes('"dispatched"'),
      'the receipt of the dispatch',
    );
    await second.end('SIGKILL');
    const third = await world.start();
    await until(
      () => world.forge.requests.filter((request) => request.endsWith('/actions/runs/100')).length >= 2,
      'the question after the run',
    );
    expect(world.forge.runs).toHaveLength(1);
    world.forge.runs[0]!.state = 'completed/success';
    await quiet(third);
    expect(world.forge.runs).toHaveLength(1);
  });

  it('RL-RLY-9: a second relay on the same spool is refused, after a kill -9 of the first it is not', async () => {
    await using world = await surroundings();
    const first = await world.start();
    await expect(world.start()).rejects.toThrow('another relay process works on the spool');
    expect(() => lockSpool(world.spool)).toThrow('another relay process');
    await first.end('SIGKILL');
    await world.start();
  });

  it('case 5: a disk that refuses more (a limit of the kernel): connection closed, the retry of the tracker counts once', async () => {
    await using world = await surroundings();
    const relay = await world.start({ fileKib: 16 });
    await ready(relay);
    const items = [];
    for (let count = 0; count < 12; count += 1) items.push(await issueOn(world));
    for (const item of items) {
      world.plane.moveIssue('ada', item.id, 'To Analyse');
      await world.plane.webhookIdle();
    }
    await until(() => gestures(world.forge).length >= items.length, 'all dispatches');
    await quiet(relay);
    expect(relay.output()).toContain('ALERT relay.spool');
    expect(relay.output()).toContain('the spool is writable again');
    expect(new Set(gestures(world.forge)).size).toBe(items.length);
    expect(gestures(world.forge)).toHaveLength(items.length);
    expect(world.plane.deliveries.length).toBeGreaterThan(items.length * 2);
  });

  it('case 19, RL-RLY-27: SIGTERM during enrichment ends the process cleanly, the entry resumes after the start', async () => {
    await using world = await surroundings();
    const first = await world.start();
    await ready(first);
    const item = await issueOn(world);
    world.plane.intercept(({ path }) => (path.includes(`work-items/${item.id}`) ? { status: 503 } : null));
    world.plane.moveIssue('ada', item.id, 'To Analyse');
    await until(
      () => world.plane.requests.some(({ path }) => path.includes(`work-items/${item.id}`)),
      'the read of the issue',
    );
    expect(await first.end('SIGTERM')).toEqual({ code: 0, signal: null });
    world.plane.intercept(null);
    const second = await world.start();
    await until(() => world.forge.runs.length === 1, 'the dispatch');
    await quiet(second);
    expect(world.forge.runs[0]?.envelopes[0]?.enriched).toBe(true);
  });

  it('RL-RLY-7, case 7: a probe is dropped on the wire', async () => {
    await using world = await surroundings();
    const relay = await world.start();
    const headers = { 'content-type': 'application/json', 'x-plane-signature': sign('{}'), 'x-conveyor-probe': 'drop' };
    await expect(
      fetch(`http://127.0.0.1:${relay.port}/webhook/plane`, { method: 'POST', body: '{}', headers }),
    ).rejects.toThrow('fetch failed');
  });

  it('case 15: redrive left for the running relay is taken up; O-C-10: SIGHUP reads the registry again', async () => {
    await using world = await surroundings();
    const relay = await world.start();
    await ready(relay);
    world.forge.intercept = (request) => (request.includes('/workflows/') ? { status: 422 } : null);
    const item = await issueOn(world);
    world.plane.moveIssue('ada', item.id, 'To Analyse');
    await until(async () => (await health(relay)).spool.dead === 1, 'the dead letter');
    world.forge.intercept = () => null;
    await writeFile(join(world.options.directory, 'relay.yml'), relayFile(world.options, { repository: 'acme/moved' }));
    relay.signal('SIGHUP');
    await relay.heard('relay.yml was read again');
    await leaveRequest(createSpoolFiles(), world.spool, { kind: 'redrive', key: null });
    await until(() => world.forge.runs.length === 1, 'the dispatch of the redriven letter');
    expect(world.forge.runs[0]?.repository).toBe('acme/moved');
    await quiet(relay);
    expect((await health(relay)).spool.dead).toBe(0);
    await writeFile(join(world.options.directory, 'relay.yml'), 'projects: [');
    relay.signal('SIGHUP');
    await relay.heard('ALERT relay-config-rejected');
    expect((await health(relay)).status).toBe('degraded');
    expect(readdirSync(world.spool)).toContain('relay.last-good.yml');
  });
});
