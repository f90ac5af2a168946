import type http from 'node:http';
import type https from 'node:https';
import { createRequire } from 'node:module';

export interface HttpRequest {
  readonly method: string;
  readonly url: string | URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Ends the whole exchange, the reading of the answer included. */
  readonly timeoutMs: number;
  /** How many redirects are followed; 0 = the redirect is the answer. Only for requests without a body. */
  readonly redirects?: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: Buffer;
  /** null when the answer has no such header. */
  header(name: string): string | null;
}

/** Sends one request once and reads the whole answer. Rejects when there was none; with `HttpTimeout` when it took too long. */
export type SendHttp = (request: HttpRequest) => Promise<HttpAnswer>;

/** No complete answer within `timeoutMs`. */
export class HttpTimeout extends Error {
  override readonly name = 'HttpTimeout';
  constructor(timeoutMs: number) {
    super(`no answer within ${timeoutMs / 1000} s`);
  }
}

// Not `import`: the import form touches every lazy export of node:http, which loads Node's own fetch, 35 ms per step.
const load = createRequire(import.meta.url);
const protocols = {
  'http:': () => load('node:http') as typeof http,
  'https:': () => load('node:https') as typeof https,
};

/** The HTTP client of the actions: a step is a process of its own, and global fetch costs more to load than to use. */
export const sendHttp: SendHttp = async (request) => {
  let url = new URL(request.url);
  for (let left = request.redirects ?? 0; ; left -= 1) {
    const answer = await exchange(url, request);
    const location = answer.header('location');
    if (left <= 0 || answer.status < 300 || answer.status > 399 || location === null) return answer;
    const next = new URL(location, url);
    // A token is for the host it was given for.
    if (next.origin !== url.origin) request = { ...request, headers: {} };
    url = next;
  }
};

function exchange(url: URL, { method, headers = {}, body, timeoutMs }: HttpRequest): Promise<HttpAnswer> {
  const protocol = url.protocol as keyof typeof protocols;
  if (protocols[protocol] === undefined) return Promise.reject(new TypeError(`${url.protocol} is not http or https`));
  return new Promise((resolve, reject) => {
    const request = protocols[protocol]().request(url, { method, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', fail);
      answer.on('end', () => {
        clearTimeout(timer);
        resolve({
          status: answer.statusCode ?? 0,
          body: Buffer.concat(chunks),
          header: (name) => [answer.headers[name.toLowerCase()] ?? []].flat().join(', ') || null,
        });
      });
    });
    const timer = setTimeout(() => request.destroy(new HttpTimeout(timeoutMs)), timeoutMs);
    request.on('error', fail);
    request.end(body);

    function fail(error: Error): void {
      clearTimeout(timer);
      reject(error);
    }
  });
}
