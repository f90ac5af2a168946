// Prints the ratio "accepted webhooks per second with fsync ÷ a bare node:http server that fsyncs in groups" (design §11).
// Both servers are processes of their own on the same disk; the same load goes to them in turns.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { moved, sign } from '../support/relay/recordings.ts';

const TARGET = 0.8;
const ROUNDS = 2;
const CONNECTIONS = 64;
const REQUESTS = 8000;

const folder = mkdtempSync(join(tmpdir(), 'relay-bench-'));
const servers: ChildProcess[] = [];
try {
  const relay = await start('relay-server.ts');
  const bare = await start('bare-server.ts');
  await load(relay, requests(2000));
  await load(bare, requests(2000));
  const ratios: number[] = [];
  for (let round = 1; round <= ROUNDS; round += 1) {
    const [first, second] = [requests(REQUESTS), requests(REQUESTS)];
    const bareRate = await load(bare, first);
    const relayRate = await load(relay, second);
    ratios.push(relayRate / bareRate);
    console.log(`round ${round}: relay ${relayRate.toFixed(0)}/s, bare ${bareRate.toFixed(0)}/s, ratio ${(relayRate / bareRate).toFixed(2)}`);
  }
  const ratio = ratios.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? 0;
  console.log(`relay: accepted webhooks per second ÷ bare node:http with grouped fsync: ${ratio.toFixed(2)} (target ≥ ${TARGET})`);
  process.exitCode = ratio >= TARGET ? 0 : 1;
} finally {
  for (const server of servers) server.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}

function start(program: string): Promise<number> {
  const path = fileURLToPath(new URL(`./relay/${program}`, import.meta.url));
  const server = spawn(process.execPath, [path, join(folder, program)], { stdio: ['ignore', 'pipe', 'inherit'] });
  servers.push(server);
  return new Promise((resolve, reject) => {
    server.stdout.on('data', (chunk: Buffer) => {
      const port = /READY (\d+)/.exec(chunk.toString())?.[1];
      if (port !== undefined) resolve(Number(port));
    });
    server.on('exit', () => reject(new Error(`${program} ended before it listened`)));
  });
}

/** Signed deliveries, each another change of another item. */
function requests(count: number): Buffer[] {
  return Array.from({ length: count }, () => {
    const id = crypto.randomUUID();
    const body = moved({ to: 'To Analyse', issue: id });
    const head = [
      'POST /webhook/plane HTTP/1.1', 'Host: 127.0.0.1', 'User-Agent: Autopilot', 'Accept-Encoding: gzip, deflate', 'Accept: */*', 'Connection: keep-alive',
      'Content-Type: application/json', `X-Plane-Delivery: ${id}`, 'X-Plane-Event: issue', `X-Plane-Signature: ${sign(body)}`, `Content-Length: ${body.length}`,
    ];
    return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`, 'latin1');
  });
}

/** Requests per second over keep-alive connections, one request in flight on each. */
async function load(port: number, all: readonly Buffer[]): Promise<number> {
  let next = 0;
  const started = performance.now();
  await Promise.all(
    Array.from(
      { length: CONNECTIONS },
      () =>
        new Promise<void>((resolve, reject) => {
          const socket = connect(port, '127.0.0.1');
          const send = () => {
            const request = all[next];
            next += 1;
            if (request === undefined) socket.end(resolve);
            else socket.write(request);
          };
          socket.on('connect', send);
          // Both servers answer with one small packet.
          socket.on('data', (chunk) => (chunk.toString('latin1').startsWith('HTTP/1.1 200') ? send() : reject(new Error(chunk.toString()))));
          socket.on('error', reject);
        }),
    ),
  );
  return all.length / ((performance.now() - started) / 1000);
}
