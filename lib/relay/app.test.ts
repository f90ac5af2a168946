import { describe, expect, it } from 'vitest';
import {
  BOB,
  BOT,
  moved,
  OTHER_PROJECT,
  recording,
  recordings,
  SECRETS,
  sign,
} from '../../tests/support/relay/recordings.ts';
import { createRelayWorld, PROJECTS, type RelayWorld } from '../../tests/support/relay/world.ts';

const post = (body: string | Uint8Array, headers: Record<string, string> = {}) =>
  new Request('http://relay/webhook/plane', {
    method: 'POST',
    body: Buffer.from(body),
    headers: { 'content-type': 'application/json', 'x-plane-signature': sign(body), ...headers },
  });
const status = async (world: RelayWorld, request: Request, loopback?: boolean) => {
  const response = await world.send(request, loopback);
  return response === 'dropped' ? 'dropped' : response.status;
};
const events = async (world: RelayWorld) =>
  ((await world.get('/metrics')).body as { receive: Record<string, number> }).receive;

describe('endpoints', () => {
  it('RL-RLY-1: other paths 404, other methods 405, no endpoint for a forge without a secret', async () => {
    const world = await createRelayWorld();
    for (const path of ['/', '/webhook', '/webhook/gitea', '/webhook/plane/', '/board', '/health/x'])
      expect(await status(world, new Request(`http://relay${path}`, { method: 'POST' })), path).toBe(404);
    for (const [method, path] of [
      ['GET', '/webhook/plane'],
      ['PUT', '/webhook/plane'],
      ['POST', '/health'],
      ['DELETE', '/status'],
      ['POST', '/metrics'],
    ] as const)
      expect(await status(world, new Request(`http://relay${path}`, { method })), `${method} ${path}`).toBe(405);
  });

  it('case 43: the GET that followed a redirect [78] is 405', async () => {
    const world = await createRelayWorld();
    const { headers, method } = recording(78);
    expect(await status(world, new Request('http://relay/webhook/plane', { method, headers }))).toBe(405);
  });

  it('RL-RLY-1: /metrics and /status answer on loopback or with the token, /health always', async () => {
    const world = await createRelayWorld();
    for (const path of ['/metrics', '/status']) {
      const ask = (authorization?: string) =>
        new Request(`http://relay${path}`, authorization === undefined ? {} : { headers: { authorization } });
      expect(await status(world, ask(), true)).toBe(200);
      expect(await status(world, ask(), false)).toBe(401);
      expect(await status(world, ask('Bearer wrong'), false)).toBe(401);
      expect(await status(world, ask('Bearer status-token'), false)).toBe(200);
    }
    expect(await status(world, new Request('http://relay/health'), false)).toBe(200);
    const closed = await createRelayWorld({ config: { statusToken: null } });
    expect(
      await status(closed, new Request('http://relay/status', { headers: { authorization: 'Bearer ' } }), false),
    ).toBe(401);
  });

  it('relay §1.1: /health is compact JSON with "status":"ok" literally', async () => {
    const world = await createRelayWorld();
    const response = await world.send(new Request('http://relay/health'));
    expect(response === 'dropped' ? '' : await response.text()).toBe(
      '{"status":"ok","environment":"production","version":"0.0.0","uptime_s":0,"spool":{"pending":0,"oldest_s":0,"dead":0},"plane_webhook":"unknown","reconcile_requests":"off"}',
    );
  });

  it('RL-RLY-1: nothing that is shown holds a title, an e-mail, a secret or a body', async () => {
    const world = await createRelayWorld();
    world.forge.answers = Array(99).fill(500);
    await world.deliver(moved({ to: 'To Analyse' }));
    await world.clock.advance(5000);
    const texts = await Promise.all(
      ['/health', '/status', '/metrics'].map(async (path) => JSON.stringify((await world.get(path)).body)),
    );
    const prometheus = await world.send(new Request('http://relay/metrics', { headers: { accept: 'text/plain' } }));
    const all = [...texts, prometheus === 'dropped' ? '' : await prometheus.text(), ...world.log.lines].join('\n');
    expect(all).not.toMatch(/Login page|example\.test|plane_wh_|tracker-token|forge-token|status-token/);
    expect((await world.get('/status')).body).toMatchObject({
      pending: 1,
      projects: [
        { prefix: 'ET', pending: { 'f4991147-95d5-42fa-8082-967813e8775f': 1 } },
        { prefix: 'OTH', pending: {} },
      ],
    });
  });

  it('O-V-2: Prometheus text names the metrics of the relay', async () => {
    const world = await createRelayWorld();
    await world.deliver(moved({ to: 'To Analyse' }));
    await world.clock.advance(5000);
    const response = await world.send(new Request('http://relay/metrics', { headers: { accept: 'text/plain' } }));
    const text = response === 'dropped' ? '' : await response.text();
    expect(text).toContain('conveyor_relay_events_total{result="accepted"} 1');
    expect(text).toContain('conveyor_relay_dispatch_total{result="ok"} 1');
    expect(text).toContain('conveyor_relay_dispatch_seconds_bucket{le="+Inf"} 1');
    expect(text).toContain('conveyor_relay_spool_depth 0');
    expect(text).toContain('conveyor_relay_config_ok 1');
  });
});

