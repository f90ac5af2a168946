import { once } from 'node:events';
import { createServer } from 'node:net';
import { ExternalError } from '../../base/errors.ts';

/** Below the range from which systems give ports to outgoing connections. */
const FIRST = 20_000;
const COUNT = 10_000;

/**
 * Two ports of this machine on which nobody listens. They start at the process id, so that two demos that begin at the
 * same time look in different places. Throws ExternalError NO_PORT.
 */
export async function findFreePorts(pid: number): Promise<{ readonly staging: number; readonly production: number }> {
  const free: number[] = [];
  for (let offset = 0; offset < COUNT && free.length < 2; offset += 1) {
    const port = FIRST + ((pid * 2 + offset) % COUNT);
    if (await isFree(port)) free.push(port);
  }
  const [staging, production] = free;
  if (staging === undefined || production === undefined)
    throw new ExternalError(
      'NO_PORT',
      `no two free ports between ${FIRST} and ${FIRST + COUNT} on 127.0.0.1: end what listens there`,
    );
  return { staging, production };
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
