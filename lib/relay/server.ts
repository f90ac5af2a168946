import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { ConfigError, errorText } from '../base/errors.ts';
import type { Connection, RelayApp } from './app.ts';
import type { RelayMetrics } from './metrics.ts';

/** Milliseconds; relay §1.2: heads within 5 s, whole requests within 10 s, at the end 5 s for open requests. */
export interface ServerLimits {
  readonly headersMs: number;
  readonly requestMs: number;
  readonly closeMs: number;
}
export const SERVER_LIMITS: ServerLimits = { headersMs: 5000, requestMs: 10_000, closeMs: 5000 };

export interface RelayServer {
  readonly port: number;
  /** Closes the listener at once, open requests within `closeMs`. */
  close(): Promise<void>;
}

const HEAD_BYTES = 16 * 1024;
const LOOPBACK = /^(127\.|::1$|::ffff:127\.)/;
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-real-ip'];

/** The node process around the app. Throws `ConfigError` RELAY_LISTEN when the address cannot be had. */
export async function listen(
  app: RelayApp,
  address: { readonly host: string; readonly port: number },
  metrics: RelayMetrics,
  limits: ServerLimits = SERVER_LIMITS,
): Promise<RelayServer> {
  const listener = getRequestListener((request, env) =>
    app.fetch(request, connectionOf((env as HttpBindings).incoming)),
  );
  const server = createServer(
    {
      maxHeaderSize: HEAD_BYTES,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      connectionsCheckingInterval: Math.min(500, limits.headersMs / 2),
    },
    (incoming: IncomingMessage, outgoing: ServerResponse) => void listener(incoming, outgoing),
  );
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => refuse(error, socket, metrics));
  await started(server, address);
  const bound = server.address();
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : address.port,
    close: () => closed(server, limits.closeMs),
  };
}

function connectionOf(incoming: IncomingMessage): Connection {
  return {
    drop: () => incoming.socket.destroy(),
    loopback:
      LOOPBACK.test(incoming.socket.remoteAddress ?? '') &&
      !FORWARDED.some((name) => incoming.headers[name] !== undefined),
  };
}

/** spec: relay §1.2: heads over 16 KiB or too late, bodies too late → 408, connection closed */
function refuse(error: NodeJS.ErrnoException, socket: Duplex, metrics: RelayMetrics): void {
  const late = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' || error.code === 'HPE_HEADER_OVERFLOW';
  if (late) metrics.limits.timeout += 1;
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  socket.end(
    `HTTP/1.1 ${late ? '408 Request Timeout' : '400 Bad Request'}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
    () => socket.destroy(),
  );
}

function started(server: Server, { host, port }: { readonly host: string; readonly port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (thrown) =>
      reject(
        new ConfigError(
          'RELAY_LISTEN',
          `cannot listen on ${host}:${port} (${errorText(thrown)}): free the port or change listen in relay.yml`,
        ),
      ),
    );
    server.listen(port, host, () => resolve());
  });
}

async function closed(server: Server, closeMs: number): Promise<void> {
  const done = new Promise<void>((resolve) => server.close(() => resolve()));
  // A connection that is kept alive becomes idle only after its open request.
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  const limit = setTimeout(() => server.closeAllConnections(), closeMs);
  await done;
  clearInterval(sweep);
  clearTimeout(limit);
}
