import { spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { HttpTimeout, sendHttp } from './send.ts';

interface Server extends AsyncDisposable {
  readonly url: string;
  readonly seen: IncomingMessage[];
}

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<Server> {
  const seen: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    seen.push(request);
    answer(request, response);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
const GET = { method: 'GET', timeoutMs: 5000 };

describe('sendHttp', () => {
  it('answers status, headers in any case, and the bytes as they came', async () => {
    const bytes = Buffer.from([0, 255, 10, 128]);
    await using server = await serve((_, response) => {
      response.writeHead(418, { 'X-Kind': 'teapot' });
      response.end(bytes);
    });
    const answer = await sendHttp({ ...GET, url: server.url });
    expect(answer.status).toBe(418);
    expect(answer.header('x-KIND')).toBe('teapot');
    expect(answer.header('absent')).toBeNull();
    expect(answer.body).toEqual(bytes);
  });

  it.each(['text "with" ü', new Uint8Array([0, 1, 255])])('a body arrives whole and with its length', async (body) => {
    let got = Buffer.alloc(0);
    await using server = await serve((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        got = Buffer.concat(chunks);
        response.end();
      });
    });
    await sendHttp({ method: 'PUT', url: server.url, body, timeoutMs: 5000 });
    expect(got).toEqual(Buffer.from(body as string));
    expect(server.seen[0]?.headers['content-length']).toBe(String(got.length));
    expect(server.seen[0]?.headers['transfer-encoding']).toBeUndefined();
  });

  it('a redirect is the answer unless following was asked for', async () => {
    await using server = await serve((request, response) => {
      if (request.url === '/end') return response.end('here');
      response.writeHead(307, { location: '/end' });
      return response.end();
    });
    expect((await sendHttp({ ...GET, url: `${server.url}/old` })).status).toBe(307);
    expect((await sendHttp({ ...GET, url: `${server.url}/old`, redirects: 1 })).body.toString()).toBe('here');
  });

  it('redirects in a circle end with the redirect', async () => {
    await using server = await serve((_, response) => {
      response.writeHead(302, { location: '/again' });
      response.end();
    });
    expect((await sendHttp({ ...GET, url: server.url, redirects: 5 })).status).toBe(302);
    expect(server.seen).toHaveLength(6);
  });

  it('a redirect to another host carries no header of ours along', async () => {
    await using other = await serve((_, response) => response.end());
    await using first = await serve((_, response) => {
      response.writeHead(302, { location: `${other.url.replace('127.0.0.1', 'localhost')}/x` });
      response.end();
    });
    await sendHttp({ ...GET, url: first.url, headers: { authorization: 'token secret' }, redirects: 1 });
    expect(first.seen[0]?.headers.authorization).toBe('token secret');
    expect(other.seen[0]?.headers.authorization).toBeUndefined();
  });

  it('no answer in time is HttpTimeout, also when the answer began', async () => {
    await using silent = await serve(() => {});
    await expect(sendHttp({ ...GET, url: silent.url, timeoutMs: 20 })).rejects.toBeInstanceOf(HttpTimeout);
    await using half = await serve((_, response) => {
      response.writeHead(200, { 'content-length': '10' });
      response.write('half');
    });
    await expect(sendHttp({ ...GET, url: half.url, timeoutMs: 50 })).rejects.toBeInstanceOf(HttpTimeout);
  });

  it('an answer that breaks off is an error, never a short body', async () => {
    await using server = await serve((_, response) => {
      response.writeHead(200, { 'content-length': '10' });
      response.write('half', () => response.destroy());
    });
    await expect(sendHttp({ ...GET, url: server.url })).rejects.toThrow(/aborted|hang up|ECONNRESET/);
  });

  it('nobody at the address, and an address of another kind, are errors', async () => {
    const gone = await serve(() => {});
    await gone[Symbol.asyncDispose]();
    await expect(sendHttp({ ...GET, url: gone.url })).rejects.toThrow(/ECONNREFUSED/);
    await expect(sendHttp({ ...GET, url: 'ftp://127.0.0.1/x' })).rejects.toThrow(/not http or https/);
  });

  it('a process that has its answer ends, whatever connection is kept open', async () => {
    await using server = await serve((_, response) => response.end('ok'));
    const program = `import { sendHttp } from ${JSON.stringify(new URL('./send.ts', import.meta.url).href)};
      console.log((await sendHttp({ method: 'GET', url: '${server.url}', timeoutMs: 5000 })).body.toString(), process.moduleLoadList.some((name) => name.includes('undici/undici')));`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const code = await new Promise((done) => child.on('close', done));
    expect({ code, said }).toEqual({ code: 0, said: 'ok false\n' });
  });
});
