import { afterEach, describe, expect, it, vi } from 'vitest';
import { startPlaneTracker } from '../../../tests/support/plane-server/tracker.ts';
import { HttpTimeout, type SendHttp } from '../http/send.ts';
import { createPlaneClient } from './plane-client.ts';
import { createPlaneTracker } from './plane.ts';

afterEach(() => vi.unstubAllEnvs());
const writes = (requests: readonly { method: string }[]) => requests.filter(({ method }) => method !== 'GET').length;
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

describe('Plane: transport', () => {
  it('RL-PLN-6: in a test process a write outside the sandbox is refused before any socket, loudly', async () => {
    await using board = await startPlaneTracker();
    const { id } = board.plane.createIssue({ name: 'One' });
    vi.stubEnv('CONVEYOR_PLANE_SANDBOX_PROJECTS', 'another');
    await expect(board.tracker.setStatus(id, 'analysis')).rejects.toMatchObject({
      code: 'TRACKER_WRITE_REFUSED',
      detail: { retryable: false },
    });
    await expect(board.tracker.upsertComment(id, { externalId: 'x', html: 'x', role: 'stream' })).rejects.toMatchObject(
      { code: 'TRACKER_WRITE_REFUSED' },
    );
    expect(writes(board.plane.requests)).toBe(0);
    expect(board.logged.filter((line) => line.startsWith('error: tracker write refused'))).toHaveLength(2);
  });

  it('RL-PLN-6: an unresolved project is refused, and the guard has no off switch', async () => {
    await using board = await startPlaneTracker();
    vi.stubEnv('CONVEYOR_TEST', '1');
    const client = createPlaneClient({
      url: board.plane.url,
      workspace: 'acme',
      project: '',
      token: 't',
      clock: { now: () => new Date(), sleep: async () => {} },
      log: quiet,
    });
    await expect(client.write('POST', 'projects/x/work-items/', {}, [201])).rejects.toMatchObject({
      code: 'TRACKER_WRITE_REFUSED',
    });
    expect(board.plane.requests).toEqual([]);
  });

  it('regression 44: a path without the trailing slash is refused by the client itself', async () => {
    await using board = await startPlaneTracker();
    const client = createPlaneClient({
      ...board.plane,
      clock: { now: () => new Date(), sleep: async () => {} },
      log: quiet,
    });
    await expect(client.write('POST', 'project/work-items', {}, [201])).rejects.toMatchObject({ code: 'TRACKER_PATH' });
    expect(board.plane.requests).toEqual([]);
  });

  it('RL-RLY-28: a 429 pauses the key for Retry-After without asking again', async () => {
    await using board = await startPlaneTracker();
    board.plane.rateLimit(0);
    board.plane.intercept(() => ({ status: 429, headers: { 'Retry-After': '17' }, body: { error_code: 5900 } }));
    const limited = { code: 'TRACKER_RATE_LIMITED', detail: { retryable: true, status: 429, retryAfterS: 17 } };
    await expect(board.tracker.getIssue('x')).rejects.toMatchObject(limited);
    board.plane.intercept(null);
    board.plane.rateLimit(60);
    board.advance(10);
    await expect(board.tracker.getIssue('x')).rejects.toMatchObject({ detail: { retryAfterS: 7 } });
    expect(board.plane.requests).toHaveLength(1);
    board.advance(7);
    expect(await board.tracker.getIssue('x')).toBeNull();
  });

  it('RL-RLY-28: a 429 without Retry-After pauses for 60 s', async () => {
    await using board = await startPlaneTracker();
    board.plane.intercept(() => ({ status: 429 }));
    await expect(board.tracker.ownActors()).rejects.toMatchObject({ detail: { retryAfterS: 60 } });
  });

  it.each([
    [401, 'TRACKER_FORBIDDEN', false],
    [403, 'TRACKER_FORBIDDEN', false],
    [500, 'TRACKER_FAILED', true],
    [502, 'TRACKER_FAILED', true],
    [408, 'TRACKER_FAILED', true],
    [301, 'TRACKER_FAILED', false],
    [405, 'TRACKER_FAILED', false],
  ])('an answer %i is %s, retryable: %s', async (status, code, retryable) => {
    await using board = await startPlaneTracker();
    board.plane.intercept(() => ({ status, headers: { Location: '/elsewhere/' } }));
    await expect(board.tracker.getIssue('x')).rejects.toMatchObject({
      name: 'ExternalError',
      code,
      detail: { retryable, status },
    });
    expect(board.plane.requests).toHaveLength(1);
  });

  it.each(['<html>login</html>', '{"results":[]}', '[1]', ''])(
    'PL-Q-3: an answer that does not fit (%j) is an error, never an empty issue',
    async (body) => {
      await using board = await startPlaneTracker();
      board.plane.intercept(() => ({ status: 200, body }));
      await expect(board.tracker.getIssue('x')).rejects.toMatchObject({
        code: 'TRACKER_ANSWER',
        detail: { retryable: true },
      });
    },
  );

  it('PL-Q-3: no answer and a time-out are TRACKER_UNREACHABLE', async () => {
    await using board = await startPlaneTracker();
    board.plane.outage(true);
    await expect(board.tracker.listUpdated(null)).rejects.toMatchObject({
      code: 'TRACKER_UNREACHABLE',
      detail: { retryable: true },
    });
    const hang: SendHttp = ({ timeoutMs }) => Promise.reject(new HttpTimeout(timeoutMs));
    const slow = createPlaneTracker({
      ...board.plane,
      webUrl: null,
      clock: { now: () => new Date(), sleep: async () => {} },
      log: quiet,
      send: hang,
      timeoutMs: 5,
    });
    await expect(slow.getIssue('x')).rejects.toMatchObject({ code: 'TRACKER_UNREACHABLE' });
  });

  it('the API key stands in no error text', async () => {
    await using board = await startPlaneTracker();
    board.plane.intercept(() => ({ status: 403, body: { detail: 'no' } }));
    const text = await board.tracker.getIssue('x').catch((thrown: Error) => `${thrown.message} ${thrown.stack}`);
    expect(text).not.toContain(board.plane.token);
  });
});

