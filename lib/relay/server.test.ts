import { connect, type Socket } from 'node:net';
import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { createApp } from './app.ts';
import { newMetrics } from './metrics.ts';
import type { Receipt } from './receive.ts';
import { listen, SERVER_LIMITS, type ServerLimits } from './server.ts';
import { createRelayWorld } from '../../tests/support/relay/world.ts';

/** A real listener whose receiver answers what the test says. */
async function serve(
  receive: (body: Uint8Array) => Receipt | Promise<Receipt>,
  limits: ServerLimits = SERVER_LIMITS,
  maxBodyBytes = 16_777_216,
) {
  const world = await createRelayWorld();
  const metrics = newMetrics();
  const app = createApp({
    receiver: { receive: async ({ body }) => receive(body) },
    metrics,
    view: world.view(),
    maxBodyBytes: () => maxBodyBytes,
    statusToken: () => null,
  });
  const server = await listen(app, { host: '127.0.0.1', port: 0 }, metrics, limits);
  return { port: server.port, metrics, close: () => server.close(), [Symbol.asyncDispose]: () => server.close() };
}

const accepted: Receipt = { status: 200, body: { status: 'accepted', key: '000000000000' } };

/** Sends raw bytes and resolves with everything the other side said until it closed. */
function talk(port: number, send: (socket: Socket) => void): Promise<string> {
  return new Promise((resolve) => {
    let heard = '';
    const socket = connect(port, '127.0.0.1', () => send(socket));
    socket.on('data', (chunk) => {
      heard += chunk.toString('latin1');
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(heard));
  });
}

/** Status of a POST, or the error code of the connection. */
function post(port: number, body: Buffer, headers: Record<string, string | number> = {}): Promise<number | string> {
  return new Promise((resolve) => {
    const sending = request(
      {
        port,
        host: '127.0.0.1',
        method: 'POST',
        path: '/webhook/plane',
        headers: { 'content-type': 'application/json', 'content-length': body.length, ...headers },
      },
      (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      },
    );
    sending.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'));
    sending.end(body);
  });
}

const head = (lines: readonly string[]) =>
  `POST /webhook/plane HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${lines.join('')}`;

describe('the listener', () => {
  it('case 5, RL-RLY-5: a drop closes the connection without one byte of answer', async () => {
    await using server = await serve(() => 'drop');
    expect(await talk(server.port, (socket) => socket.write(`${head(['Content-Length: 2\r\n'])}\r\n{}`))).toBe('');
    expect(await post(server.port, Buffer.from('{}'))).toBe('ECONNRESET');
  });

  it('case 23: 16 MiB + 1 is 413 with the connection closed; a delivery of 1.2 MB is accepted whole', async () => {
    let got = 0;
    await using server = await serve((body) => {
      got = body.length;
      return accepted;
    });
    const heard = await talk(server.port, (socket) =>
      socket.write(`${head([`Content-Length: ${16_777_217}\r\n`])}\r\n`),
    );
    expect(heard).toMatch(/^HTTP\/1\.1 413 /);
    expect(heard).toMatch(/connection: close/i);
    expect(got).toBe(0);
    expect(await post(server.port, Buffer.alloc(1_178_456, 0x20))).toBe(200);
    expect(got).toBe(1_178_456);
    expect(await post(server.port, Buffer.alloc(16_777_216, 0x20))).toBe(200);
    expect(got).toBe(16_777_216);
  });

  it('case 23: a chunked body is counted while it comes', async () => {
    await using server = await serve(() => accepted, SERVER_LIMITS, 70_000);
    const chunk = `${(10_000).toString(16)}\r\n${'x'.repeat(10_000)}\r\n`;
    const heard = await talk(server.port, (socket) =>
      socket.write(`${head(['Transfer-Encoding: chunked\r\n'])}\r\n${chunk.repeat(8)}`),
    );
    expect(heard).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('case 23: a dripping body is 408 after the limit, and others are answered meanwhile', async () => {
    await using server = await serve(() => accepted, { headersMs: 200, requestMs: 600, closeMs: 1000 });
    let dripped = 0;
    const slow = talk(server.port, (socket) => {
      socket.write(`${head(['Content-Length: 1000\r\n'])}\r\n`);
      const timer = setInterval(() => {
        dripped += 1;
        socket.write(' ');
      }, 50);
      socket.on('close', () => clearInterval(timer));
    });
    expect(await post(server.port, Buffer.from('{}'))).toBe(200);
    expect(await slow).toMatch(/^HTTP\/1\.1 408 /);
    expect(dripped).toBeGreaterThan(1);
    expect(server.metrics.limits.timeout).toBeGreaterThanOrEqual(1);
  });

  it('relay §1.2: heads over 16 KiB or too late are 408, broken ones 400, each with the connection closed', async () => {
    await using server = await serve(() => accepted, { headersMs: 200, requestMs: 600, closeMs: 1000 });
    expect(
      await talk(server.port, (socket) => socket.write(`${head([`X-Filler: ${'x'.repeat(17_000)}\r\n`])}\r\n`)),
    ).toMatch(/^HTTP\/1\.1 408 /);
    expect(await talk(server.port, (socket) => socket.write('POST /webhook/plane HTTP/1.1\r\nHost: x\r\n'))).toMatch(
      /^HTTP\/1\.1 408 /,
    );
    expect(await talk(server.port, (socket) => socket.write('nonsense\r\n\r\n'))).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('RL-RLY-27: closing refuses new connections at once and finishes the open request', async () => {
    let finish = () => {};
    const arrived = Promise.withResolvers<void>();
    const server = await serve(async () => {
      arrived.resolve();
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      return accepted;
    });
    const open = post(server.port, Buffer.from('{}'));
    await arrived.promise;
    const closing = server.close();
    expect(await post(server.port, Buffer.from('{}'))).toBe('ECONNREFUSED');
    finish();
    expect(await open).toBe(200);
    await closing;
  });

  it('RL-RLY-1: loopback shows the status, but not through a proxy', async () => {
    await using server = await serve(() => accepted);
    const status = (headers: Record<string, string>) =>
      new Promise((resolve) =>
        request({ port: server.port, host: '127.0.0.1', path: '/status', headers }, (response) =>
          resolve(response.resume().statusCode),
        ).end(),
      );
    expect(await status({})).toBe(200);
    for (const name of ['x-forwarded-for', 'x-real-ip', 'forwarded'])
      expect(await status({ [name]: '203.0.113.9' })).toBe(401);
  });

  it('a port that is taken is an error that says what to do', async () => {
    await using server = await serve(() => accepted);
    const world = await createRelayWorld();
    await expect(listen(world.app(), { host: '127.0.0.1', port: server.port }, newMetrics())).rejects.toMatchObject({
      code: 'RELAY_LISTEN',
    });
  });
});
