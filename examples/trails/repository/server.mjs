import { readFileSync, realpathSync } from 'node:fs';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { listTracks } from './src/tracks.mjs';

const json = (body) => ({ type: 'application/json', body: `${JSON.stringify(body)}\n` });

/** What runs here: the activation puts manifest.json beside this file; a checkout has none. */
function loadManifest() {
  try {
    return JSON.parse(readFileSync(new URL('manifest.json', import.meta.url), 'utf8'));
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    return { commit: 'none', digest: 'none' };
  }
}

export function createTrails({ environment, manifest = loadManifest(), tracks = listTracks }) {
  const { commit, digest } = manifest;
  const routes = {
    '/health': () => json({ status: 'ok', environment, commit, digest }),
    '/tracks': () => json(tracks()),
  };
  return createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    const route = Object.hasOwn(routes, pathname) ? routes[pathname] : undefined;
    if (route === undefined) return response.writeHead(404).end('not found\n');
    if (request.method !== 'GET') return response.writeHead(405, { allow: 'GET' }).end('only GET\n');
    const { type, body } = route();
    return response.writeHead(200, { 'content-type': `${type}; charset=utf-8` }).end(body);
  });
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const server = createTrails({ environment: process.env.TRAILS_ENVIRONMENT ?? 'development' });
  server.listen(Number(process.env.PORT ?? 8500), '127.0.0.1');
  process.once('SIGTERM', () => server.close(() => process.exit(0)).closeAllConnections());
}
