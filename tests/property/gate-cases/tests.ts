import { decideTests } from '../../../lib/gates/tests.ts';
import { read, unreadable } from '../../../lib/gates/fact.ts';
import * as given from '../gates-builders.ts';
import { caseList } from './case-list.ts';

const { cases, add } = caseList('tests');

const tests = (facts: ReturnType<typeof given.testsFacts>) => () => decideTests(facts);
const ran = (result: 'PASS' | 'FAIL') =>
  ({
    kind: 'ran',
    result,
    text: `the tests say ${result}`,
    findings: null,
    total: 3,
    failed: 0,
    skipped: 0,
    exitCode: 0,
  }) as const;
for (const keys of [
  'result: PASS',
  'verdict: ready-to-deploy',
  'result: "stage:ready-to-deploy"\nstatus: pass',
  'result: PASS — ready-to-deploy',
  'status: PASSED',
  'result: PASS\nfailed: 0\nexit_code: 0\ntotal: 2248',
])
  add('TESTS_PASS', 'pass', 'G-TST-6', JSON.stringify(keys), tests(given.testReport(keys)));
add(
  'TESTS_PASS',
  'pass',
  'G-TST-1',
  'the runner itself, without a report',
  tests(given.testsFacts({ file: null, outcome: ran('PASS') })),
);
add(
  'TESTS_PASS',
  'pass',
  'stand-alone',
  'a report written for this code',
  tests(
    given.testsFacts({
      file: given.file('report.md', '---\nresult: PASS\n---\n'),
      trust: { kind: 'written', subject: read(given.sha('7')) },
    }),
  ),
);
for (const keys of [
  'result: FAIL',
  'result: PASS\nverdict: BLOCKED',
  'result: PASS\nstatus: failed',
  'verdict: BLOCKED',
  'result: PASS\nfailed: 2',
  'result: PASS\nexit_code: 1',
  'result: PASS (0 failed)',
  'result: REQUEST-CHANGES',
])
  add('TESTS_FAIL', 'fail', 'G-TST-5', JSON.stringify(keys), tests(given.testReport(keys)));
add(
  'TESTS_FAIL',
  'fail',
  'G-GEN-1',
  'the report says PASS, but the run was red',
  tests(given.testsFacts({ outcome: ran('FAIL') })),
);
add(
  'TESTS_FAIL',
  'fail',
  'G-TST-2',
  'the runner itself was red',
  tests(given.testsFacts({ file: null, outcome: ran('FAIL') })),
);
for (const keys of [
  'result: BYPASSED',
  'result: NOT PASSED',
  'result: 9/10 checks PASS',
  'result: true',
  'result: ""\nverdict: ""\nstatus: ""',
  'result: DEFERRED',
  'result: PASS | FAIL',
  'result: [PASS]',
  'result: PASS\ntotal: 0',
  'total: 23',
])
  add('TESTS_NOT_JUDGED', 'error', 'G-TST-7', JSON.stringify(keys), tests(given.testReport(keys)));
add(
  'TESTS_NOT_JUDGED',
  'error',
  'G-FM-3',
  'no report',
  tests(given.testsFacts({ file: { kind: 'absent', path: 'x' } })),
);
add(
  'TESTS_NOT_JUDGED',
  'error',
  'G-FM-4',
  'the report could not be read',
  tests(given.testsFacts({ file: { kind: 'unreadable', path: 'x', detail: 'timeout' } })),
);
add('TESTS_NOT_JUDGED', 'error', 'G-FM-3', 'neither run nor report', tests(given.testsFacts({ file: null })));
add(
  'TESTS_STALE',
  'error',
  'G-GEN-15',
  'another code tree',
  tests(given.testsFacts({ codeTree: read(given.sha('1')) })),
);
add('TESTS_STALE', 'error', 'AR-VAL-2', 'another round', tests(given.testsFacts({ round: 2 })));
add(
  'TESTS_STALE',
  'error',
  'stand-alone',
  'written before the last change',
  tests(
    given.testsFacts({
      file: given.file('report.md', '---\nresult: PASS\n---\n'),
      trust: { kind: 'written', subject: read(given.sha('1')) },
    }),
  ),
);
add(
  'TESTS_NOT_JUDGED',
  'error',
  'stand-alone',
  'nothing tells what code the report is about',
  tests(
    given.testsFacts({
      file: given.file('report.md', '---\nresult: PASS\n---\n'),
      trust: { kind: 'written', subject: unreadable('not in git') },
    }),
  ),
);
add(
  'TESTS_TIMEOUT',
  'error',
  'G-TST-3',
  'time-out',
  tests(given.testsFacts({ outcome: { kind: 'timeout', text: 'over 900 s' } })),
);
add(
  'TESTS_TOOL_ERROR',
  'error',
  'G-TST-3',
  'tool error',
  tests(given.testsFacts({ outcome: { kind: 'tool-error', text: '127' } })),
);
add(
  'GATE_NO_PRODUCER',
  'hold',
  'G-GEN-14',
  'no command',
  tests(given.testsFacts({ outcome: { kind: 'no-command', text: 'empty' } })),
);
add(
  'REPORT_UNTRUSTED',
  'hold',
  'G-FM-6',
  'another blob than recorded',
  tests(given.testsFacts({ trust: { kind: 'recorded', blob: given.sha('f') } })),
);
add(
  'TESTS_INTERNAL',
  'error',
  'G-FM-4',
  'the code tree could not be read',
  tests(given.testsFacts({ codeTree: unreadable('timeout') })),
);

export const testsCases = cases;
