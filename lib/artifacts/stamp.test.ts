import { describe, expect, it } from 'vitest';
import { readBackFault, stamp, type StampValues } from './stamp.ts';
import { trustFault } from './trust.ts';

const values: StampValues = {
  item: 'ET-12',
  round: 2,
  commit: '4f0d2c7a'.repeat(5),
  subject: '1234567e10'.repeat(4),
  runId: 4812,
  writtenBy: 'reviewer',
  at: new Date('2026-06-05T12:47:48.500Z'),
};
const stamped = (text: string) => {
  const result = stamp(text, '12-review.md', values);
  return result.ok ? result.text : result.code;
};

describe('stamp', () => {
  it("AR-FM-12 (case 12): an agent's version, commit and writer are overwritten; unknown keys, comments and body stay (case 11)", () => {
    const text =
      '---\nversion: 99\ncommit: abc # mine\nverdict: APPROVED\nnested: {a: [1, 2]} # keep\nwritten_by: me\n---\nbody\r\n--- x\n';
    expect(stamped(text)).toBe(
      [
        '---',
        'version: 2',
        `commit: ${values.commit} # mine`,
        'verdict: APPROVED',
        'nested: {a: [1, 2]} # keep',
        'written_by: reviewer',
        'type: review',
        'work_item_id: ET-12',
        `patch_id: ${values.subject}`,
        'run_id: 4812',
        'timestamp: 2026-06-05T12:47:48Z',
        '---',
        'body\r\n--- x\n',
      ].join('\n'),
    );
    expect(stamped(stamped(text))).toBe(stamped(text));
  });

  it('AR-FM-11 (case 10): a hash of digits stays a string', () => {
    const result = stamp('---\nverdict: APPROVED\n---\n', '12-review.md', { ...values, subject: '1'.repeat(40) });
    expect(result.ok && result.text).toContain(`patch_id: "${'1'.repeat(40)}"`);
  });

  it("AR-FM-12: a padded id is the same item and gets the ledger's spelling", () => {
    expect(stamped('---\nwork_item_id: ET-012\nverdict: APPROVED\n---\n')).toContain('work_item_id: ET-12\n');
  });

  it.each([
    ['---\nwork_item_id: ET-9\n---\n', 'art.foreign'],
    ['---\nwork_item_id: [ET-12]\n---\n', 'art.foreign'],
    ['---\ntype: test-report\n---\n', 'art.wrong_type'],
    ['APPROVED\n', 'fm.absent'],
    ['---\nVersion: 3\n---\n', 'fm.duplicate_key'],
  ])('AR-FM-12: %j is refused, not repaired', (text, code) => {
    expect(stamped(text)).toBe(code);
  });
});

describe('read back and trust', () => {
  it('AR-VAL-1: only identical bytes are the verdict', () => {
    expect(readBackFault(Buffer.from('a'), Buffer.from('a'))).toBeNull();
    expect(readBackFault(Buffer.from('a'), Buffer.from('b'))?.code).toBe('art.readback');
    expect(readBackFault(Buffer.from('a'), null)?.code).toBe('art.readback');
  });

  it.each([
    [null, null, 'art.missing'],
    [null, { blob: 'b'.repeat(40) }, 'art.untrusted'],
    [{ blob: 'a'.repeat(40), round: 2 }, null, 'art.untrusted'],
    [{ blob: 'a'.repeat(40), round: 2 }, { blob: 'b'.repeat(40) }, 'art.untrusted'],
    [{ blob: 'a'.repeat(40), round: 1 }, { blob: 'a'.repeat(40) }, 'art.stale'],
    [{ blob: 'a'.repeat(40), round: 2 }, { blob: 'a'.repeat(40) }, undefined],
  ])('AR-VAL-2 (cases 15, 17): record %j, head %j → %s', (record, head, code) => {
    expect(trustFault('12-review.md', record, head, 2)?.code).toBe(code);
  });
});
