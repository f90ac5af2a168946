import { createServer } from 'node:http';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExternalError, InternalError } from '../../base/errors.ts';
import type { ForgePort } from '../../ports/forge.ts';
import { toRun } from './gitea-answers.ts';
import { createGiteaForge } from './gitea.ts';

type Routes = Readonly<
  Record<string, (query: URLSearchParams, body: unknown) => readonly [status: number, body: unknown]>
>;

const SHA = 'a'.repeat(40);
const BASE: Routes = {
  'GET /repos/acme/demo': () => [200, { html_url: 'https://git.example.test/acme/demo/', default_branch: 'main' }],
  'GET /settings/api': () => [200, { max_response_items: 2 }],
};

/** An HTTP server with a few answers of the API, for what the real forge does only in bad luck. */
async function forgeOf(
  routes: Routes,
): Promise<{ readonly forge: ForgePort; readonly seen: readonly string[] } & AsyncDisposable> {
  const table = { ...BASE, ...routes };
  const seen: string[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://x');
    const call = `${request.method} ${url.pathname.replace('/api/v1', '')}`;
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      seen.push(`${call}${url.search}`);
      const [status, body] = table[call]?.(url.searchParams, text === '' ? null : JSON.parse(text)) ?? [
        404,
        { message: `no ${call}` },
      ];
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(status === 204 ? undefined : JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  const forge = await createGiteaForge({
    url: `http://127.0.0.1:${address.port}`,
    owner: 'acme',
    repo: 'demo',
    token: 't',
  });
  return {
    forge,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
const runRow = (id: number, more: Readonly<Record<string, unknown>> = {}) => ({
  id,
  display_title: `ET-${id} · token-${id}`,
  path: 'conveyor-review.yml@refs/heads/main',
  head_sha: SHA,
  status: 'completed',
  conclusion: 'success',
  html_url: `https://git.example.test/acme/demo/actions/runs/${id}`,
  started_at: '2026-05-04T10:00:00Z',
  completed_at: '2026-05-04T10:01:00+02:00',
  ...more,
});
const pullRow = (more: Readonly<Record<string, unknown>> = {}) => ({
  number: 7,
  title: 'ET-1: x',
  state: 'open',
  merged: false,
  merge_commit_sha: null,
  mergeable: true,
  html_url: 'https://git.example.test/acme/demo/pulls/7',
  head: { ref: 'feature/ET-1', sha: SHA, repo_id: 1 },
  base: { ref: 'main', sha: SHA, repo_id: 1 },
  ...more,
});

describe('forge adapter of Gitea: what a run is', () => {
  const rows: readonly (readonly [status: string, conclusion: string | null, state: string])[] = [
    ['queued', null, 'queued'],
    ['waiting', null, 'queued'],
    ['in_progress', null, 'running'],
    ['completed', 'success', 'success'],
    ['completed', 'failure', 'failure'],
    ['completed', 'cancelled', 'cancelled'],
    ['completed', 'skipped', 'cancelled'],
    ['completed', 'timed_out', 'unknown'],
    ['completed', null, 'unknown'],
    ['stopping', null, 'unknown'],
  ];
  for (const [status, conclusion, state] of rows)
    it(`${status}/${conclusion} is ${state}`, () => expect(toRun(runRow(1, { status, conclusion })).state).toBe(state));

  it('no word that we do not know is ever a success', () => {
    fc.assert(
      fc.property(fc.string(), fc.option(fc.string()), (status, conclusion) => {
        const proven = status === 'completed' && conclusion === 'success';
        expect(toRun(runRow(1, { status, conclusion })).state === 'success').toBe(proven);
      }),
    );
  });

  it('the zero times of Go and Unix are no times', () => {
    const run = toRun(runRow(1, { started_at: '1970-01-01T00:00:00Z', completed_at: '0001-01-01T00:00:00Z' }));
    expect([run.startedAt, run.finishedAt]).toEqual([null, null]);
    expect(toRun(runRow(1)).finishedAt).toBe('2026-05-04T08:01:00.000Z');
  });

  it('a failed run whose last jobs are still to start is not over: they may be the ones that land', async () => {
    let last = 'waiting';
    await using fixture = await forgeOf({
      'GET /repos/acme/demo/actions/runs/5': () => [200, runRow(5, { conclusion: 'failure' })],
      'GET /repos/acme/demo/actions/runs/5/jobs': (query) => [
        200,
        { jobs: query.get('page') === '1' ? [{ status: 'completed' }, { status: last }] : [] },
      ],
    });
    expect(await fixture.forge.getRun(5)).toMatchObject({ state: 'running', finishedAt: null });
    last = 'completed';
    expect(await fixture.forge.getRun(5)).toMatchObject({ state: 'failure' });
  });
});

describe('forge adapter of Gitea: lists', () => {
  it('reads as many pages as there are under a forge that allows less per page', async () => {
    const all = [1, 2, 3, 4, 5].map((id) => ({ context: `ci/${id}`, status: 'success' }));
    await using fixture = await forgeOf({
      [`GET /repos/acme/demo/commits/${SHA}/status`]: (query) => {
        const [page, limit] = [Number(query.get('page')), Number(query.get('limit'))];
        return [200, { statuses: all.slice((page - 1) * limit, page * limit) }];
      },
    });
    expect((await fixture.forge.listStatuses(SHA))?.map(({ context }) => context)).toEqual([
      'ci/1',
      'ci/2',
      'ci/3',
      'ci/4',
      'ci/5',
    ]);
  });

  it('a page that fails fails the list: a part is never taken for the whole', async () => {
    await using fixture = await forgeOf({
      [`GET /repos/acme/demo/commits/${SHA}/status`]: (query) =>
        query.get('page') === '1'
          ? [
              200,
              {
                statuses: [
                  { context: 'a', status: 'success' },
                  { context: 'b', status: 'success' },
                ],
              },
            ]
          : [502, {}],
    });
    await expect(fixture.forge.listStatuses(SHA)).rejects.toMatchObject({ detail: { status: 502, retryable: true } });
  });

  it('a pull request from a fork with a branch of our name is not ours', async () => {
    const fork = pullRow({ number: 6, head: { ref: 'feature/ET-1', sha: SHA, repo_id: 99 } });
    await using fixture = await forgeOf({
      'GET /repos/acme/demo/pulls': (query) => [200, query.get('page') === '1' ? [fork, pullRow()] : []],
    });
    expect(await fixture.forge.findPull('feature/ET-1', 'main')).toMatchObject({ number: 7 });
  });
});

describe('forge adapter of Gitea: dispatch', () => {
  it('a forge that does not tell the run is asked for the run with the token', async () => {
    await using fixture = await forgeOf({
      'POST /repos/acme/demo/actions/workflows/conveyor-review.yml/dispatches': () => [204, null],
      'GET /repos/acme/demo/actions/runs': (query) => [
        200,
        { workflow_runs: query.get('page') === '1' ? [runRow(4), runRow(3)] : [] },
      ],
    });
    expect(await fixture.forge.dispatch('conveyor-review.yml', { token: 'token-3' })).toMatchObject({ runId: 3 });
    expect(await fixture.forge.dispatch('conveyor-review.yml', { token: 'token-9' })).toEqual({
      runId: null,
      url: null,
    });
    expect(await fixture.forge.dispatch('conveyor-review.yml', {})).toEqual({ runId: null, url: null });
  });

  it('platform: inputs over 48 KiB are refused before anything is sent; 48 KiB are sent', async () => {
    await using fixture = await forgeOf({
      'POST /repos/acme/demo/actions/workflows/w.yml/dispatches': () => [200, { workflow_run_id: 1, html_url: 'x' }],
    });
    const before = fixture.seen.length;
    await expect(fixture.forge.dispatch('w.yml', { events: 'é'.repeat(24 * 1024) })).rejects.toThrow(InternalError);
    expect(fixture.seen).toHaveLength(before);
    expect(await fixture.forge.dispatch('w.yml', { events: 'x'.repeat(48 * 1024 - 6) })).toMatchObject({ runId: 1 });
  });
});

describe('forge adapter of Gitea: pull requests', () => {
  it('D-L-4: "not mergeable" while the forge still checks is not believed', async () => {
    let looks = 0;
    await using fixture = await forgeOf({
      'GET /repos/acme/demo/pulls/7': () => [200, pullRow({ mergeable: (looks += 1) > 2 })],
    });
    expect(await fixture.forge.getPull(7)).toMatchObject({ mergeable: true });
    expect(looks).toBe(3);
  });

  for (const status of [403, 404, 405, 409, 422, 500])
    it(`D-L-4: a merge answered ${status} is handed on as it is`, async () => {
      await using fixture = await forgeOf({
        'POST /repos/acme/demo/pulls/7/merge': () => [status, { message: 'Please try again later' }],
      });
      const answer = await fixture.forge.mergePull(7, { headSha: SHA, style: 'merge', title: 't', message: 'm' });
      expect(answer.status).toBe(status);
      expect(answer.text).toContain('Please try again later');
    });

  it('D-L-4: a merge without an answer is status 0', async () => {
    const fixture = await forgeOf({});
    await fixture[Symbol.asyncDispose]();
    expect(await fixture.forge.mergePull(7, { headSha: SHA, style: 'merge', title: 't', message: 'm' })).toMatchObject({
      status: 0,
    });
  });

  it('D-L-4: a merge names the head, the style and our text', async () => {
    let sent: unknown;
    await using fixture = await forgeOf({
      'POST /repos/acme/demo/pulls/7/merge': (_, body) => [200, { sent: (sent = body) }],
    });
    expect(await fixture.forge.mergePull(7, { headSha: SHA, style: 'squash', title: 'ET-1: x', message: 'm' })).toEqual(
      { status: 200, text: '' },
    );
    expect(sent).toEqual({ Do: 'squash', MergeTitleField: 'ET-1: x', MergeMessageField: 'm', head_commit_id: SHA });
  });

  it('H-FUI-4: the same text by somebody else is not ours, an equal comment of ours is not written again', async () => {
    const comments = [
      { id: 1, body: '<!-- m -->\nx', user: { login: 'somebody' } },
      { id: 2, body: '<!-- m -->\nx', user: { login: 'conveyor-bot' } },
    ];
    await using fixture = await forgeOf({
      'GET /user': () => [200, { login: 'conveyor-bot' }],
      'GET /repos/acme/demo/issues/7/comments': (query) => [200, query.get('page') === '1' ? comments : []],
    });
    expect(await fixture.forge.upsertPullComment(7, 'm', 'x')).toEqual({ id: 2 });
    expect(fixture.seen.filter((line) => !line.startsWith('GET'))).toEqual([]);
  });

  for (const status of [403, 500])
    it(`an account that cannot be read (${status}) writes no comment: it might be a second one`, async () => {
      await using fixture = await forgeOf({ 'GET /user': () => [status, {}] });
      await expect(fixture.forge.upsertPullComment(7, 'm', 'x')).rejects.toThrow(ExternalError);
      expect(fixture.seen.filter((line) => !line.startsWith('GET'))).toEqual([]);
    });

  it("the page of the repository is the forge's own word, not the address we call", async () => {
    await using fixture = await forgeOf({});
    expect(fixture.forge.webUrl).toBe('https://git.example.test/acme/demo');
  });
});
