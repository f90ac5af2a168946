import { describe, expect, it } from 'vitest';
import { read, unreadable } from './fact.ts';
import type { CommandEnd, TestRun } from './test-run.ts';
import { classifyTestRun, pathsOfCommand } from './test-run.ts';

const ended = (end: Partial<CommandEnd>): CommandEnd => ({ code: null, signal: null, ended: null, output: '', ...end });
const run = (end: Partial<CommandEnd> | null, more: Partial<TestRun> = {}): TestRun => ({
  command: 'npm test',
  timeoutS: 900,
  end: end === null ? null : ended(end),
  junit: [],
  removed: [],
  smoke: [],
  ...more,
});
const junit = (total: number, failed: number, skipped = 0) =>
  read({ total, failed, skipped, failures: Array.from({ length: failed }, (_, index) => `suite › test ${index}`) });

describe('classifyTestRun', () => {
  it.each<[string, TestRun, string]>([
    ['G-TST-1: exit 0 is PASS', run({ code: 0 }), 'PASS'],
    ['G-TST-1: exit 0 with agreeing JUnit is PASS', run({ code: 0 }, { junit: [junit(3, 0)] }), 'PASS'],
    ['G-TST-1: smoke 200 is PASS', run({ code: 0 }, { smoke: [{ url: 'u', status: 200 }] }), 'PASS'],
    ['G-TST-2: exit 1 is FAIL', run({ code: 1 }), 'FAIL'],
    ['G-TST-2: exit 255 is FAIL', run({ code: 255 }), 'FAIL'],
    ['G-TST-2: a JUnit failure beats exit 0', run({ code: 0 }, { junit: [junit(3, 1)] }), 'FAIL'],
    ['G-TST-2: no test ran', run({ code: 0 }, { junit: [junit(0, 0)] }), 'FAIL'],
    ['G-TST-2: every test was skipped', run({ code: 0 }, { junit: [junit(4, 0, 4)] }), 'FAIL'],
    ['G-TST-2: the change removes the test script', run({ code: 127 }, { removed: ['scripts/test.sh'] }), 'FAIL'],
    ['G-TST-2: smoke 500 is FAIL', run({ code: 0 }, { smoke: [{ url: 'u', status: 500 }] }), 'FAIL'],
    ['G-TST-2: a redirect is not 200', run({ code: 0 }, { smoke: [{ url: 'u', status: 302 }] }), 'FAIL'],
    ['G-TST-3: spawn error', run({ ended: 'spawn' }), 'tool-error'],
    ['G-TST-3: 126', run({ code: 126 }), 'tool-error'],
    ['G-TST-3: 127', run({ code: 127 }), 'tool-error'],
    ['G-TST-3: 137', run({ code: 137 }), 'tool-error'],
    ['G-TST-3: 143', run({ code: 143 }), 'tool-error'],
    ['G-TST-3: foreign signal', run({ signal: 'SIGKILL' }), 'tool-error'],
    ['G-TST-3: ended from outside', run({ ended: 'aborted' }), 'tool-error'],
    ['G-TST-3: full disk', run({ code: 1, output: 'write: No space left on device' }), 'tool-error'],
    ['G-TST-3: time-out', run({ ended: 'timeout', signal: 'SIGTERM' }), 'timeout'],
    ['G-TST-3: no end at all', run(null), 'tool-error'],
    ['G-TST-3: neither code nor signal', run({}), 'tool-error'],
    ['G-GEN-1: red JUnit beats a time-out', run({ ended: 'timeout' }, { junit: [junit(9, 2)] }), 'FAIL'],
    ['G-GEN-1: red JUnit beats a kill', run({ code: 137 }, { junit: [junit(9, 2)] }), 'FAIL'],
    ['G-GEN-1: green JUnit does not save a time-out', run({ ended: 'timeout' }, { junit: [junit(9, 0)] }), 'timeout'],
    [
      'G-GEN-1: red smoke beats a silent one',
      run(
        { code: 0 },
        {
          smoke: [
            { url: 'a', status: null },
            { url: 'b', status: 503 },
          ],
        },
      ),
      'FAIL',
    ],
    [
      'no connection to a smoke address is infrastructure',
      run({ code: 0 }, { smoke: [{ url: 'u', status: null }] }),
      'tool-error',
    ],
    ['an unreadable JUnit file never passes', run({ code: 0 }, { junit: [unreadable('not XML')] }), 'tool-error'],
    ['an empty command has no producer', run({ code: 0 }, { command: '  ' }), 'no-command'],
  ])('%s', (_name, given, expected) => {
    const outcome = classifyTestRun(given);
    expect(outcome.kind === 'ran' ? outcome.result : outcome.kind).toBe(expected);
  });

  it('a red carries the names of the tests and the end of the output', () => {
    const outcome = classifyTestRun(
      run({ code: 1, output: 'x\n'.repeat(500) + 'AssertionError: 1 != 2' }, { junit: [junit(3, 2)] }),
    );
    expect(outcome).toMatchObject({ kind: 'ran', result: 'FAIL', total: 3, failed: 2, exitCode: 1 });
    const findings = outcome.kind === 'ran' ? (outcome.findings ?? '') : '';
    expect(findings).toContain('suite › test 1');
    expect(findings).toContain('AssertionError: 1 != 2');
    expect(findings.split('\n').length).toBeLessThan(130);
  });
});

describe('pathsOfCommand', () => {
  it.each([
    ['npm test', []],
    ['./scripts/test.sh --fast && node tests/run.ts', ['scripts/test.sh', 'tests/run.ts']],
    ['bash "ci/run.sh"; pytest', ['ci/run.sh']],
    ['NODE_ENV=test node --import=./x.mjs /usr/bin/tool $HOME/a.sh tests/*.ts', []],
  ])('finds the files that %s names', (command, paths) => {
    expect(pathsOfCommand(command)).toEqual(paths);
  });
});
