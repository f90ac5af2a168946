import { decideStaging } from '../../../lib/gates/staging.ts';
import * as given from '../gates-builders.ts';
import { broken, caseList } from './case-list.ts';

const { cases, add } = caseList('staging');

const staging = (facts: ReturnType<typeof given.stagingFacts>) => () => decideStaging(facts);
const suite = (status: 'SUCCESS' | 'FAILED', failed: string[] = []) =>
  ({
    class: 'suite-ran',
    status,
    checks: { passed: 2 - failed.length, total: 2 },
    failed,
    waived: [],
    reason: null,
  }) as const;
const stagingWith = (change: (keys: string) => string) => staging(given.stagingReport(change(given.stagingKeys)));
add('STG_SUCCESS', 'pass', 'G-STG-5', 'SUCCESS with waived checks and exit 1', staging(given.stagingFacts()));
add(
  'STG_SUCCESS',
  'pass',
  'G-STG-5',
  'the value in lower case',
  stagingWith((keys) => keys.replace('SUCCESS', 'success')),
);
add(
  'STG_SUCCESS',
  'pass',
  'stand-alone',
  'the suite itself, without a report',
  staging(given.stagingFacts({ file: null, run: suite('SUCCESS') })),
);
add('N_A', 'pass', 'G-STG', 'no staging target', staging(given.stagingFacts({ configured: false })));
add(
  'STG_FAILED',
  'fail',
  'G-STG-5',
  'FAILED',
  stagingWith((keys) => keys.replace('SUCCESS', 'FAILED').replace('failed: []', 'failed: [A2]')),
);
add(
  'STG_FAILED',
  'fail',
  'AR-VAL-5',
  'SUCCESS with a failed check',
  stagingWith((keys) => keys.replace('failed: []', 'failed: [A2]')),
);
add(
  'STG_FAILED',
  'fail',
  'AR-VAL-5',
  'passed and waived are fewer than all',
  stagingWith((keys) => keys.replace('[C9a, C9b]', '[C9a]')),
);
add(
  'STG_FAILED',
  'fail',
  'G-STG-4',
  'waived in strict mode',
  stagingWith((keys) => keys.replace('strict: false', 'strict: true')),
);
add(
  'STG_FAILED',
  'fail',
  'G-STG-8',
  'the build failed',
  staging(
    given.stagingFacts({ run: { class: 'suite-ran', code: 'STG_FAILED', detail: 'build-failed', text: 'exit 1' } }),
  ),
);
add(
  'STG_FAILED',
  'fail',
  'G-STG-8',
  'never healthy',
  staging(
    given.stagingFacts({
      run: { class: 'suite-ran', code: 'STG_FAILED', detail: 'staging-unhealthy', text: 'exit 1' },
    }),
  ),
);
add(
  'STG_FAILED',
  'fail',
  'G-GEN-1',
  'the report says SUCCESS, but the suite was red',
  staging(given.stagingFacts({ run: suite('FAILED', ['A2']) })),
);
add(
  'STG_FAILED',
  'fail',
  'G-STG-4',
  'a suite without checks',
  staging(given.stagingFacts({ file: null, run: { ...suite('SUCCESS'), checks: { passed: 0, total: 0 } } })),
);
add(
  'STG_ENV',
  'hold',
  'G-STG-2',
  'container CLI missing',
  staging(given.stagingFacts({ run: { class: 'permanent-env', code: 'STG_ENV', text: 'docker: command not found' } })),
);
add(
  'STG_TRANSIENT',
  'error',
  'G-STG-3',
  'connection refused',
  staging(given.stagingFacts({ run: { class: 'transient-infra', code: 'STG_TRANSIENT', text: 'connection refused' } })),
);
add(
  'STG_WRONG_REVISION',
  'error',
  'G-STG-7',
  'another revision',
  staging(
    given.stagingFacts({ run: { class: 'transient-infra', code: 'STG_WRONG_REVISION', text: 'other revision' } }),
  ),
);
for (const [name, facts] of Object.entries({
  'no report': given.stagingFacts({ file: { kind: 'absent', path: 'x' } }),
  'a report that could not be read': given.stagingFacts({ file: { kind: 'unreadable', path: 'x', detail: 'timeout' } }),
  'neither run nor report': given.stagingFacts({ file: null }),
  '`staging_status: OK`': given.stagingReport(given.stagingKeys.replace('SUCCESS', 'OK')),
  'a list': given.stagingReport(given.stagingKeys.replace('SUCCESS', '[SUCCESS]')),
  'a long s': given.stagingReport(given.stagingKeys.replace('SUCCESS', 'ſUCCESS')),
  'another digest': given.stagingFacts({
    file: given.file('x', given.stagingText(given.stagingKeys, `sha256:${'00'.repeat(32)}`)),
  }),
  'another pass': given.stagingFacts({ file: given.file('x', given.stagingText(given.stagingKeys, given.DIGEST, 1)) }),
  'another code tree': given.stagingFacts({ expected: { pass: 2, digest: given.DIGEST, codeTree: given.sha('1') } }),
}))
  add('STG_NOT_JUDGED', 'error', 'G-STG-5', name, staging(facts));
add(
  'REPORT_UNTRUSTED',
  'hold',
  'G-FM-6',
  'another blob than recorded',
  staging(given.stagingFacts({ recorded: given.sha('f') })),
);
add('STAGING_INTERNAL', 'error', 'G-GEN-8', 'broken facts', () => decideStaging(broken));

export const stagingCases = cases;
