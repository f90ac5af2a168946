import { ExternalError } from '../../base/errors.ts';
import type { ForgeApiPort } from '../../ports/forge-api.ts';
import { createGiteaHttp } from './gitea-http.ts';
import { createOctokitExchange } from './octokit-exchange.ts';

/** The REST API of a Gitea at `url` with one token. Throws `ConfigError` FORGE_URL when the address is none. */
export function createForgeApi(options: { readonly url: string; readonly token: string }): ForgeApiPort {
  let date: Date | null = null;
  const exchange = createOctokitExchange(options.token);
  const http = createGiteaHttp({
    ...options,
    // The door answers without headers; the clock probe needs one of them.
    exchange: async (call) => {
      const answer = await exchange(call);
      const sent = new Date(answer.header('date') ?? '');
      date = Number.isNaN(sent.getTime()) ? null : sent;
      return answer;
    },
  });
  return {
    async request(method, path, params) {
      date = null;
      try {
        const { status, data } = await http.send(method, path, params);
        return { status, data, problem: '', date };
      } catch (thrown) {
        if (!(thrown instanceof ExternalError)) throw thrown;
        return { status: thrown.detail.status ?? 0, data: null, problem: thrown.message, date };
      }
    },
  };
}