describe('Plane: pages', () => {
  it('RL-PLN-1, RL-PLN-8: follows the cursor; an issue that moves away while it is paged is found from the mark on', async () => {
    await using board = await startPlaneTracker();
    const made = Array.from({ length: 250 }, (_, n) => board.plane.createIssue({ name: `Issue ${n}` }).id);
    let pages = 0;
    board.plane.intercept(({ path }) => {
      if (!path.includes('cursor=')) return null;
      pages += 1;
      if (pages < 3) board.plane.editIssue('ada', made[0] ?? '', { name: `moved ${pages}` });
      return null;
    });
    const first = await board.tracker.listUpdated(null);
    const ids = first.map((issue) => issue.id);
    expect(pages).toBe(2);
    expect(ids).toHaveLength(new Set(ids).size);
    const later = await board.tracker.listUpdated(first[0]?.updatedAt ?? null);
    expect(later.map((issue) => issue.id)).toEqual([made[0]]);
    expect(new Set([...ids, made[0]])).toEqual(new Set(made));
  });

  it('RL-PLN-8: stops at the mark instead of reading the whole board', async () => {
    await using board = await startPlaneTracker();
    for (let n = 0; n < 150; n += 1) board.plane.createIssue({ name: `Issue ${n}` });
    const mark = (await board.tracker.listUpdated(null))[0]?.updatedAt ?? '';
    const { id } = board.plane.createIssue({ name: 'New' });
    const before = board.plane.requests.length;
    expect((await board.tracker.listUpdated(mark)).map((issue) => issue.id)).toEqual([id]);
    expect(board.plane.requests.length - before).toBe(1);
  });

  it.each([
    ['a cursor that comes twice', () => '100:1:0'],
    ['more than 50 pages', (n: number) => `100:${n}:0`],
  ])('RL-PLN-1: %s is an error, never a short list', async (_, cursor) => {
    await using board = await startPlaneTracker();
    let page = 0;
    board.plane.intercept(({ path }) => {
      if (!path.includes('order_by')) return null;
      page += 1;
      return { status: 200, body: { results: [], next_cursor: cursor(page), next_page_results: true } };
    });
    await expect(board.tracker.listUpdated(null)).rejects.toMatchObject({ code: 'TRACKER_PAGES' });
  });
});

