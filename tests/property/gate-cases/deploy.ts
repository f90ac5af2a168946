import { decideDeploy } from '../../../lib/gates/deploy.ts';
import * as given from '../gates-builders.ts';
import { caseList } from './case-list.ts';

const { cases, add } = caseList('deploy');

const deploy =
  (facts: ReturnType<typeof given.deployFacts>, provider: 'none' | 'command' = 'command') =>
  () =>
    decideDeploy(facts, { provider });
const hook = (state: NonNullable<ReturnType<typeof given.deployFacts>['hook']>['state'], guard = false) => ({
  hook: { state, guard, text: state },
});
const confirmed = {
  kind: 'confirmed',
  by: 'anna',
  digest: given.DIGEST,
  expiresAt: '2026-06-06T13:00:00.000Z',
} as const;
const success = 'deploy_status: SUCCESS\ndeploy_mode: command\nexit_code: 0';
const failed = (exit: number) => `deploy_status: FAILED\ndeploy_mode: command\nexit_code: ${exit}`;
add('DEPLOY_SUCCESS', 'pass', 'G-DPL-2', 'SUCCESS', deploy(given.deployFacts()));
add('N_A', 'pass', 'G-DPL', 'provider none', deploy(given.noDeploy(), 'none'));
add('DEPLOY_FAILED', 'fail', 'G-DPL-3', 'exit 1', deploy(given.deployLog(failed(1), hook('rolled-back'))));
add('DEPLOY_FAILED', 'fail', 'G-DPL', 'an agent exits 0, the log says FAILED', deploy(given.deployLog(failed(1))));
add(
  'DEPLOY_FAILED',
  'fail',
  'AR-VAL-5',
  'SUCCESS with exit_code 1',
  deploy(given.deployLog(success.replace('exit_code: 0', 'exit_code: 1'))),
);
add(
  'DEPLOY_FAILED',
  'fail',
  'delivery §3',
  'the log says SUCCESS, the hook rolled back',
  deploy(given.deployFacts(hook('rolled-back'))),
);
add('DEPLOY_ROLLBACK_FAILED', 'fail', 'G-DPL-4', 'exit 2', deploy(given.deployLog(failed(2), hook('rollback-failed'))));
add(
  'DEPLOY_ROLLBACK_FAILED',
  'fail',
  'delivery §3',
  'the log says SUCCESS, the rollback failed',
  deploy(given.deployFacts(hook('rollback-failed'))),
);
for (const [name, more] of Object.entries({
  'not confirmed': { confirmation: { kind: 'none' } as const },
  'another digest confirmed': { confirmation: { ...confirmed, digest: `sha256:${'00'.repeat(32)}` } },
  'an expired confirmation': { confirmation: { ...confirmed, expiresAt: '2026-06-05T13:00:00.000Z' }, recorded: null },
  'an unreadable time': { confirmation: { ...confirmed, expiresAt: 'soon' }, recorded: null },
  'confirmed, not started': { recorded: null },
}))
  add('DEPLOY_AWAITING_CONFIRM', 'hold', 'G-DPL-1', name, deploy(given.deployFacts({ hook: null, ...more })));
add(
  'DEPLOY_AWAITING_CONFIRM',
  'hold',
  'G-DPL-1',
  'provider none, not confirmed',
  deploy(given.noDeploy({ confirmation: { kind: 'none' } }), 'none'),
);
for (const [name, facts] of Object.entries({
  'no answer': given.deployFacts(hook('unknown')),
  'still running': given.deployFacts(hook('running')),
  interrupted: given.deployFacts(hook('interrupted')),
  'no log': given.deployFacts({ file: { kind: 'absent', path: 'x' } }),
  '`deploy_status: DONE`': given.deployLog(success.replace('SUCCESS', 'DONE')),
  'SUCCESS without an exit code': given.deployLog('deploy_status: SUCCESS\ndeploy_mode: command'),
  'NOT_APPLICABLE, though something is deployed': given.deployLog('deploy_status: NOT_APPLICABLE\ndeploy_mode: none'),
  'another digest': given.deployFacts({
    file: given.file('x', given.deployText(success, `sha256:${'00'.repeat(32)}`)),
  }),
  'the log of an earlier attempt': given.deployFacts({
    file: given.file('x', given.deployText(success, given.DIGEST, 'ET-12.2.0.production')),
  }),
  'another commit': given.deployFacts({
    expected: { pass: 2, commit: given.sha('1'), codeTree: given.sha('7'), deployId: 'ET-12.2.1.production' },
  }),
  'another pass': given.deployFacts({
    expected: { pass: 3, commit: given.sha('c'), codeTree: given.sha('7'), deployId: 'ET-12.2.1.production' },
  }),
}))
  add('DEPLOY_UNKNOWN', 'hold', 'G-DPL-6', name, deploy(facts));
add(
  'DEPLOY_UNKNOWN',
  'hold',
  'G-DPL',
  'SUCCESS, though nothing is configured',
  deploy(given.noDeploy({ file: given.file('x', given.deployText(success)) }), 'none'),
);
add('DEPLOY_NOT_STARTED', 'error', 'G-DPL-5', 'exit 3', deploy(given.deployFacts(hook('refused'))));
add('DEPLOY_GUARD', 'error', 'G-DPL-5', 'digest guard', deploy(given.deployFacts(hook('refused', true))));
add(
  'REPORT_UNTRUSTED',
  'hold',
  'G-FM-6',
  'another blob than recorded',
  deploy(given.deployFacts({ recorded: given.sha('f') })),
);
add(
  'DEPLOY_INTERNAL',
  'error',
  'G-FM-4',
  'the log could not be read',
  deploy(given.deployFacts({ file: { kind: 'unreadable', path: 'x', detail: 'timeout' } })),
);

export const deployCases = cases;
