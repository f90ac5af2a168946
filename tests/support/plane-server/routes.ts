import { type Context, Hono } from 'hono';
import { type createRateLimit, pageOf, shaped } from './answers.ts';
import type { Item, User } from './model.ts';
import {
  activityShape,
  commentShape,
  itemShape,
  labelShape,
  projectShape,
  stateBrief,
  stateShape,
  userShape,
} from './shapes.ts';
import type { ItemChange, PlaneStore } from './store.ts';

type Env = { Variables: { user: User } };
type Body = Record<string, unknown>;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const MISSING = { error: 'The requested resource does not exist.' };
const NO_RIGHT = { detail: 'You do not have permission to perform this action.' };
const WRITABLE = ['name', 'description_html', 'priority', 'state', 'labels', 'assignees', 'point'] as const;

/** The public REST API of Plane 1.3.1, as far as the recordings in tests/support/plane/api show it. */
export function planeApi(store: PlaneStore, limit: ReturnType<typeof createRateLimit>): Hono<Env> {
  const app = new Hono<Env>({ strict: true });
  const { place } = store;

  app.use('*', async (c, next) => {
    const url = new URL(c.req.url);
    if (!url.pathname.endsWith('/'))
      return c.body(null, 301, {
        Location: `${url.pathname}/${url.search}`,
        'Content-Type': 'text/html; charset=utf-8',
      });
    const key = c.req.header('X-API-Key');
    if (key === undefined) return c.json({ detail: 'Authentication credentials were not provided.' }, 401);
    const user = store.users.find((candidate) => candidate.token === key);
    if (user === undefined) return c.json({ detail: 'Given API token is not valid' }, 403);
    const taken = limit.take(key);
    if ('waitS' in taken)
      return c.json({ error_code: 5900, error_message: 'RATE_LIMIT_EXCEEDED' }, 429, {
        'Retry-After': String(taken.waitS),
      });
    c.set('user', user);
    await next();
    c.res.headers.set('X-RateLimit-Remaining', String(taken.left));
    c.res.headers.set('X-RateLimit-Reset', String(Math.floor(Date.now() / 1000) + 60));
  });
  app.notFound((c) => c.json({ error: 'Page not found.' }, 404));
  app.onError((error, c) => c.json({ error: `Something went wrong please try again later: ${error.message}` }, 500));

  app.get('/api/v1/users/me/', (c) => c.json(userShape(c.get('user'))));

  const workspace = new Hono<Env>({ strict: true });
  workspace.use('*', async (c, next) =>
    c.req.param('slug') === store.workspace ? await next() : c.json(NO_RIGHT, 403),
  );
  const project = (role: number) =>
    projectShape(place, store.identifier, role, store.users.length, store.people.ada.id, store.createdAt);
  workspace.get('/projects/', (c) => paged(c, [project(c.get('user').role)]));
  workspace.get('/members/', (c) => c.json(store.users.map((user) => ({ ...userShape(user), role: user.role }))));
  workspace.get('/work-items/:identifier/', (c) => {
    const found = /^([A-Za-z]+)-(\d+)$/.exec(c.req.param('identifier'));
    if (found === null) return c.json({ error: 'Something went wrong please try again later' }, 500);
    if (found[1] !== store.identifier) return c.json(NO_RIGHT, 403);
    const item = [...store.items.values()].find((candidate) => candidate.sequence_id === Number(found[2]));
    return item === undefined ? c.json(MISSING, 404) : c.json(itemAnswer(c, item));
  });

  const inProject = new Hono<Env>({ strict: true });
  inProject.use('*', async (c, next) => {
    const id = c.req.param('project') ?? '';
    if (!UUID.test(id)) return c.json({ error: 'Page not found.' }, 404);
    return id === place.project ? await next() : c.json(NO_RIGHT, 403);
  });
  inProject.get('/', (c) => c.json(project(c.get('user').role)));
  for (const path of ['/members/', '/project-members/'] as const)
    inProject.get(path, (c) => c.json(store.users.map(userShape)));
  inProject.get('/states/', (c) =>
    paged(
      c,
      store.states.map((state) => stateShape(state, place)),
    ),
  );
  inProject.post('/states/', async (c) => {
    const body = await json(c);
    const same = store.states.find((state) => state.name === body['name']);
    if (same !== undefined)
      return c.json({ error: 'State with the same name already exists in the project', id: same.id }, 409);
    return c.json(stateShape(store.addState(String(body['name']), body['group'] as never, c.get('user')), place), 200);
  });
  inProject.get('/labels/', (c) =>
    paged(
      c,
      [...store.labels].reverse().map((label) => labelShape(label, place)),
    ),
  );
  inProject.post('/labels/', async (c) => {
    const name = String((await json(c))['name']);
    const same = store.labels.find((label) => label.name === name);
    if (same !== undefined)
      return c.json({ error: 'Label with the same name already exists in the project', id: same.id }, 409);
    return c.json(labelShape(store.addLabel(name, c.get('user')), place), 201);
  });

  inProject.get('/work-items/', (c) => {
    const query = new URL(c.req.url).searchParams;
    const externalId = query.get('external_id');
    if (externalId !== null && query.has('external_source')) {
      const item = [...store.items.values()].find(
        (one) => one.external_id === externalId && one.external_source === query.get('external_source'),
      );
      return item === undefined ? c.json(MISSING, 404) : c.json(itemAnswer(c, item));
    }
    const order = query.get('order_by') ?? '-created_at';
    if (!/^-?(created_at|updated_at|sequence_id)$/.test(order))
      return c.json({ error: 'Something went wrong please try again later' }, 500);
    const field = order.replace('-', '') as 'created_at' | 'updated_at' | 'sequence_id';
    const sorted = [...store.items.values()].sort((a, b) => (a[field] < b[field] ? -1 : 1));
    if (order.startsWith('-')) sorted.reverse();
    return paged(
      c,
      sorted.map((item) => itemAnswer(c, item)),
    );
  });
  inProject.post('/work-items/', async (c) => {
    const body = await json(c);
    if (typeof body['name'] !== 'string') return c.json({ name: ['This field is required.'] }, 400);
    const external = {
      external_source: (body['external_source'] as string) ?? null,
      external_id: (body['external_id'] as string) ?? null,
    };
    const same = [...store.items.values()].find(
      (one) =>
        one.external_id !== null &&
        one.external_id === external.external_id &&
        one.external_source === external.external_source,
    );
    if (same !== undefined)
      return c.json({ error: 'Issue with the same external id and external source already exists', id: same.id }, 409);
    const { change, refused } = itemChange(body);
    if (refused !== null) return c.json(refused, 400);
    return c.json(
      itemShape(store.createItem(c.get('user'), { ...change, ...external, name: body['name'] }), place),
      201,
    );
  });
  inProject.get('/work-items/:item/', (c) => withItem(c, (item) => c.json(itemAnswer(c, item))));
  inProject.patch('/work-items/:item/', async (c) => {
    const body = await json(c);
    return withItem(c, (item) => {
      const { change, refused } = itemChange(body);
      if (refused !== null) return c.json(refused, 400);
      store.updateItem(c.get('user'), item, change, 'api');
      return c.json(itemShape(item, place));
    });
  });
  inProject.delete('/work-items/:item/', (c) =>
    withItem(c, (item) => {
      if (item.created_by !== c.get('user').id && c.get('user').role < 20)
        return c.json({ error: 'Only admin or creator can delete the work item' }, 403);
      store.items.delete(item.id);
      return c.body(null, 204);
    }),
  );
  // History and comments stay readable after the item is gone. [134]
  inProject.get('/work-items/:item/activities/', (c) =>
    paged(
      c,
      store.activities.filter((row) => row.issue === c.req.param('item')).map((row) => activityShape(row, place)),
    ),
  );
  inProject.get('/work-items/:item/relations/', (c) =>
    withItem(c, () =>
      c.json({
        blocking: [],
        blocked_by: [],
        duplicate: [],
        relates_to: [],
        start_after: [],
        start_before: [],
        finish_after: [],
        finish_before: [],
      }),
    ),
  );
  inProject.get('/work-items/:item/comments/', (c) =>
    paged(
      c,
      commentsOf(c)
        .reverse()
        .map((row) => ({ ...commentShape(row, place), is_member: true })),
    ),
  );
  inProject.post('/work-items/:item/comments/', async (c) => {
    const item = store.items.get(c.req.param('item'));
    if (item === undefined) return c.json({ error: 'The payload is not valid' }, 400);
    const body = await json(c);
    const external = {
      source: (body['external_source'] as string) ?? null,
      id: (body['external_id'] as string) ?? null,
    };
    const same = store.comments.find(
      (row) =>
        row.issue === item.id &&
        row.external_id !== null &&
        row.external_id === external.id &&
        row.external_source === external.source,
    );
    if (same !== undefined)
      return c.json(
        { error: 'Work item comment with the same external id and external source already exists', id: same.id },
        409,
      );
    const comment = store.addComment(
      c.get('user'),
      item,
      typeof body['comment_html'] === 'string' ? body['comment_html'] : '<p></p>',
      external,
    );
    return c.json(commentShape(comment, place), 201);
  });
  inProject.get('/work-items/:item/comments/:comment/', (c) => {
    const row = commentsOf(c).find((one) => one.id === c.req.param('comment'));
    return row === undefined ? c.json(MISSING, 404) : c.json({ ...commentShape(row, place), is_member: true });
  });
  inProject.patch('/work-items/:item/comments/:comment/', async (c) => {
    const item = store.items.get(c.req.param('item'));
    const row = commentsOf(c).find((one) => one.id === c.req.param('comment'));
    if (item === undefined || row === undefined) return c.json(MISSING, 404);
    const html = (await json(c))['comment_html'];
    if (typeof html === 'string') store.updateComment(c.get('user'), item, row, html);
    return c.json(commentShape(row, place));
  });
  inProject.delete('/work-items/:item/comments/:comment/', (c) => {
    const index = store.comments.findIndex(
      (one) => one.id === c.req.param('comment') && one.issue === c.req.param('item'),
    );
    if (index < 0) return c.json(MISSING, 404);
    store.comments.splice(index, 1);
    return c.body(null, 204);
  });

  workspace.route('/projects/:project', inProject);
  app.route('/api/v1/workspaces/:slug', workspace);
  return app;

  function commentsOf(c: Context<Env>) {
    return store.comments.filter((row) => row.issue === c.req.param('item'));
  }
  function withItem(c: Context<Env>, answer: (item: Item) => Response): Response {
    const item = store.items.get(c.req.param('item') ?? '');
    return item === undefined ? c.json(MISSING, 404) : answer(item);
  }
  function itemAnswer(c: Context<Env>, item: Item) {
    return shaped(itemShape(item, place), new URL(c.req.url).searchParams, {
      state: () => stateBrief(store.stateOf(item.state)),
      labels: () =>
        store.labels.filter((label) => item.labels.includes(label.id)).map((label) => labelShape(label, place)),
      assignees: () => store.users.filter((user) => item.assignees.includes(user.id)).map(userShape),
      parent: () => ({}),
    });
  }
  /** Unknown fields (`state_id` among them) are ignored with a 200. [056] */
  function itemChange(body: Body): { readonly change: ItemChange; readonly refused: object | null } {
    const change = Object.fromEntries(
      WRITABLE.filter((field) => field in body).map((field) => [field, body[field]]),
    ) as ItemChange;
    const { state, labels } = change;
    if (state !== undefined && !UUID.test(state))
      return { change, refused: { state: [`“${state}” is not a valid UUID.`] } };
    if (state !== undefined && !store.states.some((one) => one.id === state))
      return { change, refused: { state: [`Invalid pk "${state}" - object does not exist.`] } };
    const unknown = labels?.findIndex((id) => !store.labels.some((label) => label.id === id)) ?? -1;
    if (unknown >= 0)
      return {
        change,
        refused: { labels: { [unknown]: [`Invalid pk "${labels?.[unknown]}" - object does not exist.`] } },
      };
    return { change, refused: null };
  }
}

async function json(c: Context<Env>): Promise<Body> {
  return (await c.req.json()) as Body;
}

function paged(c: Context<Env>, rows: readonly unknown[]): Response {
  const { status, body } = pageOf(rows, new URL(c.req.url).searchParams);
  return c.json(body, status);
}
