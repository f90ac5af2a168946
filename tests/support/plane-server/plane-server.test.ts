import { readdirSync, readFileSync } from 'node:fs';
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type PlaneServer, startPlaneServer } from './index.ts';

const RECORDINGS = join(import.meta.dirname, '..', 'plane');
const recorded = (folder: 'api' | 'webhooks', number: string) => {
  const name = readdirSync(join(RECORDINGS, folder)).find((file) => file.startsWith(`${number}-`));
  if (name === undefined) throw new Error(`no recording ${folder}/${number}`);
  return JSON.parse(readFileSync(join(RECORDINGS, folder, name), 'utf8'));
};

/** Names and kinds of everything in an answer; of a list its first row. null and a value are one kind: recordings hold both. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? 'list' : [shapeOf(value[0])];
  if (value === null || typeof value !== 'object') return 'value';
  return Object.fromEntries(
    Object.entries(value)
      .sort()
      .map(([key, entry]) => [key, typeof entry === 'object' && entry !== null ? shapeOf(entry) : 'value']),
  );
}

async function call(
  plane: PlaneServer,
  method: string,
  path: string,
  body?: object,
  token: string | null = plane.token,
) {
  const base = `/api/v1/workspaces/${plane.workspace}/projects/${plane.project}/`;
  const response = await fetch(plane.url + (path.startsWith('/') ? path : base + path), {
    method,
    headers: { 'Content-Type': 'application/json', ...(token === null ? {} : { 'X-API-Key': token }) },
    body: body === undefined ? null : JSON.stringify(body),
    redirect: 'manual',
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) };
}

async function startReceiver(answer: (n: number) => number | 'close' = () => 200) {
  const got: { headers: Record<string, unknown>; body: string }[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    got.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
    const status = answer(got.length);
    if (status === 'close') request.socket.destroy();
    else response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    got,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/plane`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe('plane-server answers like the recorded Plane', () => {
  it('has the status codes and shapes of the recordings', async () => {
    await using plane = await startPlaneServer();
    const item = plane.createIssue({ name: 'One', description: '<p>x</p>', labels: ['Bug'] });
    const own = `work-items/${item.id}/`;
    const missing = 'work-items/00000000-0000-4000-8000-000000000000/';
    plane.addComment('ada', item.id, '<p>hi</p>');
    const state = plane.states.find(({ name }) => name === 'Analysis')?.id;
    const label = plane.labels[0]?.id;
    const workspace = `/api/v1/workspaces/${plane.workspace}/`;
    const cases: readonly [recording: string, method: string, path: string, body?: object, token?: string | null][] = [
      ['009', 'GET', 'states/'],
      ['010', 'POST', 'states/', { name: 'New', color: '#E5484D', group: 'started' }],
      ['011', 'POST', 'states/', { name: 'Analysis', color: '#E5484D', group: 'started' }],
      ['014', 'POST', 'labels/', { name: 'New', color: '#E5484D' }],
      ['015', 'POST', 'labels/', { name: 'New', color: '#E5484D' }],
      ['016', 'GET', 'labels/'],
      ['017', 'GET', '/api/v1/users/me/'],
      ['021', 'GET', `${workspace}members/`],
      ['022', 'GET', 'members/'],
      ['023', 'GET', 'project-members/'],
      ['028', 'GET', 'work-items/?per_page=2&cursor=2:50:0'],
      ['029', 'GET', 'work-items/?per_page=2&cursor=nonsense'],
      ['030', 'GET', 'work-items/?per_page=5000'],
      ['034', 'GET', 'work-items/?order_by=nonsense'],
      ['042', 'GET', `${workspace}work-items/et-1/`],
      ['044', 'GET', `${workspace}work-items/ET-abc/`],
      ['046', 'GET', missing],
      ['052', 'POST', 'work-items/', { description_html: '<p>No name</p>' }],
      ['053', 'PATCH', own, { state, labels: [label] }],
      ['056', 'PATCH', own, { state_id: state }],
      ['057', 'PATCH', own, { state: '00000000-0000-4000-8000-000000000000' }],
      ['058', 'PATCH', own, { state: 'Analysis' }],
      ['060', 'PATCH', own, { labels: ['00000000-0000-4000-8000-000000000000'] }],
      ['067', 'PATCH', missing, { name: 'x' }],
      ['068', 'POST', `${own}comments/`, { comment_html: '<p>x</p>' }],
      [
        '069',
        'POST',
        `${own}comments/`,
        { comment_html: '<p>With id</p>', external_source: 'relay', external_id: 'step-1' },
      ],
      [
        '070',
        'POST',
        `${own}comments/`,
        { comment_html: '<p>With id</p>', external_source: 'relay', external_id: 'step-1' },
      ],
      ['074', 'POST', `${own}comments/`, { comment: '<p>wrong field</p>' }],
      ['075', 'GET', `${own}comments/`],
      ['081', 'GET', `${own}comments/00000000-0000-4000-8000-000000000000/`],
      ['082', 'POST', `${missing}comments/`, { comment_html: '<p>x</p>' }],
      ['093', 'GET', `${own}activities/`],
      ['106', 'GET', 'states/', undefined, null],
      ['107', 'GET', 'states/', undefined, 'plane_api_wrong'],
      ['112', 'GET', '/api/v1/workspaces/nowhere/projects/'],
      ['114', 'GET', missing],
      ['121', 'DELETE', own],
      [
        '135',
        'GET',
        'work-items/?order_by=-updated_at&per_page=5&fields=id,sequence_id,name,state,updated_at&expand=state',
      ],
    ];
    for (const [number, method, path, body, token] of cases) {
      const want = recorded('api', number).response;
      const got = await call(plane, method, path, body, token);
      expect(got.status, `status of ${number}`).toBe(want.status);
      const errors = want.status >= 400;
      expect(errors ? Object.keys(got.body) : shapeOf(got.body), `shape of ${number}`).toEqual(
        errors ? Object.keys(want.body) : shapeOf(want.body),
      );
    }
    expect(plane.stateName(item.id)).toBe('Analysis');
  });

  it('an item of the list has every field of a recorded one', async () => {
    await using plane = await startPlaneServer();
    plane.createIssue({ name: 'One', labels: ['Bug'] });
    const want = recorded('api', '037').response.body;
    const got = (await call(plane, 'GET', 'work-items/')).body.results[0];
    expect(Object.keys(got).sort()).toEqual(Object.keys(want).sort());
  });

  it('a path without the slash is a redirect for every method [118-120]', async () => {
    await using plane = await startPlaneServer();
    for (const method of ['GET', 'POST', 'PATCH'])
      expect((await call(plane, method, 'work-items', method === 'GET' ? undefined : {})).status).toBe(301);
  });

  it('refuses the request over the limit with Retry-After and writes nothing [126, 127]', async () => {
    await using plane = await startPlaneServer();
    const item = plane.createIssue({ name: 'One' });
    plane.rateLimit(1);
    await call(plane, 'GET', 'states/');
    const refused = await call(plane, 'PATCH', `work-items/${item.id}/`, { name: 'Two' });
    expect([refused.status, refused.body]).toEqual([429, recorded('api', '126').response.body]);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(plane.issue(item.id).name).toBe('One');
  });
});

describe('plane-server webhooks', () => {
  it('are signed over the raw bytes and have the fields of the recorded ones', async () => {
    await using receiver = await startReceiver();
    await using plane = await startPlaneServer({ webhook: { url: receiver.url, secret: 'plane_wh_test' } });
    const item = plane.createIssue({ name: 'Ошибка ☕', description: '<p>“x”</p>', labels: ['Bug'] });
    plane.moveIssue('ada', item.id, 'To Analyse');
    plane.addComment('bob', item.id, '<p>Да</p>');
    await call(plane, 'PATCH', `work-items/${item.id}/`, { state: plane.states[4]?.id });
    await plane.webhookIdle();
    expect(receiver.got).toHaveLength(4);
    const numbers = ['02', '09', '36', '12'];
    for (const [index, { headers, body }] of receiver.got.entries()) {
      const want = recorded('webhooks', numbers[index] ?? '');
      expect(headers['x-plane-signature']).toBe(createHmac('sha256', 'plane_wh_test').update(body).digest('hex'));
      expect(headers['x-plane-event']).toBe(want.headers['X-Plane-Event']);
      expect(body).toMatch(/^[\x20-\x7e]+$/);
      const [got, wanted] = [JSON.parse(body), JSON.parse(want.body)];
      for (const part of ['data', 'activity'] as const)
        expect(Object.keys(got[part]).sort(), `${part} of ${numbers[index]}`).toEqual(Object.keys(wanted[part]).sort());
      expect([got.event, got.action, got.activity.field]).toEqual([wanted.event, wanted.action, wanted.activity.field]);
      expect(Object.keys(got)).toEqual(Object.keys(wanted));
    }
    expect(receiver.got[0]?.body).toContain('"sort_order": 65535.0');
    expect(JSON.parse(receiver.got[3]?.body ?? '').activity.actor.id).toBe(plane.people.bot.id);
  });

  it('send nothing for an unchanged value and two rows for labels in another order', async () => {
    await using receiver = await startReceiver();
    await using plane = await startPlaneServer();
    const item = plane.createIssue({ name: 'One', labels: ['Bug', 'autoDeploy'] });
    plane.setWebhook({ url: receiver.url, secret: 's' });
    plane.moveIssue('ada', item.id, 'Backlog');
    plane.setLabels('ada', item.id, ['autoDeploy', 'Bug']);
    await plane.webhookIdle();
    expect(receiver.got.map(({ body }) => JSON.parse(body).activity.field)).toEqual(['label_ids']);
  });

  it('take any answer as delivered and repeat a closed connection with a new id and the same body', async () => {
    await using receiver = await startReceiver((n) => (n === 1 ? 500 : n === 2 ? 'close' : 200));
    await using plane = await startPlaneServer({ webhook: { url: receiver.url, secret: 's' }, retryDelayMs: 1 });
    plane.createIssue({ name: 'One' });
    plane.createIssue({ name: 'Two' });
    await expect.poll(() => receiver.got.length).toBe(3);
    await plane.webhookIdle();
    expect(plane.deliveries.map(({ attempt, answered }) => [attempt, answered])).toEqual([
      [1, 500],
      [1, null],
      [2, 200],
    ]);
    expect(plane.deliveries[1]?.body).toBe(plane.deliveries[2]?.body);
    expect(plane.deliveries[1]?.id).not.toBe(plane.deliveries[2]?.id);
  });

  it('are off after the sixth attempt without an answer', async () => {
    await using receiver = await startReceiver(() => 'close');
    await using plane = await startPlaneServer({ webhook: { url: receiver.url, secret: 's' }, retryDelayMs: 1 });
    plane.createIssue({ name: 'One' });
    await expect.poll(() => plane.webhookActive()).toBe(false);
    plane.createIssue({ name: 'Two' });
    await plane.webhookIdle();
    expect(receiver.got).toHaveLength(6);
  });
});
