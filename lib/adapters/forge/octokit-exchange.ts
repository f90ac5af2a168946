import type { Exchange } from './exchange.ts';

/**
 * The exchange of the doctor and the command line, over Octokit. It is loaded with the first call only: an action that
 * is refused for its inputs need not have read a quarter of a megabyte.
 */
export function createOctokitExchange(token: string): Exchange {
  return async ({ method, url, body, redirect, timeoutMs }) => {
    const { Octokit } = await import('octokit');
    const octokit = new Octokit({
      auth: token,
      userAgent: 'conveyor',
      // Who repeats what is decided by the callers: a merge is not a commit status.
      retry: { enabled: false },
      throttle: { enabled: false },
      log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
    });
    try {
      const answer = await octokit.request(`${method} ${url}`, {
        ...(body === undefined ? {} : { data: body }),
        request: { redirect, signal: AbortSignal.timeout(timeoutMs) },
      });
      return exchanged(answer);
    } catch (thrown) {
      const { response } = thrown as { readonly response?: Answered };
      if (response === undefined) throw thrown;
      return exchanged(response);
    }
  };
}

interface Answered {
  readonly status: number;
  readonly data: unknown;
  readonly headers: Readonly<Record<string, string | number | undefined>>;
}

function exchanged({ status, data, headers }: Answered) {
  const header = (name: string) => (headers[name] === undefined ? null : String(headers[name]));
  return { status: Number(status), data: data instanceof ArrayBuffer ? Buffer.from(data).toString() : data, header };
}

function ignore(): void {}