describe('Plane: statuses', () => {
  it('PL-B-1: keeps the statuses, and serves the last good set when a refresh fails', async () => {
    await using board = await startPlaneTracker({ statesTtlS: 300 });
    const { id } = board.plane.createIssue({ name: 'One' });
    const asked = () => board.plane.requests.filter(({ path }) => path.endsWith('/states/')).length;
    await board.tracker.setStatus(id, 'analysis');
    await board.tracker.setStatus(id, 'architecture');
    expect(asked()).toBe(1);
    board.plane.intercept(({ path }) => (path.endsWith('/states/') ? { status: 500 } : null));
    board.advance(301);
    expect(await board.tracker.setStatus(id, 'development')).toBe('ok');
    expect(asked()).toBe(2);
    expect(await board.tracker.setStatus(id, 'testing')).toBe('ok');
    expect(asked()).toBe(2);
    expect(board.plane.stateName(id)).toBe('Testing');
  });

  it('PL-B-1: without any good set it is an error, never a guess', async () => {
    await using board = await startPlaneTracker();
    const { id } = board.plane.createIssue({ name: 'One' });
    board.plane.intercept(({ path }) => (path.endsWith('/states/') ? { status: 500 } : null));
    await expect(board.tracker.setStatus(id, 'analysis')).rejects.toMatchObject({ code: 'TRACKER_FAILED' });
    expect(writes(board.plane.requests)).toBe(0);
  });

  it('RL-RLY-17: an unknown status is looked up once more, at most every 10 s', async () => {
    await using board = await startPlaneTracker();
    const { id } = board.plane.createIssue({ name: 'One' });
    await board.tracker.getIssue(id);
    board.plane.removeState('Testing');
    board.advance(11);
    board.plane.addState('Testing', 'started');
    board.plane.moveIssue('ada', id, 'Testing');
    expect((await board.tracker.getIssue(id))?.state.key).toBe('testing');
    board.plane.addState('Mystery', 'started');
    board.plane.moveIssue('ada', id, 'Mystery');
    const asked = board.plane.requests.length;
    expect((await board.tracker.getIssue(id))?.state).toMatchObject({ name: 'Mystery', key: null });
    expect(board.plane.requests.length - asked).toBe(1);
  });

  it('PL-B-2: writes the alias when the status is not on the board, and nothing when that is missing too', async () => {
    await using board = await startPlaneTracker();
    const { id } = board.plane.createIssue({ name: 'One' });
    for (const name of ['Code Review', 'Needs Input', 'Blocked']) board.plane.removeState(name);
    expect(await board.tracker.setStatus(id, 'code_review')).toBe('ok');
    expect(board.plane.stateName(id)).toBe('Review');
    expect(await board.tracker.setStatus(id, 'needs_input')).toBe('skipped');
    expect(board.plane.stateName(id)).toBe('Review');
    expect(board.logged.at(-1)).toBe(`warn: the board has no status for needs_input: issue ${id} keeps its status`);
  });

  it('PL-B-1: a board without To Analyse says so; a configured name counts, an outbound alias does not', async () => {
    await using board = await startPlaneTracker({ statuses: { testing: 'QA' } });
    for (const name of ['To Analyse', 'Testing', 'Code Review']) board.plane.removeState(name);
    board.plane.addState('QA', 'started');
    expect(await board.tracker.hasStatus('to_analyse')).toBe(false);
    expect(await board.tracker.hasStatus('testing')).toBe(true);
    expect(await board.tracker.hasStatus('code_review')).toBe(false);
  });

  it('PL-B-1: writes by configured names; a fail-closed key with one is warned about', async () => {
    await using board = await startPlaneTracker({ statuses: { analysis: 'Анализ', stop: 'Halt' } });
    const { id } = board.plane.createIssue({ name: 'One' });
    board.plane.removeState('Analysis');
    board.plane.addState('Анализ', 'started');
    expect(await board.tracker.setStatus(id, 'analysis')).toBe('ok');
    expect(board.plane.stateName(id)).toBe('Анализ');
    expect(board.logged[0]).toMatch(/^warn: tracker\.statuses\.stop is not read/);
  });

  it('RL-PLN-4: a status that has gone from the board meanwhile is looked up again', async () => {
    await using board = await startPlaneTracker();
    const { id } = board.plane.createIssue({ name: 'One' });
    await board.tracker.getIssue(id);
    board.plane.removeState('Analysis');
    expect(await board.tracker.setStatus(id, 'analysis')).toBe('ok');
    expect(board.plane.stateName(id)).toBe('In Progress');
  });

  it('RL-PLN-4: an answer 200 that did not set the status is not a success', async () => {
    await using board = await startPlaneTracker();
    const { id } = board.plane.createIssue({ name: 'One' });
    const { state } = board.plane.issue(id);
    board.plane.intercept(({ method }) => (method === 'PATCH' ? { status: 200, body: { id, state } } : null));
    await expect(board.tracker.setStatus(id, 'analysis')).rejects.toMatchObject({
      code: 'TRACKER_FAILED',
      detail: { retryable: true },
    });
  });

  it('RL-RLY-18: a status named twice is an error line and stands for nothing', async () => {
    await using board = await startPlaneTracker();
    board.plane.addState('Approved', 'started');
    const { id } = board.plane.createIssue({ name: 'One', state: 'Approved' });
    expect((await board.tracker.getIssue(id))?.state.key).toBeNull();
    expect(board.logged).toContainEqual(
      expect.stringMatching(/^error: two statuses of the board are named "Approved"/),
    );
  });
});

