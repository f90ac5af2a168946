import { describe, expect, it } from 'vitest';
import { type ForgeServer, startForgeServer } from '../../tests/support/relay/forge-server.ts';
import { spyLog } from '../../tests/support/relay/outside.ts';
import { createGiteaDispatch } from './dispatch-gitea.ts';
import type { Envelope } from '../pipeline/envelope.ts';

const envelope = (correlation: string): Envelope => ({
  v: 1,
  correlation,
  kind: 'tracker.state',
  source: 'plane',
  via: 'webhook',
  repo: 'acme/gpx',
  project: 'p',
  item: { id: 'ET-12', tracker_id: 't', seq: 12, title: '"quotes" $(x) ${{ y }} щ' },
  field: 'state',
  old_key: null,
  new_key: 'stop',
  current_key: null,
  updated_at: '',
  actor: { id: null, role: null },
  delivery: 'd',
  received_at: '',
  enriched: false,
});
const events = [envelope('cv-aaaaaaaaaa'), envelope('cv-bbbbbbbbbb')];
const open = (forge: ForgeServer) => createGiteaDispatch({ url: forge.url, token: 'secret-token', log: spyLog() });

describe('dispatch on a Gitea', () => {
  it('RL-RLY-20: repository_dispatch is tried once per forge, then workflow_dispatch on the default branch, with the run id', async () => {
    await using server = await startForgeServer();
    const forge = open(server);
    expect(await forge.dispatch('acme/gpx', events)).toEqual({ runId: 100 });
    expect(await forge.dispatch('acme/gpx', events)).toEqual({ runId: 101 });
    expect(await forge.dispatch('acme/other', events)).toEqual({ runId: 102 });
    expect(server.runs.map(({ repository, envelopes }) => [repository, envelopes])).toEqual([
      ['acme/gpx', events],
      ['acme/gpx', events],
      ['acme/other', events],
    ]);
    expect(
      server.requests.filter((request) => /POST .*gpx\/dispatches$|POST .*other\/dispatches$/.test(request)),
    ).toHaveLength(1);
    expect(server.requests.filter((request) => request === 'GET /api/v1/repos/acme/gpx')).toHaveLength(1);
  });

  it('RL-RLY-20: a forge that has repository_dispatch is used so', async () => {
    await using server = await startForgeServer();
    server.repositoryDispatch = true;
    const forge = open(server);
    expect(await forge.dispatch('acme/gpx', events)).toEqual({ runId: null });
    expect(server.runs[0]?.envelopes).toEqual(events);
    expect(await forge.findRun('acme/gpx', 'cv-bbbbbbbbbb')).toBe(100);
    expect(await forge.findRun('acme/gpx', 'cv-cccccccccc')).toBeNull();
  });

  it('a repository that is not there proves nothing about the forge', async () => {
    await using server = await startForgeServer();
    const forge = open(server);
    server.intercept = (request) => (request.includes('/acme/gone') ? { status: 404 } : null);
    await expect(forge.dispatch('acme/gone', events)).rejects.toMatchObject({ detail: { status: 404 } });
    server.repositoryDispatch = true;
    expect(await forge.dispatch('acme/gpx', events)).toEqual({ runId: null });
  });

  it('platform: a forge that answers 204 tells no id; one that answers something else has accepted all the same', async () => {
    await using server = await startForgeServer();
    const forge = open(server);
    server.tellsRunId = false;
    expect(await forge.dispatch('acme/gpx', events)).toEqual({ runId: null });
    server.intercept = (request) =>
      request.includes('/workflows/') ? { status: 200, body: '{"workflow_run_id":"lies"}' } : null;
    expect(await forge.dispatch('acme/gpx', events)).toEqual({ runId: null });
    expect(server.runs).toHaveLength(1);
  });

  it.each([
    ['queued', 'queued'],
    ['waiting', 'queued'],
    ['in_progress', 'running'],
    ['completed/success', 'success'],
    ['completed/failure', 'failure'],
    ['completed/cancelled', 'cancelled'],
    ['completed/sideways', 'unknown'],
    ['success', 'unknown'],
  ])('RL-RLY-24: a run that the forge calls %s is %s', async (state, expected) => {
    await using server = await startForgeServer();
    const forge = open(server);
    server.firstState = state;
    await forge.dispatch('acme/gpx', events);
    expect(await forge.runState('acme/gpx', 100)).toBe(expected);
    expect(await forge.runState('acme/gpx', 999)).toBe('gone');
  });

  it.each([
    [
      { status: 500, body: 'oops' },
      { status: 500, retryable: true },
    ],
    [
      { status: 429, headers: { 'retry-after': '7' } },
      { status: 429, retryable: true, retryAfterS: 7 },
    ],
    [{ status: 401 }, { status: 401, retryable: false }],
    [
      { status: 422, body: '{"message":"workflow disabled"}' },
      { status: 422, retryable: false },
    ],
    ['drop' as const, { retryable: true }],
    [{ status: 302, headers: { location: 'http://127.0.0.1:1/' } }, { retryable: false }],
  ])('RL-RLY-23: an answer %j is a typed failure', async (answer, detail) => {
    await using server = await startForgeServer();
    const forge = open(server);
    await forge.dispatch('acme/gpx', events);
    server.intercept = (request) => (request.includes('/workflows/') ? answer : null);
    const failure = await forge.dispatch('acme/gpx', events).catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({ name: 'ExternalError', detail });
    expect(String(failure)).not.toContain('secret-token');
  });

  it('a default branch that was renamed is read again after the failure', async () => {
    await using server = await startForgeServer();
    const forge = open(server);
    server.intercept = (request) =>
      request === 'GET /api/v1/repos/acme/gpx' ? { status: 200, body: '{"html_url":"","default_branch":"old"}' } : null;
    await expect(forge.dispatch('acme/gpx', events)).rejects.toMatchObject({ detail: { status: 422 } });
    server.intercept = () => null;
    expect(await forge.dispatch('acme/gpx', events)).toEqual({ runId: 100 });
  });

  it('O-C-9: the settings come from the default branch; a missing or wrong file is null, an outage is thrown', async () => {
    await using server = await startForgeServer();
    const forge = open(server);
    expect(await forge.settings('acme/gpx')).toBeNull();
    server.config = 'version: 2';
    expect(await forge.settings('acme/gpx')).toBeNull();
    server.config = `version: 1
project: {prefix: ET, tracker_project: 41252e54-9640-4cb9-96ba-d352c76b1c0a}
tracker: {kind: plane, workspace: acme, statuses: {approved: Passt}, states_ttl_s: 60}
labels: {bug: Fehler, auto_approve: autoApprove}
agents: {adapter: scripted}
`;
    expect(await forge.settings('acme/gpx')).toEqual({
      prefix: 'ET',
      trackerProject: '41252e54-9640-4cb9-96ba-d352c76b1c0a',
      labels: ['Fehler', 'autoApprove'],
      statuses: { approved: 'Passt' },
      statesTtlS: 60,
    });
    server.intercept = () => ({ status: 503 });
    await expect(forge.settings('acme/gpx')).rejects.toMatchObject({ detail: { status: 503 } });
  });
});
