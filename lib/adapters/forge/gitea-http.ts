import type { z } from 'zod';
import { ConfigError, errorText, ExternalError } from '../../base/errors.ts';
import type { Log } from '../../ports/log.ts';
import type { SendHttp } from '../http/send.ts';
import { type Call, createPlainExchange, type Exchange, type Exchanged } from './exchange.ts';

const TIMEOUT_MS = 10_000;
const TEST_PROCESS = ['CONVEYOR_TEST', 'VITEST', 'NODE_TEST_CONTEXT', 'JEST_WORKER_ID'] as const;

type Method = Call['method'];
type Params = Readonly<Record<string, unknown>>;

export interface GiteaAnswer {
  readonly status: number;
  readonly data: unknown;
}

export interface GiteaHttpOptions {
  /** Address of the forge, with or without a trailing slash. */
  readonly url: string;
  readonly token: string;
  readonly send?: SendHttp;
  /** What carries a call in place of plain HTTP. */
  readonly exchange?: Exchange;
  readonly log?: Log;
  /** Where the signs of a test process are looked up at each write. Default: the process's own. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** The one door to a Gitea's REST API: authorisation, time-out, failure classes, write floor. */
export interface GiteaHttp {
  /**
   * One call below /api/v1, tried once; `params` are the query of a GET and the JSON body of anything else.
   * @throws ExternalError FORGE_HTTP (status, retryable, Retry-After), FORGE_NETWORK, FORGE_REDIRECT (writes only)
   * @throws ConfigError FORGE_WRITE_REFUSED in a test process. spec: RL-PLN-6
   */
  send(method: Method, path: string, params?: Params): Promise<GiteaAnswer>;
  /** A GET whose answer has to have a shape. @throws ExternalError FORGE_ANSWER when it has another one. */
  get<T extends z.ZodType>(schema: T, path: string, params?: Params): Promise<z.infer<T>>;
  /** The same; null when the forge answers 404. */
  find<T extends z.ZodType>(schema: T, path: string, params?: Params): Promise<z.infer<T> | null>;
}

/** Creates the door; nothing is sent. @throws ConfigError FORGE_URL */
export function createGiteaHttp(options: GiteaHttpOptions): GiteaHttp {
  const base = parseBase(options.url);
  const root = `${base.href.replace(/\/$/, '')}/api/v1`;
  const exchange = options.exchange ?? createPlainExchange(options.token, options.send);

  const send: GiteaHttp['send'] = async (method, path, params = {}) => {
    const call = `${method} ${path}`;
    const write = method !== 'GET';
    if (write) assertWriteAllowed(base, call, options);
    const hasBody = write && Object.keys(params).length > 0;
    const answer = await exchange({
      method,
      url: `${root}${write ? path : withQuery(path, params)}`,
      ...(hasBody ? { body: params } : {}),
      redirect: write ? 'manual' : 'follow',
      timeoutMs: TIMEOUT_MS,
    }).catch((thrown: unknown) => {
      throw unanswered(thrown, call, base);
    });
    if (answer.status >= 400) throw refused(answer, call);
    if (answer.status >= 300) throw redirected(call, answer.header('location'));
    return { status: answer.status, data: answer.data };
  };
  const get: GiteaHttp['get'] = async (schema, path, params) => {
    const { data } = await send('GET', path, params);
    return parseAnswer(schema, data, `GET ${path}`);
  };
  const find: GiteaHttp['find'] = async (schema, path, params) => {
    try {
      return await get(schema, path, params);
    } catch (error) {
      if (error instanceof ExternalError && error.detail.status === 404) return null;
      throw error;
    }
  };
  return { send, get, find };
}

/** What the forge answered, as the shape we build on. @throws ExternalError FORGE_ANSWER */
export function parseAnswer<T extends z.ZodType>(schema: T, data: unknown, call: string): z.infer<T> {
  const parsed = schema.safeParse(data);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue === undefined ? '' : `: ${issue.path.join('.') || 'answer'}: ${issue.message}`;
  throw new ExternalError(
    'FORGE_ANSWER',
    `${call} was answered in a shape that is not Gitea's${where}. Check that the address is a Gitea 1.26 or newer.`,
    { retryable: false },
  );
}

function withQuery(path: string, params: Params): string {
  const pairs = Object.entries(params).flatMap(([name, value]) =>
    value === undefined ? [] : [`${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`],
  );
  return pairs.length === 0 ? path : `${path}${path.includes('?') ? '&' : '?'}${pairs.join('&')}`;
}

function parseBase(url: string): URL {
  try {
    const base = new URL(url);
    if (base.protocol === 'http:' || base.protocol === 'https:') return base;
  } catch {
    // Told below.
  }
  throw new ConfigError(
    'FORGE_URL',
    `The forge's address "${url}" is not an http(s) URL: write it as https://git.example.org`,
  );
}

function assertWriteAllowed(base: URL, call: string, options: GiteaHttpOptions): void {
  const env = options.env ?? process.env;
  const sign = TEST_PROCESS.find((name) => (env[name] ?? '') !== '');
  if (sign === undefined || isLoopback(base.hostname)) return;
  const text = `${call} on ${base.host} was refused: this is a test process (${sign} is set) and tests write to a forge on loopback only.`;
  options.log?.error(text);
  throw new ConfigError('FORGE_WRITE_REFUSED', text);
}

/** Whether a host name means this machine without asking a name server. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}

function redirected(call: string, location: string | null): ExternalError {
  const text = `${call} was redirected to ${location ?? 'nowhere'}: writes follow no redirect. Configure the final address of the forge.`;
  return new ExternalError('FORGE_REDIRECT', text, { retryable: false });
}

function unanswered(thrown: unknown, call: string, base: URL): ExternalError {
  const over = thrown instanceof Error && /timeout/i.test(thrown.name);
  const why = over ? `no answer within ${TIMEOUT_MS / 1000} s` : networkText(thrown);
  return new ExternalError('FORGE_NETWORK', `${call} on ${base.host}: ${why}`, { retryable: true }, { cause: thrown });
}

/** fetch says "fetch failed", its cause says why. */
function networkText(thrown: unknown): string {
  const cause = thrown instanceof Error ? thrown.cause : undefined;
  return cause instanceof Error && cause.message !== '' ? cause.message : errorText(thrown);
}

function refused({ status, data, header }: Exchanged, call: string): ExternalError {
  const after = retryAfterS(header('retry-after'));
  return new ExternalError('FORGE_HTTP', `${call}: ${status} ${answerText(data)}`.trimEnd(), {
    retryable: status === 408 || status === 429 || status >= 500,
    status,
    ...(after === null ? {} : { retryAfterS: after }),
  });
}

/** Seconds, or a date. */
function retryAfterS(value: string | null): number | null {
  if (value === null || value === '') return null;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return Math.max(0, seconds);
  const at = Date.parse(value);
  return Number.isNaN(at) ? null : Math.max(0, Math.ceil((at - Date.now()) / 1000));
}

/** What the forge says went wrong, in one line. */
function answerText(data: unknown): string {
  const message = typeof data === 'object' && data !== null && 'message' in data ? data.message : data;
  return String(message ?? '')
    .replaceAll(/\s+/g, ' ')
    .slice(0, 400)
    .trim();
}
