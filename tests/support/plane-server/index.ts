import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { createRateLimit } from './answers.ts';
import type { Comment, Item, User } from './model.ts';
import { planeApi } from './routes.ts';
import { createPlaneStore } from './store.ts';
import { type WebhookTarget, createWebhookSender } from './webhook.ts';

export type Person = 'ada' | 'bob' | 'guest' | 'bot';
/** What a test does to one request: answer itself, close the socket before it is handled, or after. */
export type Intercepted =
  | { readonly status: number; readonly body?: unknown; readonly headers?: Record<string, string> }
  | 'drop'
  | 'drop-after'
  | null;

export interface PlaneServerOptions {
  readonly webhook?: WebhookTarget;
  readonly workspace?: string;
  readonly identifier?: string;
  /** 0 = any free port. */
  readonly port?: number;
  readonly retryDelayMs?: number;
  readonly webhookTimeoutMs?: number;
}
export type PlaneServer = Awaited<ReturnType<typeof startPlaneServer>>;

/**
 * An in-memory Plane on 127.0.0.1 with one workspace, one project, the 23 statuses and four accounts: ada (20), bob (15),
 * guest (5) and our bot (15). Changes through the API and through the functions here are announced to the webhook.
 */
export async function startPlaneServer(options: PlaneServerOptions = {}) {
  const webhook = createWebhookSender({
    retryDelayMs: options.retryDelayMs ?? 100,
    timeoutMs: options.webhookTimeoutMs ?? 30_000,
  });
  webhook.aim(options.webhook ?? null);
  const store = createPlaneStore({
    workspace: options.workspace ?? 'acme',
    identifier: options.identifier ?? 'ET',
    webhook,
  });
  const limit = createRateLimit();
  const handle = getRequestListener(planeApi(store, limit).fetch);
  const requests: { readonly method: string; readonly path: string }[] = [];
  let down = false;
  let intercept: ((request: { readonly method: string; readonly path: string }) => Intercepted) | null = null;

  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const request = { method: incoming.method ?? 'GET', path: incoming.url ?? '/' };
    requests.push(request);
    const rule = down ? 'drop' : (intercept?.(request) ?? null);
    if (rule === 'drop') {
      incoming.socket.destroy();
      return;
    }
    if (rule === 'drop-after') {
      outgoing.write = () => true;
      outgoing.end = (() => {
        incoming.socket.destroy();
        return outgoing;
      }) as typeof outgoing.end;
    }
    if (rule !== null && typeof rule === 'object') {
      outgoing.writeHead(rule.status, { 'Content-Type': 'application/json', ...rule.headers });
      outgoing.end(typeof rule.body === 'string' ? rule.body : JSON.stringify(rule.body ?? null));
      return;
    }
    await handle(incoming, outgoing);
  };
  const server = createServer((incoming, outgoing) => void answer(incoming, outgoing));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });

  const user = (person: Person): User => store.people[person];
  const stateNamed = (name: string): string => {
    const state = store.states.find((candidate) => candidate.name === name);
    if (state === undefined) throw new Error(`the board has no status "${name}"`);
    return state.id;
  };
  const labelNamed = (name: string): string =>
    (store.labels.find((label) => label.name === name) ?? store.addLabel(name)).id;
  const issue = (id: string): Item => {
    const item = store.items.get(id);
    if (item === undefined) throw new Error(`the board has no issue ${id}`);
    return item;
  };

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    workspace: store.workspace,
    workspaceId: store.place.workspace,
    project: store.place.project,
    identifier: store.identifier,
    /** API key of the bot. */
    token: store.people.bot.token,
    people: store.people,
    states: store.states,
    labels: store.labels,
    /** Every request the API has seen. */
    requests,
    /** Every delivery made to the webhook. */
    deliveries: webhook.sent,
    webhookActive: webhook.active,
    /** Resolves when no delivery is under way or waiting in line (a waiting retry does not count). */
    webhookIdle: webhook.idle,
    setWebhook: webhook.aim,
    issue,
    issues: (): readonly Item[] => [...store.items.values()],
    comments: (id: string): readonly Comment[] => store.comments.filter((comment) => comment.issue === id),
    stateName: (id: string): string => store.stateOf(issue(id).state).name,
    history: (id: string) => store.activities.filter((row) => row.issue === id),
    addState: store.addState,
    addLabel: store.addLabel,
    removeState: (name: string): void =>
      void store.states.splice(
        store.states.findIndex((state) => state.name === name),
        1,
      ),
    /** A person makes an issue in the web client. */
    createIssue(fields: {
      readonly name: string;
      readonly description?: string;
      readonly state?: string;
      readonly labels?: readonly string[];
      readonly by?: Person;
    }): Item {
      return store.createItem(user(fields.by ?? 'ada'), {
        name: fields.name,
        description_html: fields.description ?? '<p></p>',
        state: stateNamed(fields.state ?? 'Backlog'),
        labels: (fields.labels ?? []).map(labelNamed),
      });
    },
    /** A person moves an issue in the web client (`state_id`). */
    moveIssue: (person: Person, id: string, status: string): void =>
      store.updateItem(user(person), issue(id), { state: stateNamed(status) }, 'web'),
    editIssue: (
      person: Person,
      id: string,
      change: { readonly name?: string; readonly description_html?: string; readonly priority?: string },
    ): void => store.updateItem(user(person), issue(id), change, 'web'),
    setLabels: (person: Person, id: string, names: readonly string[]): void =>
      store.updateItem(user(person), issue(id), { labels: names.map(labelNamed) }, 'web'),
    addComment: (person: Person, id: string, html: string): Comment =>
      store.addComment(user(person), issue(id), html, { source: null, id: null }),
    deleteIssue: (id: string): void => void store.items.delete(issue(id).id),
    /** Closes every connection without an answer while true. */
    outage(on: boolean): void {
      down = on;
    },
    /** Requests per minute and key from now on; a real server allows 60. */
    rateLimit(perMinute: number): void {
      limit.perMinute = perMinute;
    },
    intercept(rule: typeof intercept): void {
      intercept = rule;
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await webhook.stop();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