describe('Plane: labels and people', () => {
  it('RL-PLN-2: labels that cannot be read are unknown, not empty', async () => {
    await using board = await startPlaneTracker();
    const { id } = board.plane.createIssue({ name: 'One', labels: ['autoApprove'] });
    board.plane.intercept(({ path }) => (path.endsWith('/labels/') ? { status: 500 } : null));
    expect((await board.tracker.getIssue(id))?.labels).toBeNull();
    expect((await board.tracker.listUpdated(null))[0]?.labels).toBeNull();
  });

  it('RL-PLN-2: a label whose name stands twice on the board is absent', async () => {
    await using board = await startPlaneTracker();
    const { id } = board.plane.createIssue({ name: 'One', labels: ['autoApprove', 'Bug'] });
    board.plane.addLabel(' AUTOAPPROVE');
    expect((await board.tracker.getIssue(id))?.labels).toEqual(['Bug']);
  });

  it('RL-RLY-14: roles are those of the workspace; a guest has 5', async () => {
    await using board = await startPlaneTracker();
    const { ada, bob, guest, bot } = board.plane.people;
    const roles = await Promise.all([ada, bob, guest, bot].map(async ({ id }) => await board.tracker.memberRole(id)));
    expect(roles).toEqual([20, 15, 5, 15]);
  });

  it('RL-RLY-14: a member whose role is not told is an error, not a stranger', async () => {
    await using board = await startPlaneTracker();
    board.plane.intercept(({ path }) => (path.endsWith('acme/members/') ? { status: 200, body: [] } : null));
    await expect(board.tracker.memberRole(board.plane.people.ada.id)).rejects.toMatchObject({ code: 'TRACKER_ROLES' });
  });

  it('RL-RLY-13: our accounts are the owners of all keys and the configured ids', async () => {
    await using board = await startPlaneTracker({ ownActorIds: ['relay-bot'] });
    const { bot, bob } = board.plane.people;
    const tracker = createPlaneTracker({
      ...board.plane,
      roleTokens: { analyst: bob.token, tester: 'dead', stream: '' },
      webUrl: null,
      clock: { now: () => new Date(), sleep: async () => {} },
      log: quiet,
    });
    expect(await tracker.ownActors()).toEqual(new Set([bot.id, bob.id]));
    expect(await board.tracker.ownActors()).toEqual(new Set(['relay-bot', bot.id]));
  });

  it('RL-RLY-13: accounts that cannot be read are an error, not an empty set', async () => {
    await using board = await startPlaneTracker();
    board.plane.outage(true);
    await expect(board.tracker.ownActors()).rejects.toMatchObject({ code: 'TRACKER_UNREACHABLE' });
  });
});

