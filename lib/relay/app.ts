import { timingSafeEqual } from 'node:crypto';
import { Hono } from 'hono';
import type { RelayMetrics } from './metrics.ts';
import type { Receiver } from './receive.ts';
import { type RelayView, renderHealth, renderMetrics, renderMetricsText, renderStatus } from './status.ts';

/** What a request's connection can do and is. */
export interface Connection {
  /** Closes it without an answer. */
  readonly drop: () => void;
  /** The peer is this machine and no proxy speaks for somebody else. */
  readonly loopback: boolean;
}

export interface AppDeps {
  readonly receiver: Pick<Receiver, 'receive'>;
  readonly metrics: RelayMetrics;
  readonly view: RelayView;
  readonly maxBodyBytes: () => number;
  readonly statusToken: () => string | null;
}

export type RelayApp = Hono<{ Bindings: Connection }>;

const JSON_TYPE = /^application\/json\s*(;|$)/i;
const CLOSE = { connection: 'close' };

/** Routes of relay §1.1. `app.fetch(request, connection)` is the relay's whole behaviour towards the network. spec: RL-RLY-1 */
export function createApp(deps: AppDeps): RelayApp {
  const app: RelayApp = new Hono();
  app.post('/webhook/plane', async (context) => {
    const { metrics, receiver } = deps;
    if (
      !JSON_TYPE.test(context.req.header('content-type') ?? '') ||
      context.req.header('content-encoding') !== undefined
    ) {
      metrics.limits.media_type += 1;
      return context.json({ status: 'application/json without content encoding only' }, 415, CLOSE);
    }
    const body = await readBody(context.req.raw, deps.maxBodyBytes());
    if (body === 'too large') {
      metrics.limits.too_large += 1;
      return context.json({ status: 'body too large' }, 413, CLOSE);
    }
    if (body === 'unfinished') {
      metrics.limits.timeout += 1;
      return context.json({ status: 'body not complete' }, 408, CLOSE);
    }
    const receipt = await receiver.receive({
      signature: context.req.header('x-plane-signature') ?? null,
      delivery: (context.req.header('x-plane-delivery') ?? '').slice(0, 100),
      probe: context.req.header('x-conveyor-probe') ?? null,
      body,
    });
    if (receipt !== 'drop') return context.json(receipt.body, receipt.status);
    context.env.drop();
    return context.body(null, 503, CLOSE);
  });
  app.get('/health', (context) => {
    const { status, body } = renderHealth(deps.view);
    return context.json(body, status);
  });
  app.get('/metrics', (context) => {
    if (!mayLook(context.req.header('authorization'), context.env, deps.statusToken()))
      return context.json({ status: 'unauthorized' }, 401);
    if ((context.req.header('accept') ?? '').includes('text/plain')) return context.text(renderMetricsText(deps.view));
    return context.json(renderMetrics(deps.view));
  });
  app.get('/status', (context) => {
    if (!mayLook(context.req.header('authorization'), context.env, deps.statusToken()))
      return context.json({ status: 'unauthorized' }, 401);
    return context.json(renderStatus(deps.view));
  });
  for (const [path, method] of [
    ['/webhook/plane', 'POST'],
    ['/health', 'GET'],
    ['/metrics', 'GET'],
    ['/status', 'GET'],
  ] as const)
    app.all(path, (context) => context.json({ status: 'method not allowed' }, 405, { allow: method }));
  app.notFound((context) => context.json({ status: 'not found' }, 404));
  return app;
}

/** The raw bytes, never more than `limit`; a client that goes away or is cut off is `unfinished`. */
async function readBody(request: Request, limit: number): Promise<Uint8Array | 'too large' | 'unfinished'> {
  const announced = request.headers.get('content-length');
  try {
    if (announced !== null)
      return Number(announced) > limit ? 'too large' : new Uint8Array(await request.arrayBuffer());
    if (request.body === null) return new Uint8Array(0);
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of request.body) {
      size += chunk.byteLength;
      if (size > limit) return 'too large';
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } catch {
    return 'unfinished';
  }
}

function mayLook(authorization: string | undefined, connection: Connection, token: string | null): boolean {
  if (connection.loopback) return true;
  if (token === null || authorization === undefined) return false;
  const given = Buffer.from(authorization);
  const expected = Buffer.from(`Bearer ${token}`);
  return given.length === expected.length && timingSafeEqual(given, expected);
}
