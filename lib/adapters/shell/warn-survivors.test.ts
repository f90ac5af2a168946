import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import type { ShellPort, ShellSpec } from '../../ports/shell.ts';
import { createShell } from './process.ts';
import { warnOfSurvivors } from './warn-survivors.ts';

const spec: ShellSpec = {
  argv: ['true'],
  cwd: tmpdir(),
  env: { PATH: process.env['PATH'] ?? '' },
  timeoutMs: 10_000,
  graceMs: 1000,
};

/** A shell that really runs the program and then finds these processes alive: an unkillable one cannot be made to order. */
const leaving = (survivors: readonly number[]): ShellPort => ({
  run: async (given) => ({ ...(await createShell().run(given)), survivors }),
});

async function warningsOf(shell: ShellPort) {
  const warnings: string[] = [];
  const result = await warnOfSurvivors(shell, { warn: (text) => warnings.push(text) }).run(spec);
  return { warnings, result };
}

describe('AG-TIME-3: kill-incomplete', () => {
  it('a process that outlived SIGKILL is a warning with program and process ids, and the result is untouched', async () => {
    const { warnings, result } = await warningsOf(leaving([4711, 4712]));
    expect(warnings).toEqual([expect.stringMatching(/^kill-incomplete: true left .* 4711, 4712\./)]);
    expect(result).toMatchObject({ code: 0, survivors: [4711, 4712] });
  });

  it('a clean end says nothing', async () => {
    expect((await warningsOf(createShell())).warnings).toEqual([]);
    expect((await warningsOf(leaving([]))).warnings).toEqual([]);
  });
});