describe('receiving', () => {
  it('relay §1.2: 415 for another type or any encoding, 413 over the limit, before any signature', async () => {
    const world = await createRelayWorld({ config: { maxBodyBytes: 70_000 } });
    expect(await status(world, post('{}', { 'content-type': 'text/plain' }))).toBe(415);
    expect(await status(world, post('{}', { 'content-type': 'application/jsonx' }))).toBe(415);
    expect(await status(world, post('{}', { 'content-encoding': 'gzip' }))).toBe(415);
    expect(await status(world, post('{}', { 'content-type': 'application/json; charset=utf-8' }))).toBe(200);
    expect(await status(world, post('x'.repeat(70_001)))).toBe(413);
    const announced = new Request('http://relay/webhook/plane', {
      method: 'POST',
      body: 'x',
      headers: { 'content-type': 'application/json', 'content-length': '70001' },
    });
    expect(await status(world, announced)).toBe(413);
    expect(world.records()).toEqual([]);
  });

  it('RL-RLY-3: a missing, wrong or foreign signature is 401 and leaves nothing in the spool', async () => {
    const world = await createRelayWorld();
    const body = moved({ to: 'To Analyse' });
    for (const signature of ['', 'x', sign(`${body} `), sign(body, 'another')])
      expect(await status(world, post(body, { 'x-plane-signature': signature }))).toBe(401);
    expect([...world.files.contents.keys()].filter((path) => /seg-|rejected/.test(path))).toEqual([]);
    expect(await events(world)).toMatchObject({ unauthorized: 4, accepted: 0 });
  });

  it('case 2, RL-RLY-4: the previous secret is accepted and counted', async () => {
    const world = await createRelayWorld();
    const body = moved({ to: 'To Analyse' });
    expect(await status(world, post(body, { 'x-plane-signature': sign(body, SECRETS.second) }))).toBe(200);
    expect(await events(world)).toMatchObject({ accepted: 1, secrets: { current: 0, previous: 1 } });
    await world.clock.advance(86_400_000);
    const later = moved({ to: 'Approved' });
    await world.send(post(later, { 'x-plane-signature': sign(later, SECRETS.second) }));
    expect(world.alerts.map(({ kind }) => kind)).toEqual(['relay.signature']);
  });

  it('RL-RLY-4: five bad signatures within ten minutes raise one alert, spread ones none', async () => {
    const world = await createRelayWorld();
    for (let count = 0; count < 8; count += 1) {
      await world.send(post('{}', { 'x-plane-signature': 'x' }));
      await world.clock.advance(200_000);
    }
    expect(world.alerts).toEqual([]);
    for (let count = 0; count < 8; count += 1) await world.send(post('{}', { 'x-plane-signature': 'x' }));
    expect(world.alerts.map(({ kind }) => kind)).toEqual(['relay.signature']);
  });

  it.each(['', 'no json', '[]', '"text"', '1', 'null', '{"a":'])(
    'relay §1.2: signed but not an object (%s) is 400 and a copy is kept',
    async (body) => {
      const world = await createRelayWorld();
      expect(await status(world, post(body))).toBe(400);
      const kept = [...world.files.contents].filter(([path]) => path.includes('/rejected/'));
      expect(kept.map(([, bytes]) => bytes.toString())).toEqual([body]);
    },
  );

  it('relay §1.2: bytes that are not UTF-8 are 400, byte for byte in the copy', async () => {
    const world = await createRelayWorld();
    const body = Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]);
    expect(await status(world, post(body))).toBe(400);
    expect([...world.files.contents].find(([path]) => path.includes('/rejected/'))?.[1]).toEqual(body);
  });

  it('RL-RLY-7: a signed probe is always dropped, an unsigned one is 401', async () => {
    const world = await createRelayWorld();
    expect(await status(world, post('{}', { 'x-conveyor-probe': 'drop' }))).toBe('dropped');
    expect(await status(world, post('{}', { 'x-conveyor-probe': 'drop', 'x-plane-signature': 'x' }))).toBe(401);
  });

  it('case 3, RL-RLY-10: one change delivered ten times at once is one record, one dispatch, nine duplicates', async () => {
    const world = await createRelayWorld();
    const body = moved({ to: 'To Analyse' });
    const answers = await Promise.all(Array.from({ length: 10 }, () => world.deliver(body)));
    expect(answers.filter((answer) => (answer as { status: string }).status === 'accepted')).toEqual([
      { status: 'accepted', key: expect.stringMatching(/^[0-9a-f]{12}$/) },
    ]);
    expect(answers.filter((answer) => (answer as { status: string }).status === 'duplicate')).toHaveLength(9);
    await world.clock.advance(10_000);
    expect(world.records()).toHaveLength(1);
    expect(world.forge.dispatches).toHaveLength(1);
  });

  it('case 3: A→B→A→B in one second stays two edges', async () => {
    const world = await createRelayWorld();
    const edge = (to: string, at: string) =>
      world.deliver(moved({ to, from: to === 'Approved' ? 'Rejected' : 'Approved', at }));
    await edge('Approved', '2026-05-04T10:00:00.1Z');
    await world.clock.advance(5000);
    await edge('Rejected', '2026-05-04T10:00:00.2Z');
    await world.clock.advance(5000);
    await edge('Approved', '2026-05-04T10:00:00.3Z');
    await world.clock.advance(5000);
    expect(world.forge.dispatches.map(({ envelopes }) => envelopes.map(({ new_key: key }) => key))).toEqual([
      ['approved'],
      ['rejected'],
      ['approved'],
    ]);
  });

  it('case 8: unknown project, cycle, comment, label without meaning: 200 ignored, no record, no call', async () => {
    const world = await createRelayWorld();
    await world.clock.advance(10);
    const before = { ...world.tracker.calls };
    const strange = JSON.parse(recording(16).body);
    strange.data.labels = strange.data.labels.map((label: { name: string }) =>
      label.name === 'autoApprove' ? { ...label, name: 'colour' } : label,
    );
    const cases: [unknown, string][] = [
      [
        recording(66).body.replaceAll('41252e54-9640-4cb9-96ba-d352c76b1c0a', '41252e54-0000-4cb9-96ba-d352c76b1c0a'),
        'unknown project',
      ],
      [recording(41).body, 'no interest'],
      [recording(36).body, 'no interest'],
      [JSON.stringify(strange), 'no interest'],
      [recording(14).body, 'no interest'],
      [recording(65).body, 'no interest'],
      ['{}', 'no interest'],
    ];
    for (const [body, reason] of cases)
      expect(await world.deliver(body as string)).toEqual({ status: 'ignored', reason });
    await world.clock.advance(1000);
    expect(world.records()).toEqual([]);
    expect(world.tracker.calls).toEqual(before);
  });

  it('RL-RLY-12: a label with meaning is dispatched as tracker.labels, gained or lost', async () => {
    const world = await createRelayWorld();
    for (const number of [16, 19])
      expect(await world.deliver(recording(number).body)).toMatchObject({ status: 'accepted' });
    await world.clock.advance(20_000);
    expect(world.forge.dispatches.flatMap(({ envelopes }) => envelopes)).toMatchObject([
      { kind: 'tracker.labels', field: 'labels', old_key: null, new_key: null, actor: { id: BOB } },
      { kind: 'tracker.labels' },
    ]);
  });

  it('case 9: our own account is ignored, the same change by a person is dispatched; created_by is never looked at', async () => {
    const world = await createRelayWorld();
    await world.clock.advance(10);
    expect(await world.deliver(moved({ to: 'Approved', actor: BOT }))).toEqual({
      status: 'ignored',
      reason: 'own write',
    });
    const forged = moved({ to: 'Approved', actor: BOB }).replace(/"created_by": "[^"]*"/, `"created_by": "${BOT}"`);
    expect(await world.deliver(forged)).toMatchObject({ status: 'accepted' });
    await world.clock.advance(5000);
    expect(world.forge.dispatches).toHaveLength(1);
  });

  it('RL-RLY-13: accounts in own_actor_ids are ours too', async () => {
    const world = await createRelayWorld({ config: { ownActorIds: [BOB] } });
    expect(await world.deliver(moved({ to: 'Approved', actor: BOB }))).toEqual({
      status: 'ignored',
      reason: 'own write',
    });
  });

  it('case 10: created → log line with soft warnings, no dispatch; created directly in To Analyse → dispatched', async () => {
    const world = await createRelayWorld();
    await world.clock.advance(10);
    expect(await world.deliver(recording(4).body)).toEqual({ status: 'ignored', reason: 'no interest' });
    expect(world.log.lines.filter((line) => /ET-\d+ created: .*description has 0 characters/.test(line))).toHaveLength(
      1,
    );
    expect(await world.deliver(recording(2).body)).toMatchObject({ status: 'accepted' });
    await world.clock.advance(5000);
    expect(
      world.forge.dispatches.map(({ envelopes }) => envelopes.map(({ new_key: key, old_key: old }) => [old, key])),
    ).toEqual([[[null, 'to_analyse']]]);
  });

  it('O-C-8: a project of another tracker than the one whose secret signed is unknown', async () => {
    const projects = [
      {
        tracker: 'second',
        project: OTHER_PROJECT,
        forge: 'gitea',
        repository: 'acme/other',
        prefix: 'OTH',
        enabled: true,
      },
    ];
    const world = await createRelayWorld({ config: { projects } });
    expect(await world.deliver(moved({ to: 'To Analyse', project: OTHER_PROJECT }))).toEqual({
      status: 'ignored',
      reason: 'unknown project',
    });
  });

  it('case 43: every recorded request is answered as its row of the table says, and what may count is on the disk', async () => {
    const world = await createRelayWorld({ config: { projects: PROJECTS.slice(0, 1) } });
    await world.clock.advance(10);
    const seen: Record<string, number> = {};
    for (const { body, headers, method, secret } of recordings()) {
      const key =
        secret === 'second-after-regenerate' ? sign(body, SECRETS.second) : (headers['X-Plane-Signature'] ?? '');
      const {
        'Content-Length': _length,
        Host: _host,
        Connection: _connection,
        'X-Plane-Signature': _signature,
        ...rest
      } = headers;
      const response = await world.send(
        new Request('http://relay/webhook/plane', {
          method,
          headers: { ...rest, 'x-plane-signature': key },
          ...(method === 'POST' ? { body } : {}),
        }),
      );
      const answer =
        response === 'dropped'
          ? { status: 'dropped' }
          : ((await response.json()) as { status: string; reason?: string });
      const word = answer.reason ?? answer.status;
      seen[word] = (seen[word] ?? 0) + 1;
    }
    const ours = recordings().filter(
      ({ body }) => body.startsWith('{"event": "issue",') && body.includes(`"actor": {"id": "${BOT}"`),
    );
    expect(seen).toEqual({
      'own write': ours.length,
      accepted: 3,
      'unknown project': 1,
      'method not allowed': 1,
      'no interest': 75 - ours.length,
    });
    expect(world.records().map(({ field, body }) => [field, body])).toEqual(
      [2, 16, 19].map((number) => [number === 2 ? 'state' : 'labels', JSON.parse(recording(number).body)]),
    );
    const segment = [...world.files.contents].find(([path]) => path.includes('/seg-'))?.[1].toString() ?? '';
    for (const number of [2, 16, 19]) expect(segment).toContain(recording(number).body);
  });
});

