import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ConfigError, ExternalError } from '../../base/errors.ts';
import { HttpTimeout, type SendHttp } from '../http/send.ts';
import { createGiteaHttp, isLoopback } from './gitea-http.ts';

interface Server extends AsyncDisposable {
  readonly url: string;
  readonly seen: string[];
}

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<Server> {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
const json = (response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}) => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
};
const caught = async (work: Promise<unknown>): Promise<ExternalError> => {
  const error = await work.catch((thrown: unknown) => thrown);
  if (!(error instanceof ExternalError)) throw new Error(`no ExternalError: ${String(error)}`);
  return error;
};

describe('the door to the REST API', () => {
  it('sends the token and reads the answer below /api/v1, with or without a slash at the end of the address', async () => {
    await using server = await serve((request, response) =>
      json(response, 200, { auth: request.headers.authorization }),
    );
    for (const url of [server.url, `${server.url}/`]) {
      const http = createGiteaHttp({ url, token: 'abc' });
      expect(await http.get(z.object({ auth: z.string() }), '/version')).toEqual({ auth: 'token abc' });
    }
    expect(server.seen).toEqual(['GET /api/v1/version', 'GET /api/v1/version']);
  });

  it('a GET carries its parameters as query, a write as JSON body', async () => {
    await using server = await serve((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => json(response, 200, { url: request.url, body }));
    });
    const http = createGiteaHttp({ url: server.url, token: 't' });
    expect((await http.send('GET', '/a', { page: 2, q: 'x y' })).data).toMatchObject({
      url: '/api/v1/a?page=2&q=x%20y',
    });
    expect((await http.send('POST', '/a?b=true', { ref: 'main' })).data).toEqual({
      url: '/api/v1/a?b=true',
      body: '{"ref":"main"}',
    });
  });

  const TABLE: readonly (readonly [status: number, retryable: boolean])[] = [
    [400, false],
    [401, false],
    [403, false],
    [404, false],
    [405, false],
    [408, true],
    [409, false],
    [422, false],
    [429, true],
    [500, true],
    [502, true],
    [503, true],
  ];
  for (const [status, retryable] of TABLE)
    it(`design §9: ${status} is ${retryable ? 'retryable' : 'final'}, carries status and the forge's words, and is asked once`, async () => {
      await using server = await serve((_, response) => json(response, status, { message: 'because\n of  this' }));
      const error = await caught(createGiteaHttp({ url: server.url, token: 't' }).send('POST', '/x'));
      expect(error.code).toBe('FORGE_HTTP');
      expect(error.detail).toEqual({ retryable, status });
      expect(error.message).toBe(`POST /x: ${status} because of this`);
      expect(server.seen).toHaveLength(1);
    });

  it('Retry-After is told in seconds, given as number or date', async () => {
    let header = '7';
    await using server = await serve((_, response) => json(response, 429, {}, { 'retry-after': header }));
    const http = createGiteaHttp({ url: server.url, token: 't' });
    expect((await caught(http.send('GET', '/x'))).detail.retryAfterS).toBe(7);
    header = new Date(Date.now() + 3_600_000).toUTCString();
    const seconds = (await caught(http.send('GET', '/x'))).detail.retryAfterS ?? 0;
    expect(seconds).toBeGreaterThan(3000);
    expect(seconds).toBeLessThanOrEqual(3601);
    header = 'soon';
    expect((await caught(http.send('GET', '/x'))).detail.retryAfterS).toBeUndefined();
  });

  it('nobody at the address, and an answer that breaks off, are network errors: retryable, without a status', async () => {
    const gone = await serve(() => {});
    await gone[Symbol.asyncDispose]();
    const error = await caught(createGiteaHttp({ url: gone.url, token: 'secret-token' }).send('GET', '/x'));
    expect(error).toMatchObject({ code: 'FORGE_NETWORK', detail: { retryable: true } });
    expect(error.detail.status).toBeUndefined();
    expect(`${error.message} ${error.stack}`).not.toContain('secret-token');
    await using server = await serve((request) => request.socket.destroy());
    expect(await caught(createGiteaHttp({ url: server.url, token: 't' }).send('POST', '/x'))).toMatchObject({
      code: 'FORGE_NETWORK',
    });
  });

  it('a time-out says how long was waited', async () => {
    const slow: SendHttp = ({ timeoutMs }) => Promise.reject(new HttpTimeout(timeoutMs));
    const error = await caught(
      createGiteaHttp({ url: 'http://127.0.0.1:1', token: 't', send: slow }).send('GET', '/x'),
    );
    expect(error.message).toBe('GET /x on 127.0.0.1:1: no answer within 10 s');
  });

  it('a write follows no redirect, a read does', async () => {
    await using server = await serve((request, response) => {
      if (request.url === '/api/v1/old') {
        response.writeHead(307, { location: '/api/v1/new' });
        response.end();
      } else json(response, 200, { here: true });
    });
    const http = createGiteaHttp({ url: server.url, token: 't' });
    expect((await http.send('GET', '/old')).data).toEqual({ here: true });
    const error = await caught(http.send('POST', '/old'));
    expect(error).toMatchObject({ code: 'FORGE_REDIRECT', detail: { retryable: false } });
    expect(error.message).toContain('/api/v1/new');
    expect(server.seen.filter((line) => line.startsWith('POST'))).toEqual(['POST /api/v1/old']);
  });

  it('an answer in another shape is an error that names the field, never a value', async () => {
    await using server = await serve((_, response) => json(response, 200, { count: 'many' }));
    const error = await caught(
      createGiteaHttp({ url: server.url, token: 't' }).get(z.object({ count: z.int() }), '/x'),
    );
    expect(error.code).toBe('FORGE_ANSWER');
    expect(error.message).toContain('count');
  });

  it('find answers null for 404 only', async () => {
    let status = 404;
    await using server = await serve((_, response) => json(response, status, {}));
    const http = createGiteaHttp({ url: server.url, token: 't' });
    expect(await http.find(z.object({}), '/x')).toBeNull();
    status = 403;
    expect((await caught(http.find(z.object({}), '/x'))).detail.status).toBe(403);
  });

  it('an address that is none is a configuration error', () => {
    for (const url of ['', 'git.example.org', 'ftp://git.example.org', '/srv/git'])
      expect(() => createGiteaHttp({ url, token: 't' })).toThrow(ConfigError);
  });
});

