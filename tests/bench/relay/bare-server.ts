// What any durable receiver has to do: read the body, append it, one fsync for a group, answer. Nothing is checked.
// Arguments: file, ms that a group collects (RL-RLY-5 allows 10; 0 = what arrived during the last fsync is a group).
import { open } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const file = await open(process.argv[2] ?? '', 'a');
const collectMs = Number(process.argv[3] ?? 0);
let waiting: { readonly body: Buffer; readonly answer: ServerResponse }[] = [];
let flushing = false;

async function flush(): Promise<void> {
  flushing = true;
  while (waiting.length > 0) {
    if (collectMs > 0) await sleep(collectMs);
    const group = waiting;
    waiting = [];
    await file.write(Buffer.concat(group.map(({ body }) => body)));
    await file.datasync();
    for (const { answer } of group) {
      answer.writeHead(200, { 'content-type': 'application/json' });
      answer.end('{"status":"accepted"}');
    }
  }
  flushing = false;
}

const server = createServer((incoming, answer) => {
  const chunks: Buffer[] = [];
  incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
  incoming.on('end', () => {
    waiting.push({ body: Buffer.concat(chunks), answer });
    if (!flushing) void flush();
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`READY ${typeof address === 'object' ? address?.port : 0}\n`);
});
