// Prints "accepted webhooks per second with fsync ÷ a bare node:http server that fsyncs in groups" (design §11).
// The bare server collects a group for 10 ms as RL-RLY-5 has it. The second line is the ratio to a bare server that
// fsyncs without a pause: on a fast disk that is plain CPU time, where signature, JSON, dedup and dispatch stand
// against nothing. All servers are processes of their own on one disk; the same load goes to them in turns.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { moved, sign } from '../support/relay/recordings.ts';

const TARGET = 0.8;
const ROUNDS = 5;
const CONNECTIONS = 64;
const REQUESTS = 8000;

const folder = mkdtempSync(join(tmpdir(), 'relay-bench-'));
const servers: ChildProcess[] = [];
try {
  const ports = {
    relay: await start('relay-server.ts', 'spool'),
    grouped: await start('bare-server.ts', 'grouped', '10'),
    unpaused: await start('bare-server.ts', 'unpaused', '0'),
  };
  const rates: Record<keyof typeof ports, number[]> = { relay: [], grouped: [], unpaused: [] };
  for (let round = 0; round <= ROUNDS; round += 1)
    for (const name of ['grouped', 'relay', 'unpaused'] as const) {
      const rate = await load(ports[name], requests(round === 0 ? REQUESTS / 4 : REQUESTS));
      // Round 0 warms up.
      if (round > 0) rates[name].push(rate);
    }
  const ratio = median(rates.relay.map((rate, round) => rate / (rates.grouped[round] ?? rate)));
  const hardest = median(rates.relay.map((rate, round) => rate / (rates.unpaused[round] ?? rate)));
  console.log(
    `relay: ${median(rates.relay).toFixed(0)} accepted webhooks/s over ${CONNECTIONS} connections, ${ROUNDS} rounds of ${REQUESTS}`,
  );
  console.log(
    `relay ÷ bare node:http, groups of 10 ms (${median(rates.grouped).toFixed(0)}/s): ${ratio.toFixed(2)} (target ≥ ${TARGET})`,
  );
  console.log(
    `relay ÷ bare node:http, fsync without pause (${median(rates.unpaused).toFixed(0)}/s): ${hardest.toFixed(2)}`,
  );
  process.exitCode = ratio >= TARGET ? 0 : 1;
} finally {
  for (const server of servers) server.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function start(program: string, name: string, ...more: readonly string[]): Promise<number> {
  const path = fileURLToPath(new URL(`./relay/${program}`, import.meta.url));
  const server = spawn(process.execPath, [path, join(folder, name), ...more], { stdio: ['ignore', 'pipe', 'inherit'] });
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
      'POST /webhook/plane HTTP/1.1',
      'Host: 127.0.0.1',
      'User-Agent: Autopilot',
      'Accept-Encoding: gzip, deflate',
      'Accept: */*',
      'Connection: keep-alive',
      'Content-Type: application/json',
      `X-Plane-Delivery: ${id}`,
      'X-Plane-Event: issue',
      `X-Plane-Signature: ${sign(body)}`,
      `Content-Length: ${body.length}`,
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
          socket.on('data', (chunk) =>
            chunk.toString('latin1').startsWith('HTTP/1.1 200') ? send() : reject(new Error(chunk.toString())),
          );
          socket.on('error', reject);
        }),
    ),
  );
  return all.length / ((performance.now() - started) / 1000);
}