describe('a spool that refuses', () => {
  it('case 5, RL-RLY-5: ENOSPC or a failed fsync drops the connection; with room again the retry is accepted once', async () => {
    for (const fault of [{ room: 10 }, { room: 0 }, { sync: true }, { sync: true, truncate: true }]) {
      const world = await createRelayWorld();
      const body = moved({ to: 'To Analyse' });
      Object.assign(world.files.faults, fault);
      expect(await world.deliver(body)).toBe('dropped');
      expect(await Promise.all([world.deliver(body), world.deliver(body)])).toEqual(['dropped', 'dropped']);
      expect((await world.get('/health')).status).toBe(503);
      await world.clock.advance(20_000);
      expect(world.forge.tries).toEqual([]);
      Object.assign(world.files.faults, { room: null, sync: false, truncate: false });
      expect(await world.deliver(body)).toMatchObject({ status: 'accepted' });
      expect(await world.deliver(body)).toEqual({ status: 'duplicate' });
      await world.clock.advance(20_000);
      expect(world.forge.dispatches).toHaveLength(1);
      expect((await world.get('/health')).body).toMatchObject({ status: 'ok' });
      expect(world.alerts.map(({ kind }) => kind)).toEqual(['relay.spool', 'relay.spool']);
    }
  });

  it('case 5, RL-RLY-6: after 600 s of failure on end the answer is 503; one alert', async () => {
    const world = await createRelayWorld();
    world.files.faults.sync = true;
    expect(await world.deliver(moved({ to: 'To Analyse' }))).toBe('dropped');
    await world.clock.advance(599_000);
    expect(await world.deliver(moved({ to: 'Approved' }))).toBe('dropped');
    await world.clock.advance(2000);
    expect(await world.deliver(moved({ to: 'Rejected' }))).toEqual({ status: 'spool not writable' });
    expect(world.alerts).toHaveLength(1);
    expect(await events(world)).toMatchObject({ dropped: 3 });
  });

  it('RL-RLY-6: a relay without traffic notices by itself that the disk is well again', async () => {
    const world = await createRelayWorld();
    world.files.faults.sync = true;
    await world.deliver(moved({ to: 'To Analyse' }));
    await world.clock.advance(20_000);
    expect((await world.get('/health')).status).toBe(503);
    world.files.faults.sync = false;
    await world.clock.advance(10_000);
    expect((await world.get('/health')).status).toBe(200);
  });

  it('RL-RLY-9: at the size cap nothing is answered either', async () => {
    const world = await createRelayWorld({ config: { spool: { directory: '/spool', maxBytes: 4000, dropMaxS: 600 } } });
    expect(await world.deliver(moved({ to: 'To Analyse' }))).toMatchObject({ status: 'accepted' });
    expect(await world.deliver(moved({ to: 'Approved' }))).toBe('dropped');
  });
});
