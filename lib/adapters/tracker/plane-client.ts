import type { z } from 'zod';
import { ExternalError, InternalError, errorText } from '../../base/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import { type HttpAnswer, type SendHttp, sendHttp } from '../http/send.ts';
import { PlanePage } from './plane-schema.ts';
import { decideTrackerWrite } from './write-guard.ts';

const MAX_PAGES = 50;
const DEFAULT_PAUSE_S = 60;

export interface PlaneClientOptions {
  /** Address of Plane, without /api. */
  readonly url: string;
  readonly workspace: string;
  readonly project: string;
  readonly token: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly send?: SendHttp | undefined;
  /** Time-out of one request. */
  readonly timeoutMs?: number | undefined;
}
interface Answer {
  readonly status: number;
  readonly body: unknown;
}
/** One API key's way to Plane: every request goes through `request`. */
export interface PlaneClient {
  /** `project/…` paths are relative to the project, others to the workspace; `/api/…` is absolute. */
  get<Shape extends z.ZodType>(path: string, shape: Shape): Promise<z.infer<Shape> | null>;
  /** All pages, in the order of the server; `until` ends the walk early. null = 404. */
  list<Shape extends z.ZodType>(
    path: string,
    row: Shape,
    until?: (rows: readonly z.infer<Shape>[]) => boolean,
  ): Promise<z.infer<Shape>[] | null>;
  /** Status codes in `expected` are answered, every other failure is thrown. */
  write(method: 'POST' | 'PATCH', path: string, body: object, expected: readonly number[]): Promise<Answer>;
}

/**
 * Plane's public API for one key. Requests time out after 10 s; a 429 pauses this key for `Retry-After` (else 60 s)
 * without another request. Throws `ExternalError` TRACKER_UNREACHABLE, _RATE_LIMITED, _FORBIDDEN, _FAILED, _ANSWER,
 * _PAGES, and TRACKER_WRITE_REFUSED before any socket. spec: relay §3, RL-PLN-1, RL-PLN-6, RL-RLY-28
 */
