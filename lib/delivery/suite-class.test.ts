import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HookOutcome } from './hook-outcome.ts';
import { classifyBuild, classifyStagingHook, classifySuite } from './suite-class.ts';
import type { SuiteCheck, SuiteFile } from './suite-file.ts';
import { foldSuite, renderSuiteVerdict } from './suite-fold.ts';

const policy = { waivable: ['C9a', 'C9b'], strict: false, infra_tolerance: true };
const check = (id: string, status: SuiteCheck['status'] = 'pass'): SuiteCheck => ({
  id,
  block: '',
  title: '',
  status,
  detail: '',
});
const green = [check('A1'), check('A2')];
const proof = (checks: readonly SuiteCheck[], faults: readonly string[] = []): SuiteFile => ({
  kind: 'proof',
  revision: 'r',
  checks,
  faults,
});
const ran = (code: number | null, output = '', ended: 'timeout' | 'aborted' | 'spawn' | null = null) => ({
  code,
  signal: code === null && ended === null ? 'SIGKILL' : null,
  ended,
  output,
});
const absent: SuiteFile = { kind: 'absent' };

describe('G-STG-4: the fold', () => {
  it.each([
    ['all passed', green, [], 0, policy, 'SUCCESS', [], []],
    [
      'only waivable failed',
      [...green, check('C9a', 'fail'), check('C9b', 'skip')],
      [],
      1,
      policy,
      'SUCCESS',
      [],
      ['C9a', 'C9b'],
    ],
    ['the same, strict', [...green, check('C9a', 'fail')], [], 1, { ...policy, strict: true }, 'FAILED', ['C9a'], []],
    [
      'the same, tolerance off',
      [...green, check('C9a', 'fail')],
      [],
      1,
      { ...policy, infra_tolerance: false },
      'FAILED',
      ['C9a'],
      [],
    ],
    [
      'a real one failed',
      [...green, check('B4', 'fail'), check('C9a', 'fail')],
      [],
      1,
      policy,
      'FAILED',
      ['B4'],
      ['C9a'],
    ],
    ['a skip is a failure', [...green, check('B4', 'skip')], [], 1, policy, 'FAILED', ['B4'], []],
    ['an id that only starts like a waivable one', [check('C9aa', 'fail')], [], 1, policy, 'FAILED', ['C9aa'], []],
    ['no checks', [], [], 0, policy, 'FAILED', ['suite'], []],
    ['a fault in the records', green, ['record 3 is malformed'], 0, policy, 'FAILED', ['suite'], []],
    ['exit 0 although a check failed', [...green, check('C9a', 'fail')], [], 0, policy, 'FAILED', ['C9a'], []],
    ['exit 1 although all passed', green, [], 1, policy, 'FAILED', ['suite'], []],
  ] as const)('%s', (_what, checks, faults, exit, rules, status, failed, waived) => {
    expect(foldSuite(checks, faults, exit, rules)).toMatchObject({ status, failed, waived });
  });

  it('law: SUCCESS means that every check passed or is waivable', () => {
    const checks = fc.array(
      fc.record({
        id: fc.constantFrom('A1', 'A2', 'B4', 'C9a', 'C9b'),
        status: fc.constantFrom('pass', 'fail', 'skip'),
      }),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(
        checks,
        fc.constantFrom(0, 1, 2, null),
        fc.boolean(),
        fc.boolean(),
        (rows, exit, strict, tolerance) => {
          const records = rows.map(({ id, status }) => check(id, status as SuiteCheck['status']));
          const verdict = foldSuite(records, [], exit, { ...policy, strict, infra_tolerance: tolerance });
          const excused = strict || !tolerance ? [] : policy.waivable;
          if (verdict.status === 'SUCCESS')
            expect(records.every(({ id, status }) => status === 'pass' || excused.includes(id))).toBe(true);
          else expect(verdict.failed.length).toBeGreaterThan(0);
          expect(verdict.checks.passed + records.filter(({ status }) => status !== 'pass').length).toBe(
            verdict.checks.total,
          );
        },
      ),
    );
  });

  it('the log lines are those of the specification', () => {
    const checks = [...Array.from({ length: 8 }, (_, n) => check(`A${n}`)), check('C9a', 'fail'), check('C9b', 'fail')];
    expect(renderSuiteVerdict(foldSuite(checks, [], 1, policy))).toBe(
      'INFRA-WAIVED: C9a, C9b\nVERDICT: SUCCESS (8/10 PASS)',
    );
    expect(renderSuiteVerdict(foldSuite(green, [], 1, policy))).toBe(
      'FAILED: suite (exit code 1 although every check passed)\nVERDICT: FAILED (2/2 PASS)',
    );
  });
});

