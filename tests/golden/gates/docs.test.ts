import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { GATE_CODES } from '../../../lib/gates/all-codes.ts';
import { fillBlock, renderCodes, renderInputs } from '../../../lib/gates/documentation.ts';
import { ALONE_INPUTS } from '../../../lib/kit/actions-gates.ts';
import { GATES } from '../../../lib/pipeline/stages.ts';
import { GateInputs } from '../../../lib/steps/gate/inputs.ts';

describe.each(GATES)('docs/gates/%s.md', (gate) => {
  const text = readFileSync(new URL(`../../../docs/gates/${gate}.md`, import.meta.url), 'utf8');

  it('shows the codes the gate can give and the inputs it takes: "npm run docs" writes both', () => {
    expect(fillBlock(text, 'codes', renderCodes(GATE_CODES[gate]))).toBe(text);
    expect(fillBlock(text, 'inputs', renderInputs(ALONE_INPUTS[gate]))).toBe(text);
  });

  it('the table of inputs names exactly what the gate parses', () => {
    expect(Object.keys(ALONE_INPUTS[gate]).toSorted()).toEqual(Object.keys(GateInputs[gate].shape).toSorted());
  });

  it('the defaults that the table states are the ones the gate uses', () => {
    const parsed = GateInputs[gate].partial().parse({}) as Record<string, unknown>;
    for (const [name, meaning] of Object.entries(ALONE_INPUTS[gate])) {
      const stated = /(?:^|; )(?:default (\d+|true|false)|(true|false|merge) \(default\))/.exec(meaning);
      if (stated !== null) expect(String(parsed[name]), `${gate}.${name}`).toBe(stated[1] ?? stated[2]);
    }
  });

  it('says what it guarantees, when it fails and what happens when it cannot judge', () => {
    for (const heading of ['## What a pass guarantees', '## When it does not pass', '## What happens when it cannot judge', '## Codes', '## Alone, in any workflow'])
      expect(text.split(heading)).toHaveLength(2);
  });
});

describe('fillBlock', () => {
  it.each(['no marks', '<!-- a -->', '<!-- /a --> <!-- a -->', '<!-- a --> <!-- a --> <!-- /a -->'])('refuses %s', (text) => {
    expect(() => fillBlock(text, 'a', 'x')).toThrow(/must stand once each/);
  });
});
