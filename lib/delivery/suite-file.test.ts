import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSuiteFile } from './suite-file.ts';

const file = (over: object = {}) => ({
  schema: 'conveyor/staging-suite@1',
  revision: '4be1',
  nonce: 'n1',
  checks: [{ id: 'A1', block: 'smoke', title: 't', status: 'pass', detail: 'HTTP 200' }],
  ...over,
});

describe('the result file of a staging suite', () => {
  it('with the nonce of this run is proof', () => {
    expect(parseSuiteFile(JSON.stringify(file()), 'n1')).toEqual({
      kind: 'proof',
      revision: '4be1',
      checks: [{ id: 'A1', block: 'smoke', title: 't', status: 'pass', detail: 'HTTP 200' }],
      faults: [],
    });
  });

  it.each([
    ['nothing', null, 'absent'],
    ['no JSON', '{"schema":', 'no-proof'],
    ['another nonce', JSON.stringify(file({ nonce: 'n0' })), 'no-proof'],
    ['no nonce', JSON.stringify(file({ nonce: undefined })), 'no-proof'],
    ['another schema', JSON.stringify(file({ schema: 'x' })), 'no-proof'],
    ['no list of checks', JSON.stringify(file({ checks: 'all fine' })), 'no-proof'],
  ])('%s proves nothing', (_what, text, kind) => {
    expect(parseSuiteFile(text, 'n1').kind).toBe(kind);
  });

  it('malformed and duplicate records are faults, not dropped', () => {
    const check = { id: 'A1', status: 'pass' };
    const parsed = parseSuiteFile(
      JSON.stringify(file({ checks: [check, { ...check, status: 'fail' }, { id: 'A2', status: 'ok' }, 7] })),
      'n1',
    );
    expect(parsed).toMatchObject({ kind: 'proof', checks: [{ id: 'A1', status: 'pass' }] });
    expect(parsed.kind === 'proof' && parsed.faults).toHaveLength(3);
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void parseSuiteFile(text, 'n1')));
  });
});
