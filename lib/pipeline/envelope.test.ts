import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  correlationOf,
  type Envelope,
  fitDispatch,
  LIMITS,
  parseEvents,
  renderEvents,
  shortTitle,
} from './envelope.ts';

const envelope = (title: string): Envelope => ({
  v: 1,
  correlation: 'cv-aaaaaaaaaa',
  kind: 'tracker.state',
  source: 'plane',
  via: 'webhook',
  repo: 'acme/gpx',
  project: 'p',
  item: { id: 'ET-12', tracker_id: 't', seq: 12, title },
  field: 'state',
  old_key: 'backlog',
  new_key: 'to_analyse',
  current_key: 'to_analyse',
  updated_at: '2026-05-04T10:11:12.345Z',
  actor: { id: 'a', role: null },
  delivery: 'd',
  received_at: '2026-05-04T10:11:13Z',
  enriched: true,
});

describe('envelope', () => {
  it('RL-RLY-22: the correlation is cv- and ten base32 characters of the key, the same each time', () => {
    const key = '00443214c74254b635cf84653a56d7c675be77df00443214c74254b635cf8465';
    expect(correlationOf(key)).toBe('cv-abcdefghij');
    expect(correlationOf('f'.repeat(64))).toBe('cv-7777777777');
  });

  it('RL-RLY-19: an envelope stays below 16 KiB whatever the title', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 3000 }), (title) => {
        const short = shortTitle(title);
        expect(Buffer.byteLength(JSON.stringify(envelope(short)))).toBeLessThanOrEqual(LIMITS.envelopeBytes);
        expect([...short].length).toBeLessThanOrEqual(500);
        expect(short.isWellFormed()).toBe(title.isWellFormed());
      }),
    );
  });

  it('RL-RLY-20: a dispatch holds the longest head of 1-20 envelopes within 48 KiB', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 500 }), { minLength: 1, maxLength: 60 }),
        fc.constantFrom('x', 'щ', '😀'),
        (lengths, letter) => {
          const all = lengths.map((length) => envelope(letter.repeat(length)));
          const taken = fitDispatch(all, (item) => item);
          expect(taken).toEqual(all.slice(0, taken.length));
          expect(taken.length).toBeGreaterThanOrEqual(1);
          expect(taken.length).toBeLessThanOrEqual(20);
          expect(Buffer.byteLength(renderEvents(taken))).toBeLessThanOrEqual(LIMITS.eventsBytes);
          const more = all.slice(0, taken.length + 1);
          if (more.length > taken.length && more.length <= 20)
            expect(Buffer.byteLength(renderEvents(more))).toBeGreaterThan(LIMITS.eventsBytes);
        },
      ),
    );
  });

  it('what is rendered is parsed again', () => {
    expect(parseEvents(renderEvents([envelope('GPX upload')]))).toEqual({
      ok: true,
      envelopes: [envelope('GPX upload')],
    });
  });

  it.each([
    '',
    'x',
    '[]',
    '{}',
    '[{}]',
    JSON.stringify([{ ...envelope('x'), extra: 1 }]),
    JSON.stringify(Array(21).fill(envelope('x'))),
  ])('a wrong input is an error, not an event: %.40s', (text) => {
    expect(parseEvents(text)).toMatchObject({ ok: false });
  });
});