describe('Plane: comments', () => {
  const comment = { externalId: 'ET-1/held/review/1', html: '<p>x</p>', role: 'analyst' };

  it('H-CMT-10: an answer that was lost after the write leads to no second comment', async () => {
    await using board = await startPlaneTracker();
    const { id } = board.plane.createIssue({ name: 'One' });
    board.plane.intercept(({ method }) => (method === 'POST' ? 'drop-after' : null));
    await expect(board.tracker.upsertComment(id, comment)).rejects.toMatchObject({ code: 'TRACKER_UNREACHABLE' });
    board.plane.intercept(null);
    await board.tracker.upsertComment(id, comment);
    expect(board.plane.comments(id)).toHaveLength(1);
  });

  it('H-CMT-10: a 409 names the comment of the other writer, which is updated', async () => {
    await using board = await startPlaneTracker();
    const { id } = board.plane.createIssue({ name: 'One' });
    const first = await board.tracker.upsertComment(id, comment);
    board.plane.intercept(({ method, path }) =>
      method === 'GET' && path.includes('/comments/')
        ? { status: 200, body: { results: [], next_cursor: '1000:1:0', next_page_results: false } }
        : null,
    );
    expect(await board.tracker.upsertComment(id, { ...comment, html: '<p>new</p>' })).toEqual(first);
    expect(board.plane.comments(id).map((row) => row.comment_html)).toEqual(['<p>new</p>']);
  });

  it('H-CMT-10: an equal comment makes no write', async () => {
    await using board = await startPlaneTracker();
    const { id } = board.plane.createIssue({ name: 'One' });
    await board.tracker.upsertComment(id, comment);
    const before = writes(board.plane.requests);
    await board.tracker.upsertComment(id, comment);
    expect(writes(board.plane.requests)).toBe(before);
  });

  it('H-CMT-11: the text of a comment is never its identity', async () => {
    await using board = await startPlaneTracker();
    const { id } = board.plane.createIssue({ name: 'One' });
    const theirs = board.plane.addComment('ada', id, `<p>ref ${comment.externalId}</p>`);
    expect((await board.tracker.upsertComment(id, comment)).id).not.toBe(theirs.id);
    expect((await board.tracker.listComments(id)).map((row) => row.externalId)).toEqual([null, comment.externalId]);
  });

  it('RL-PLN-3: a role key is the author of its comments; a refused one loses the author, never the comment', async () => {
    await using board = await startPlaneTracker();
    const { bot, bob } = board.plane.people;
    const { id } = board.plane.createIssue({ name: 'One' });
    const logged: string[] = [];
    const log = { ...quiet, warn: (text: string) => void logged.push(text) };
    const tracker = createPlaneTracker({
      ...board.plane,
      roleTokens: { analyst: bob.token, tester: 'dead' },
      webUrl: null,
      clock: { now: () => new Date(), sleep: async () => {} },
      log,
    });
    for (const [n, role] of ['analyst', 'tester', 'tester', 'stream'].entries())
      await tracker.upsertComment(id, { externalId: `ET-1/x/${n}`, html: 'x', role });
    expect(board.plane.comments(id).map((row) => row.actor)).toEqual([bob.id, bot.id, bot.id, bot.id]);
    expect(logged).toHaveLength(1);
  });
});

describe('Plane: links', () => {
  it('H-ALR-7: the page of an issue is named by uuid; without a public base there is no link', async () => {
    await using board = await startPlaneTracker({ webUrl: 'https://plane.example.org/' });
    const { id } = board.plane.createIssue({ name: 'One' });
    const issue = await board.tracker.getIssue(id);
    if (issue === null) throw new Error('the issue is not there');
    expect(board.tracker.issueUrl(issue)).toBe(
      `https://plane.example.org/acme/projects/${board.plane.project}/issues/${id}/`,
    );
    const without = createPlaneTracker({
      ...board.plane,
      webUrl: null,
      clock: { now: () => new Date(), sleep: async () => {} },
      log: quiet,
    });
    expect(without.issueUrl(issue)).toBeNull();
  });
});
