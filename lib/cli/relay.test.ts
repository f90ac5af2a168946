import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startPlaneServer } from '../../tests/support/plane-server/index.ts';
import { startForgeServer } from '../../tests/support/relay/forge-server.ts';
import { SECRETS } from '../../tests/support/relay/recordings.ts';
import { relayFile } from '../../tests/support/relay/relay-process.ts';
import { temporaryDirectory } from '../../tests/support/relay/temporary.ts';
import type { Io } from './io.ts';
import { relayCommand, relayRequestCommand } from './relay.ts';

/** A tracker, a forge and the command with their addresses; `heard` resolves with the first line that matches. */
async function createFixture() {
  const stack = new AsyncDisposableStack();
  const directory = stack.use(temporaryDirectory());
  const forge = stack.use(await startForgeServer());
  const plane = stack.use(await startPlaneServer({ retryDelayMs: 50 }));
  const config = join(directory.path, 'relay.yml');
  await writeFile(config, relayFile({ directory: directory.path, plane, forgeUrl: forge.url }));
  const stop = new AbortController();
  const printed: string[] = [];
  const env = {
    CONVEYOR_RELAY_CONFIG: config,
    CONVEYOR_RELAY_TRACKER_TOKEN: plane.token,
    CONVEYOR_RELAY_FORGE_TOKEN: 'forge-token',
    CONVEYOR_RELAY_WEBHOOK_SECRET: SECRETS.main,
  };
  const print = (text: string) => void printed.push(text);
  const io: Io = { env, pid: process.pid, print, tell: print, isTerminal: false, signal: stop.signal };
  const heard = async (pattern: RegExp): Promise<RegExpExecArray> => {
    for (const limit = Date.now() + 20_000; Date.now() < limit; await new Promise((done) => setTimeout(done, 20))) {
      const match = pattern.exec(printed.join('\n'));
      if (match !== null) return match;
    }
    throw new Error(`never heard ${pattern} in:\n${printed.join('\n')}`);
  };
  return { forge, plane, config, io, stop, heard, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

describe('conveyor relay', () => {
  it('starts the event run of a move on the board at the forge of its repository, and ends well when asked to', async () => {
    await using fixture = await createFixture();
    const { plane, forge, io, stop, heard } = fixture;
    const ended = relayCommand({}, io);
    const port = (await heard(/listens on 127\.0\.0\.1:(\d+)/))[1];
    plane.setWebhook({ url: `http://127.0.0.1:${port}/webhook/plane`, secret: SECRETS.main });
    await expect
      .poll(
        async () =>
          ((await (await fetch(`http://127.0.0.1:${port}/status`)).json()) as { degraded: unknown[] }).degraded,
        { timeout: 20_000 },
      )
      .toEqual([]);
    const issue = plane.createIssue({ name: 'CSV export', description: '<p>As a user I want my tracks as CSV.</p>' });
    await plane.webhookIdle();
    plane.moveIssue('ada', issue.id, 'To Analyse');
    await expect
      .poll(() => forge.runs, { timeout: 20_000 })
      .toMatchObject([
        { repository: 'acme/gpx', envelopes: [{ new_key: 'to_analyse', item: { title: 'CSV export' } }] },
      ]);
    expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200);
    expect(await relayRequestCommand({}, { kind: 'redrive', key: null }, io)).toBe(0);
    stop.abort();
    expect(await ended).toBe(0);
    await expect(fetch(`http://127.0.0.1:${port}/health`)).rejects.toThrow('fetch failed');
  });

  it('O-C-10: a file that cannot be used is wrong usage', async () => {
    await using fixture = await createFixture();
    await writeFile(fixture.config, 'version: 7\n');
    await expect(relayCommand({ config: fixture.config }, fixture.io)).rejects.toMatchObject({
      name: 'ConfigError',
      code: 'RELAY_CONFIG',
    });
  });
});
