import { type SendHttp, sendHttp } from '../http/send.ts';

/** One HTTP request of the forge's REST API. */
export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Full address with its query. */
  readonly url: string;
  /** JSON body; absent = none. */
  readonly body?: unknown;
  readonly redirect: 'manual' | 'follow';
  readonly timeoutMs: number;
}

/** What came back, whatever its status. */
export interface Exchanged {
  readonly status: number;
  /** Parsed JSON, or the text of anything else; undefined when there is no content. */
  readonly data: unknown;
  header(name: string): string | null;
}

/** Sends one call once. Rejects only when there was no complete answer. */
export type Exchange = (call: Call) => Promise<Exchanged>;

/** The exchange of the hot path: nothing to load. */
export function createPlainExchange(token: string, send: SendHttp = sendHttp): Exchange {
  return async ({ method, url, body, redirect, timeoutMs }) => {
    const headers = { accept: 'application/json', authorization: `token ${token}`, 'user-agent': 'conveyor' };
    const answer = await send({
      method,
      url,
      headers: body === undefined ? headers : { ...headers, 'content-type': 'application/json; charset=utf-8' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirects: redirect === 'follow' ? MOST_REDIRECTS : 0,
      timeoutMs,
    });
    const isJson = /^application\/(.+\+)?json\b/i.test(answer.header('content-type') ?? '');
    return { status: answer.status, data: parseBody(answer.body.toString('utf8'), isJson), header: answer.header };
  };
}

const MOST_REDIRECTS = 5;

/** A body that breaks its promise to be JSON stays text: whoever needs a shape says what is wrong with it. */
function parseBody(text: string, isJson: boolean): unknown {
  if (text === '') return undefined;
  if (!isJson) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
