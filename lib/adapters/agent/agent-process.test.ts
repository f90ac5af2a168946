import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openWorkspace } from '../../../tests/support/agents/workspace.ts';
import { runAgentProcess } from './agent-process.ts';
import { createLineSplitter } from './lines.ts';
import { openTranscript } from './transcript.ts';

const now = (): Date => new Date('2026-06-05T12:00:00Z');
const never = new AbortController().signal;

describe('lines of output', () => {
  it('law: lines are the same however the output was cut into chunks', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a-z\r]{0,5}\n?$/), { maxLength: 20 }), (chunks) => {
        const seen: string[] = [];
        const splitter = createLineSplitter((line) => seen.push(line));
        for (const chunk of chunks) splitter.push(chunk);
        splitter.end();
        const whole = chunks.join('');
        const expected = whole === '' ? [] : whole.replace(/\n$/, '').split('\n');
        const ended = whole.endsWith('\n');
        expect(seen).toEqual(
          expected.map((line, index) => (index < expected.length - 1 || ended ? line.replace(/\r$/, '') : line)),
        );
      }),
    );
  });

  it('output without line ends does not pile up', () => {
    const sizes: number[] = [];
    const splitter = createLineSplitter((line) => sizes.push(line.length));
    for (let index = 0; index < 5; index += 1) splitter.push('x'.repeat(700_000));
    splitter.end();
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1024 * 1024);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(3_500_000);
  });
});

describe('transcript', () => {
  it('AG-LOG-3: beyond its size the middle is left out with a mark, the first and the last lines stay', async () => {
    await using space = await openWorkspace();
    const path = join(space.folder, 't.ndjson');
    const transcript = openTranscript({ path, redact: (text) => text, now, limitBytes: 4000 });
    for (let index = 0; index < 500; index += 1) transcript.write(`line ${index}\n`, 'stdout');
    transcript.write('{"type":"result"}', 'stdout');
    transcript.close();
    const text = await readFile(path, 'utf8');
    expect(text.length).toBeLessThan(4200);
    const lines = text
      .trimEnd()
      .split('\n')
      .map((row) => (JSON.parse(row) as { line: string }).line);
    expect(lines[0]).toBe('line 0');
    expect(lines.at(-1)).toBe('{"type":"result"}');
    const mark = lines.findIndex((line) => line.includes('lines left out'));
    const kept = lines.filter((line) => line.startsWith('line ')).length;
    expect(lines[mark]).toBe(`… ${500 - kept} lines left out …`);
  });

  it('AG-LOG-4: a secret cut by chunks is redacted all the same', async () => {
    await using space = await openWorkspace();
    const path = join(space.folder, 't.ndjson');
    const transcript = openTranscript({ path, redact: (text) => text.replaceAll('sk-secret', '***'), now });
    transcript.write('key sk-se', 'stderr');
    transcript.write('cret end\n', 'stderr');
    transcript.close();
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({
      at: '2026-06-05T12:00:00.000Z',
      source: 'stderr',
      line: 'key *** end',
    });
  });
});

describe('status lines', () => {
  it('AG-LOG-6: once a minute the log says how long the agent works and when it was last heard of', async () => {
    await using space = await openWorkspace();
    let time = now().getTime();
    let rounds = 0;
    const stop = new AbortController();
    const clock = {
      now: () => new Date(time),
      sleep: async (ms: number, signal?: AbortSignal): Promise<void> => {
        rounds += 1;
        if (rounds <= 2) time += ms;
        else {
          stop.abort();
          await new Promise<void>((resolve) =>
            signal?.aborted === true ? resolve() : signal?.addEventListener('abort', () => resolve()),
          );
        }
      },
    };
    const argv = [process.execPath, '-e', 'setInterval(() => {}, 1000)'];
    const ran = await runAgentProcess({ ...space.runtime, clock }, space.spec, { argv }, stop.signal);
    expect(ran.process.ended).toBe('aborted');
    expect(space.lines).toEqual(['| 1m 00s · last event 60s ago', '| 2m 00s · last event 120s ago']);
  });

  it('without a log there are none and the run ends all the same', async () => {
    await using space = await openWorkspace();
    const { log: _log, ...runtime } = space.runtime;
    expect((await runAgentProcess(runtime, space.spec, { argv: ['true'] }, never)).process.code).toBe(0);
  });
});
