import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { STAGE_TABLE } from '../pipeline/stages.ts';
import { ACTIONS, actionRow, renderActionYaml } from './actions.ts';

describe('table of actions', () => {
  it('every step of the stage table has a row, and no row is unused', () => {
    const steps = STAGE_TABLE.flatMap((row) => row.jobs.flatMap((job) => job.steps));
    expect(ACTIONS.map((row) => row.folder)).toEqual(expect.arrayContaining(steps));
    expect(new Set(ACTIONS.map((row) => row.folder)).size).toBe(ACTIONS.length);
  });

  it('a step that no row describes is refused', () => {
    expect(() => actionRow('gate-unheard-of')).toThrow(/gate-unheard-of/);
  });

  it.each(ACTIONS)('$folder: action.yml parses and points at its bundle', (row) => {
    const action = parse(renderActionYaml(row)) as {
      inputs: object;
      outputs: object;
      runs: { main: string; using: string };
    };
    expect(action.runs).toEqual({ using: 'node24', main: `../../dist/${row.folder}.mjs` });
    expect(Object.keys(action.inputs)).toEqual([...row.required, ...row.optional, ...Object.keys(row.alone ?? {})]);
    expect(Object.keys(action.outputs)).toEqual(['result', ...Object.keys(row.outputs ?? {})]);
  });
});