describe('RL-PLN-6: the write floor', () => {
  const never: SendHttp = () => {
    throw new Error('a request was sent');
  };
  const lines: string[] = [];
  const log = { debug() {}, info() {}, warn() {}, error: (text: string) => void lines.push(text) };
  const door = (url: string, env: Record<string, string>, send: SendHttp = never) =>
    createGiteaHttp({ url, token: 't', send, log, env });

  for (const sign of ['CONVEYOR_TEST', 'VITEST', 'NODE_TEST_CONTEXT', 'JEST_WORKER_ID'])
    it(`with ${sign} set, a write beyond loopback is refused before anything is sent, loudly`, async () => {
      lines.length = 0;
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'] as const) {
        const error = await door('https://git.example.org', { [sign]: '1' })
          .send(method, '/x')
          .catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(ConfigError);
        expect(error).toMatchObject({ code: 'FORGE_WRITE_REFUSED' });
      }
      expect(lines).toHaveLength(4);
      expect(lines[0]).toContain(sign);
    });

  it('this very process counts as a test process when nothing else is said', async () => {
    const http = createGiteaHttp({ url: 'https://git.example.org', token: 't', send: never });
    await expect(http.send('POST', '/x')).rejects.toMatchObject({ code: 'FORGE_WRITE_REFUSED' });
  });

  it('reads are not refused, nor are writes to loopback, nor writes outside tests', async () => {
    const fine: SendHttp = () =>
      Promise.resolve({ status: 200, body: Buffer.from('{}'), header: () => 'application/json' });
    const calls = [
      door('https://git.example.org', { VITEST: '1' }, fine).send('GET', '/x'),
      door('http://localhost:3000', { VITEST: '1' }, fine).send('POST', '/x'),
      door('https://git.example.org', { VITEST: '' }, fine).send('POST', '/x'),
    ];
    expect((await Promise.all(calls)).map(({ status }) => status)).toEqual([200, 200, 200]);
  });

  it('loopback is told by the name alone', () => {
    for (const [host, is] of [
      ['localhost', true],
      ['127.0.0.1', true],
      ['127.8.9.10', true],
      ['[::1]', true],
      ['127.0.0.1.example.org', false],
      ['localhost.example.org', false],
      ['10.0.0.1', false],
      ['git.example.org', false],
    ] as const)
      expect(isLoopback(host), host).toBe(is);
  });
});
