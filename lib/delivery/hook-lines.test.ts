import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseHookLines } from './hook-lines.ts';

const result = {
  event: 'result',
  deploy_id: 'ET-12.2.1.production',
  state: 'ok',
  running: 'sha256:9f3c',
  previous: null,
};

describe('machine lines of the hook', () => {
  it('are read in order; other lines are log', () => {
    const { events, warnings } = parseHookLines(
      [
        '[2026-01-20T10:20:05Z] text',
        '::conveyor {"event":"previous","digest":"sha256:41aa"}',
        `::conveyor ${JSON.stringify(result)}`,
      ].join('\r\n'),
    );
    expect(events).toEqual([{ event: 'previous', digest: 'sha256:41aa' }, result]);
    expect(warnings).toEqual([]);
  });

  it.each([
    ['not JSON', '::conveyor {', 'not JSON'],
    ['an unknown event', '::conveyor {"event":"approve"}', 'event'],
    ['an unknown state', `::conveyor ${JSON.stringify({ ...result, state: 'fine' })}`, 'state'],
    ['a missing field', '::conveyor {"event":"health","attempt":1}', 'http'],
    ['a list where a text is due', '::conveyor {"event":"previous","digest":["x"]}', 'digest'],
    ['too long', `::conveyor {"event":"previous","digest":"${'x'.repeat(20_000)}"}`, 'longer than 16384'],
    [
      'more discarded paths than allowed',
      `::conveyor ${JSON.stringify({ event: 'hygiene', dirty: 21, discarded: Array(21).fill('x') })}`,
      'discarded',
    ],
  ])('a hostile line is ignored with a warning: %s', (_what, line, text) => {
    const { events, warnings } = parseHookLines(line);
    expect(events).toEqual([]);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(text);
  });

  it('a line that only looks like one is log', () => {
    expect(parseHookLines(` ::conveyor ${JSON.stringify(result)}\n::conveyor: x\n::set-output name=a::b`)).toEqual({
      events: [],
      warnings: [],
    });
  });

  it('a flood of lines ends at 1000 events and 20 warnings', () => {
    const flood = parseHookLines('::conveyor {"event":"previous","digest":null}\n'.repeat(5000));
    expect(flood.events).toHaveLength(1000);
    expect(parseHookLines('::conveyor x\n'.repeat(5000)).warnings).toHaveLength(20);
  });

  it('never throws, and prototype keys do no harm', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void parseHookLines(`::conveyor ${text}`)));
    expect(parseHookLines('::conveyor {"event":"previous","digest":null,"__proto__":{"polluted":1}}').events).toEqual([
      { event: 'previous', digest: null },
    ]);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});