describe('class of a run of the suite', () => {
  it.each([
    ['G-STG-1: proof, green', ran(0), proof(green), 'suite-ran', 'SUCCESS'],
    [
      'G-STG-1: proof is looked at before any mark in the output',
      ran(0, 'Connection refused, retried'),
      proof(green),
      'suite-ran',
      'SUCCESS',
    ],
    [
      'G-GEN-1: red, then a time-out in the cleanup: red counts',
      ran(null, '', 'timeout'),
      proof([check('B4', 'fail')]),
      'suite-ran',
      'FAILED',
    ],
    ['red, then exit 2: red counts', ran(2), proof([check('B4', 'fail')]), 'suite-ran', 'FAILED'],
    ['green, then a time-out: not judged', ran(null, '', 'timeout'), proof(green), 'transient-infra', 'STG_TRANSIENT'],
    ['green, then exit 2: not staging', ran(2), proof(green), 'permanent-env', 'STG_ENV'],
    [
      'G-STG-7: proof of another revision',
      ran(0),
      { ...proof(green), revision: 'old' },
      'transient-infra',
      'STG_WRONG_REVISION',
    ],
    [
      'red of another revision is not this item’s red',
      ran(1),
      { ...proof([check('B4', 'fail')]), revision: 'old' },
      'transient-infra',
      'STG_WRONG_REVISION',
    ],
    ['G-STG-1: a plain command, exit 0', ran(0), absent, 'suite-ran', 'SUCCESS'],
    ['G-STG-1: a plain command, exit 1', ran(1), absent, 'suite-ran', 'FAILED'],
    [
      'G-STG-1: a plain command with a mark is not judged',
      ran(0, 'Connection refused'),
      absent,
      'transient-infra',
      'STG_TRANSIENT',
    ],
    ['another run’s file proves nothing', ran(0), { kind: 'no-proof', text: 'x' }, 'transient-infra', 'STG_TRANSIENT'],
    ['G-STG-2: not found', ran(null, 'ENOENT', 'spawn'), absent, 'permanent-env', 'STG_ENV'],
    ['G-STG-2: 125', ran(125), absent, 'permanent-env', 'STG_ENV'],
    ['G-STG-2: 126', ran(126), absent, 'permanent-env', 'STG_ENV'],
    ['G-STG-2: 127', ran(127), absent, 'permanent-env', 'STG_ENV'],
    ['G-STG-2: safety abort', ran(2), absent, 'permanent-env', 'STG_ENV'],
    ['G-STG-2: no such container', ran(1, 'Error: No such container: web'), absent, 'permanent-env', 'STG_ENV'],
    ['G-STG-2: host key', ran(255, 'Host key verification failed.'), absent, 'permanent-env', 'STG_ENV'],
    ['G-STG-3: 255', ran(255), absent, 'transient-infra', 'STG_TRANSIENT'],
    ['G-STG-3: time-out', ran(null, '', 'timeout'), absent, 'transient-infra', 'STG_TRANSIENT'],
    ['G-STG-3: killed', ran(null), absent, 'transient-infra', 'STG_TRANSIENT'],
    [
      'G-STG-3: exit 1 because of the network',
      ran(1, 'curl: (7) Connection refused'),
      absent,
      'transient-infra',
      'STG_TRANSIENT',
    ],
    ['G-STG-3: unknown without proof', ran(42), absent, 'transient-infra', 'STG_TRANSIENT'],
  ] as const)('%s', (_what, run, file, cls, code) => {
    const outcome = classifySuite(run, file, 'r', policy);
    expect(outcome.class).toBe(cls);
    expect('status' in outcome ? outcome.status : outcome.code).toBe(code);
  });

  it('law: a real red check with proof is never anything but FAILED, whatever else happened', () => {
    fc.assert(
      fc.property(
        fc.option(fc.integer({ min: 0, max: 255 })),
        fc.constantFrom(null, 'timeout', 'aborted'),
        fc.string(),
        (code, ended, output) => {
          const outcome = classifySuite(
            ran(code, output, ended as 'timeout' | null),
            proof([...green, check('B4', 'fail')]),
            'r',
            policy,
          );
          expect(outcome).toMatchObject({ class: 'suite-ran', status: 'FAILED' });
        },
      ),
    );
  });
});

describe('class of hook and build on staging', () => {
  const outcome = (state: HookOutcome['state'], permanent = false): HookOutcome => ({
    state,
    permanent,
    exit: 0,
    running: null,
    previous: null,
    healthy: null,
    answered: true,
    sameIdAllowed: false,
    text: 't',
    log: '',
    events: [],
    warnings: [],
  });
  it.each([
    ['ok', false, null],
    ['rolled-back', false, { class: 'suite-ran', code: 'STG_FAILED', detail: 'staging-unhealthy' }],
    ['rollback-failed', false, { class: 'permanent-env', code: 'STG_ENV' }],
    ['refused', false, { class: 'transient-infra', code: 'STG_TRANSIENT' }],
    ['refused', true, { class: 'permanent-env', code: 'STG_ENV' }],
    ['unknown', false, { class: 'transient-infra' }],
    ['interrupted', false, { class: 'transient-infra' }],
    ['running', false, { class: 'transient-infra' }],
  ] as const)('hook %s (permanent: %s)', (state, permanent, expected) => {
    const classified = classifyStagingHook(outcome(state, permanent));
    if (expected === null) expect(classified).toBeNull();
    else expect(classified).toMatchObject(expected);
  });

  it('G-STG-8, D-STG-3: a red build is the change’s fault only when the base builds', () => {
    const build = { ok: false, text: 'the build ended with 1', log: '' } as const;
    expect(classifyBuild({ ...build, reason: 'build-failed' }, true)).toMatchObject({
      code: 'STG_FAILED',
      detail: 'build-failed',
    });
    expect(classifyBuild({ ...build, reason: 'build-failed' }, false)).toMatchObject({
      class: 'permanent-env',
      code: 'STG_ENV',
    });
    expect(classifyBuild({ ...build, reason: 'infra' }, true)).toMatchObject({ class: 'transient-infra' });
  });
});
