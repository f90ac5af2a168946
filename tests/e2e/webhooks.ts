import { createHmac, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { TRAILS_ISSUE } from '../../examples/trails/create.ts';
import type { Envelope } from '../../lib/pipeline/envelope.ts';
import type { World } from './world.ts';

/** A receiver that keeps what Plane sends instead of the relay. */
export async function catchDeliveries() {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      bodies.push(Buffer.concat(chunks).toString('utf8'));
      response.end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    bodies,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** One attempt of Plane to deliver a body: byte-identical, signed, with a delivery id of its own. */
export async function deliver({ webhook }: World, body: string): Promise<{ code: number; status: unknown }> {
  const answer = await fetch(webhook.url, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      'X-Plane-Delivery': randomUUID(),
      'X-Plane-Event': 'issue',
      'X-Plane-Signature': createHmac('sha256', webhook.secret).update(body).digest('hex'),
    },
    body,
  });
  return { code: answer.status, status: ((await answer.json()) as { status: unknown }).status };
}

/** The start of an issue as the relay would dispatch it, under another delivery. */
export const startEnvelope = (world: World, issue: string, correlation: string): Envelope => ({
  v: 1,
  correlation,
  kind: 'tracker.state',
  source: 'plane',
  via: 'webhook',
  repo: world.repository.fullName,
  project: world.plane.project,
  item: { id: null, tracker_id: issue, seq: 1, title: TRAILS_ISSUE.title },
  field: 'state',
  old_key: 'backlog',
  new_key: 'to_analyse',
  current_key: 'to_analyse',
  updated_at: new Date().toISOString(),
  actor: { id: null, role: null },
  delivery: randomUUID(),
  received_at: new Date().toISOString(),
  enriched: true,
});
