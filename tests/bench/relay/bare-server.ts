// What any durable receiver has to do: read the body, append it, one fsync for all that arrived meanwhile, answer.
import { open } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';

const file = await open(process.argv[2] ?? '', 'a');
let waiting: { readonly body: Buffer; readonly answer: ServerResponse }[] = [];
let flushing = false;

async function flush(): Promise<void> {
  flushing = true;
  while (waiting.length > 0) {
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
