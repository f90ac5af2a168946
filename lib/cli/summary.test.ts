import { describe, expect, it } from 'vitest';
import type { JournalLine } from '../ledger/codec.ts';
import { summarise } from './summary.ts';

const line = (second: number, after: string, more: Partial<JournalLine> = {}): string =>
  JSON.stringify({
    seq: second,
    at: `2026-01-20T10:00:${String(second).padStart(2, '0')}.000Z`,
    by: '1',
    event: 'x',
    rule: 'r',
    text: '',
    before: 'created/queued',
    after,
    effects: [],
    receipts: [],
    config: null,
    ...more,
  });

describe('summary of a journal', () => {
  it('adds the time between lines to the stage the item was in, over all entries of the stage', () => {
    const journal = [
      line(0, 'analysis/dispatched', { effects: ['dispatch:a', 'tracker-status'] }),
      line(1, 'analysis/dispatched', { event: 'receipts', receipts: ['dispatch:a'] }),
      line(3, 'analysis/waiting(approval)'),
      line(10, 'development/dispatched', { effects: ['dispatch:b'] }),
      line(12, 'review/dispatched', { effects: ['dispatch:c'] }),
      line(13, 'development/dispatched', { effects: ['dispatch:d'] }),
      line(17, 'done/settled'),
    ].join('\n');
    expect(summarise(`${journal}\n`)).toEqual({
      stages: [
        { stage: 'analysis', seconds: 10, attempts: 1 },
        { stage: 'development', seconds: 6, attempts: 2 },
        { stage: 'review', seconds: 1, attempts: 1 },
        { stage: 'done', seconds: 0, attempts: 0 },
      ],
      decisions: 6,
      effects: 5,
      receipts: 1,
    });
  });

  it('a torn line and lines of another shape are not counted', () => {
    const whole = line(0, 'analysis/dispatched');
    expect(summarise(`${whole}\n{"seq":2}\n${whole.slice(0, 30)}`)).toMatchObject({ decisions: 1 });
    expect(summarise('')).toEqual({ stages: [], decisions: 0, effects: 0, receipts: 0 });
  });
});
