import { createServer } from 'node:http';
import { strToU8, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { createGiteaHandover, type GiteaHandoverOptions } from './gitea.ts';
import { parseRuntimeToken } from './runtime-token.ts';

const token = (claims: unknown) =>
  ['{}', JSON.stringify(claims)].map((part) => Buffer.from(part).toString('base64url')).join('.') + '.sig';
const OWN = token({ scp: 'Actions.Results:17:49' });
const files = new Map([['a.txt', Buffer.from('A')]]);

interface Service extends AsyncDisposable {
  readonly url: string;
  readonly calls: string[];
  readonly stored: Map<string, Buffer>;
  /** Answers of the next calls instead of the right ones. */
  readonly failures: number[];
}

/** The artifact service as far as one job uses it. */
async function startService(): Promise<Service> {
  const calls: string[] = [];
  const stored = new Map<string, Buffer>();
  const failures: number[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const url = new URL(request.url ?? '', `http://${request.headers.host}`);
      const method = url.pathname.split('/').at(-1) ?? '';
      const body = Buffer.concat(chunks);
      calls.push(method);
      const failure = failures.shift();
      if (failure !== undefined) {
        response.writeHead(failure).end('bad luck');
        return;
      }
      if (request.method === 'PUT') {
        stored.set(url.searchParams.get('name') ?? '', body);
        response.writeHead(url.searchParams.get('comp') === 'appendBlock' ? 201 : 400).end('"appended"');
        return;
      }
      if (request.method === 'GET') {
        response.writeHead(200).end(stored.get(url.searchParams.get('name') ?? ''));
        return;
      }
      const fields = JSON.parse(body.toString()) as Record<string, string>;
      const allowed =
        request.headers.authorization === `Bearer ${OWN}` &&
        fields['workflow_run_backend_id'] === '17' &&
        fields['workflow_job_run_backend_id'] === '49';
      const name = fields['name'] ?? fields['name_filter'] ?? '';
      const base = `http://${request.headers.host}`;
      const answers: Record<string, unknown> = {
        CreateArtifact: { ok: true, signedUploadUrl: `${base}/UploadArtifact?name=${name}` },
        FinalizeArtifact: { ok: true, artifactId: '4' },
        ListArtifacts: stored.has(name) ? { artifacts: [{ name, size: '1' }] } : {},
        GetSignedArtifactURL: { signedUrl: `${base}/DownloadArtifact?name=${name}` },
      };
      response
        .writeHead(allowed ? 200 : 401, { 'content-type': 'application/json' })
        .end(JSON.stringify(answers[method]));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    calls,
    stored,
    failures,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
const waits: number[] = [];
const portOf = (service: { readonly url: string }, more: Partial<GiteaHandoverOptions> = {}) =>
  createGiteaHandover({
    resultsUrl: `${service.url}/`,
    runtimeToken: OWN,
    expectedRunId: '17',
    sleep: async (ms) => void waits.push(ms),
    ...more,
  });

describe('hand-over through Actions artifacts', () => {
  it('platform: create, append, finalise; list, sign, download', async () => {
    await using service = await startService();
    const port = portOf(service);
    await port.put('work', files);
    expect((await port.get('work'))?.get('a.txt')?.toString()).toBe('A');
    expect(service.calls).toEqual([
      'CreateArtifact',
      'UploadArtifact',
      'FinalizeArtifact',
      'ListArtifacts',
      'GetSignedArtifactURL',
      'DownloadArtifact',
    ]);
  });

  it('platform "Runner": the token of another run is an infrastructure fault, and nothing is sent', async () => {
    await using service = await startService();
    const port = portOf(service, { expectedRunId: '18' });
    for (const work of [port.put('work', files), port.get('work')])
      await expect(work).rejects.toMatchObject({ code: 'HANDOVER_FOREIGN_RUN', detail: { retryable: true } });
    expect(service.calls).toEqual([]);
  });

  it('a token that says nothing about a run is refused', async () => {
    await using service = await startService();
    for (const bad of ['', 'x', 'a.b.c', token({}), token({ scp: 'Actions.Results:1' }), token({ scp: 7 })])
      await expect(portOf(service, { runtimeToken: bad }).get('work')).rejects.toMatchObject({
        code: 'HANDOVER_TOKEN',
      });
  });

  it('reads the ids among other scopes', () => {
    expect(parseRuntimeToken(token({ scp: 'Actions.GenericRead:x Actions.Results:3:4 more' }))).toEqual({
      run: '3',
      job: '4',
    });
  });

  it('a transfer that fails in passing is repeated from its start, twice at most', async () => {
    await using service = await startService();
    waits.length = 0;
    service.failures.push(500, 503);
    await portOf(service).put('work', files);
    expect(service.calls).toEqual([
      'CreateArtifact',
      'CreateArtifact',
      'CreateArtifact',
      'UploadArtifact',
      'FinalizeArtifact',
    ]);
    expect(waits).toEqual([1000, 3000]);
    service.failures.push(500, 500, 500);
    await expect(portOf(service).get('work')).rejects.toMatchObject({ code: 'HANDOVER_HTTP', detail: { status: 500 } });
  });

  it('a refusal is not repeated', async () => {
    await using service = await startService();
    service.failures.push(401);
    await expect(portOf(service).put('work', files)).rejects.toMatchObject({
      code: 'HANDOVER_HTTP',
      detail: { status: 401, retryable: false },
    });
    expect(service.calls).toEqual(['CreateArtifact']);
  });

  it('nobody there is a network error after three attempts', async () => {
    const service = await startService();
    await service[Symbol.asyncDispose]();
    waits.length = 0;
    await expect(portOf(service).get('work')).rejects.toMatchObject({
      code: 'HANDOVER_NETWORK',
      detail: { retryable: true },
    });
    expect(waits).toHaveLength(2);
  });

  const BAD: Readonly<Record<string, Uint8Array>> = {
    'no archive': strToU8('<html>login</html>'),
    'a path that leaves': zipSync({ '../../evil.sh': strToU8('x') }),
    'an absolute path': zipSync({ '/etc/passwd': strToU8('x') }),
    'a cut archive': zipSync({ a: strToU8('x'.repeat(1000)) }, { level: 0 }).subarray(0, 300),
  };
  for (const [what, bytes] of Object.entries(BAD))
    it(`${what} from the earlier job is refused as a whole`, async () => {
      await using service = await startService();
      service.stored.set('work', Buffer.from(bytes));
      await expect(portOf(service).get('work')).rejects.toMatchObject({
        code: 'HANDOVER_CONTENT',
        detail: { retryable: false },
      });
    });
});
