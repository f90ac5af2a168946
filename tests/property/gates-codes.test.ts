import { describe, expect, it } from 'vitest';
import { Verdict } from '../../lib/pipeline/verdict.ts';
import { GATE_CODES } from '../../lib/gates/all-codes.ts';
import { GATES } from '../../lib/pipeline/stages.ts';
import { CASES } from './gates-cases.ts';

describe.each(GATES)('gate %s', (gate) => {
  const own = CASES.filter((one) => one.gate === gate);

  it.each(own.map((one) => [one.rule, one.name, one.code, one.verdict, one.judge] as const))(
    '%s: %s → %s',
    (_rule, _name, code, verdict, judge) => {
      const given = judge();
      expect(`${given.verdict} ${given.code}: ${given.text}`).toContain(`${verdict} ${code}:`);
      expect(given.gate).toBe(gate);
      expect(Verdict.safeParse(given).success).toBe(true);
      const row = GATE_CODES[gate].find((candidate) => candidate.code === code && candidate.verdict === verdict);
      expect({ action: given.action, class: given.class }).toEqual({ action: row?.action, class: row?.class });
      expect(Array.from(given.text).length).toBeLessThanOrEqual(400);
      expect(given.text).not.toMatch(/[\r\n]/);
      if (verdict === 'fail') expect(given.findings).not.toBeNull();
      expect(() => JSON.stringify(given)).not.toThrow();
    },
  );

  it('has a case for every row of its table, and no row twice', () => {
    const rows = GATE_CODES[gate].map((row) => `${row.verdict} ${row.code}`);
    expect(new Set(rows).size).toBe(rows.length);
    expect(new Set(own.map((one) => `${one.verdict} ${one.code}`))).toEqual(new Set(rows));
  });
});