export function createPlaneClient(options: PlaneClientOptions): PlaneClient {
  const api = `${options.url.replace(/\/+$/, '')}/api/v1/`;
  const send = options.send ?? sendHttp;
  let pausedUntil = 0;

  const address = (path: string): URL => {
    const [route = ''] = path.split('?');
    // Plane answers a path without the slash with a redirect, and a redirected POST arrives as a GET. [118-120]
    if (!route.endsWith('/')) throw new InternalError('TRACKER_PATH', `Plane path ${route} does not end in a slash`);
    if (path.startsWith('users/')) return new URL(api + path);
    const workspace = `${api}workspaces/${encodeURIComponent(options.workspace)}/`;
    const inProject = `projects/${encodeURIComponent(options.project)}/`;
    return new URL(workspace + (path.startsWith('project/') ? inProject + path.slice('project/'.length) : path));
  };

  const guardWrite = (method: string, path: string): void => {
    const project = path.startsWith('project/') && options.project !== '' ? options.project : null;
    const guard = decideTrackerWrite(process.env, project);
    if (guard.allowed && guard.test) options.log.info(`tracker write allowed in a test process: ${method} ${path}`);
    if (guard.allowed) return;
    options.log.error(`tracker write refused: ${guard.why}: ${method} ${path}`);
    throw new ExternalError('TRACKER_WRITE_REFUSED', `Tracker write refused: ${guard.why}`, { retryable: false });
  };

  const request = async (method: 'GET' | 'POST' | 'PATCH', path: string, body: object | null): Promise<Answer> => {
    const url = address(path);
    if (method !== 'GET') guardWrite(method, path);
    const what = `${method} ${url.pathname}`;
    const wait = Math.ceil((pausedUntil - options.clock.now().getTime()) / 1000);
    if (wait > 0) throw rateLimited(what, wait);
    let answer: HttpAnswer;
    try {
      answer = await send({
        url,
        method,
        headers: {
          Accept: 'application/json',
          'X-API-Key': options.token,
          ...(body === null ? {} : { 'Content-Type': 'application/json' }),
        },
        ...(body === null ? {} : { body: JSON.stringify(body) }),
        timeoutMs: options.timeoutMs ?? 10_000,
      });
    } catch (thrown) {
      throw new ExternalError(
        'TRACKER_UNREACHABLE',
        `Plane did not answer ${what}: ${errorText(thrown)}`,
        { retryable: true },
        { cause: thrown },
      );
    }
    if (answer.status === 429) {
      const seconds = retryAfter(answer.header('retry-after'));
      pausedUntil = options.clock.now().getTime() + seconds * 1000;
      throw rateLimited(what, seconds);
    }
    return { status: answer.status, body: parseBody(answer.body.toString('utf8')) };
  };

  const read = async (path: string): Promise<Answer | null> => {
    const answer = await request('GET', path, null);
    if (answer.status === 404) return null;
    if (answer.status !== 200) throw failed(`GET ${path}`, answer);
    return answer;
  };

  return {
    async get(path, shape) {
      const answer = await read(path);
      return answer === null ? null : parsed(shape, answer.body, path);
    },
    async list(path, row, until) {
      const rows: z.infer<typeof row>[] = [];
      const cursors = new Set<string>();
      let next = path;
      for (let page = 0; page < MAX_PAGES; page += 1) {
        const answer = await read(next);
        if (answer === null) return null;
        if (Array.isArray(answer.body)) return parsed(row.array(), answer.body, path);
        const { results, next_cursor, next_page_results } = parsed(PlanePage, answer.body, path);
        const fresh = parsed(row.array(), results, path);
        rows.push(...fresh);
        if (!next_page_results || until?.(fresh) === true) return rows;
        if (cursors.has(next_cursor)) throw pages(path, `cursor ${next_cursor} came twice`);
        cursors.add(next_cursor);
        next = `${path}${path.includes('?') ? '&' : '?'}cursor=${encodeURIComponent(next_cursor)}`;
      }
      throw pages(path, `more than ${MAX_PAGES} pages`);
    },
    async write(method, path, body, expected) {
      const answer = await request(method, path, body);
      if (!expected.includes(answer.status)) throw failed(`${method} ${path}`, answer);
      return answer;
    },
  };
}

/** Reads an answer by its shape; what does not fit is TRACKER_ANSWER (retryable: a proxy's page looks like this too). */
export function parsed<Shape extends z.ZodType>(shape: Shape, body: unknown, path: string): z.infer<Shape> {
  const result = shape.safeParse(body);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const text = `Plane's answer to ${path} cannot be read: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`;
  throw new ExternalError('TRACKER_ANSWER', text, { retryable: true });
}

function parseBody(text: string): unknown {
  try {
    return text === '' ? null : JSON.parse(text);
  } catch {
    return text;
  }
}

function retryAfter(header: string | null): number {
  const seconds = Number(header ?? '');
  return Number.isFinite(seconds) && seconds > 0 ? Math.ceil(seconds) : DEFAULT_PAUSE_S;
}

function rateLimited(what: string, seconds: number): ExternalError {
  const text = `Plane's rate limit is used up (${what}): ask again in ${seconds} s`;
  return new ExternalError('TRACKER_RATE_LIMITED', text, { retryable: true, status: 429, retryAfterS: seconds });
}

function failed(what: string, { status, body }: Answer): ExternalError {
  const said = JSON.stringify(body)?.slice(0, 200) ?? '';
  if (status === 401 || status === 403) {
    const text = `Plane refused ${what} with ${status} ${said}: check the API key and that its account is a member of the project`;
    return new ExternalError('TRACKER_FORBIDDEN', text, { retryable: false, status });
  }
  const retryable = status === 408 || status >= 500;
  return new ExternalError('TRACKER_FAILED', `Plane answered ${what} with ${status} ${said}`, { retryable, status });
}

function pages(path: string, why: string): ExternalError {
  return new ExternalError('TRACKER_PAGES', `Plane's list ${path} is not complete: ${why}`, { retryable: true });
}
