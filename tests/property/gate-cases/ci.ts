import { decideCi } from '../../../lib/gates/ci.ts';
import { read, unreadable } from '../../../lib/gates/fact.ts';
import * as given from '../gates-builders.ts';
import { caseList } from './case-list.ts';

const { cases, add } = caseList('ci');

const ci =
  (
    rows: Parameters<typeof given.ciFacts>[0],
    more: Parameters<typeof given.ciFacts>[1] = {},
    config: Partial<typeof given.ciConfig> = {},
  ) =>
  () =>
    decideCi(given.ciFacts(rows, more), { ...given.ciConfig, ...config });
const { status, listing } = given;
const green = [status('ci/test', 'success')];
const run = (state: string, workflow = 'ci.yml', id = 7) => ({ id, workflow, state });
const ended = { code: 0, signal: null, ended: null, output: '' };
const command = (more: object) => ({
  reading: read({
    kind: 'command',
    run: { command: 'npm test', timeoutS: 600, end: ended, junit: [], removed: [], smoke: [], ...more },
  } as const),
});
add('CI_GREEN', 'pass', 'G-CI-5', 'all green', ci(green));
add('CI_GREEN', 'pass', 'G-CI-6', 'a final state that is read late', ci(green, { now: '2026-06-06T10:00:00.000Z' }));
add(
  'CI_GREEN',
  'pass',
  'G-CI-2',
  'our own pending context',
  ci([...green, status('conveyor/ci', 'pending'), status('conveyor/review', 'failure')]),
);
add(
  'CI_GREEN',
  'pass',
  'G-CI-3',
  'red outside ci.required',
  ci([...green, status('lint', 'failure')], {}, { required: ['ci/*'] }),
);
add(
  'CI_GREEN',
  'pass',
  'G-CI-3',
  'red outside the contexts that protection requires',
  ci([...green, status('lint', 'failure')], { protection: read(['ci/test']) }),
);
add('CI_GREEN', 'pass', 'G-CI', 'a warning counts as success', ci([status('lint', 'warning')]));
add('CI_GREEN', 'pass', 'G-CI', 'skipped beside a success', ci([...green, status('docs', 'skipped')]));
add(
  'CI_GREEN',
  'pass',
  'G-CI-4',
  'a run of our own workflows is not over',
  ci(green, { reading: listing(green, { runs: [run('running', 'conveyor-event.yml')] }) }),
);
add(
  'CI_GREEN',
  'pass',
  'G-CI-4',
  'the run that judges is not over',
  ci(green, { ownRun: 7, reading: listing(green, { runs: [run('running')] }) }),
);
add('CI_GREEN', 'pass', 'G-CI-9', 'mode local and a green command', ci([], command({}), { mode: 'local' }));
add('N_A', 'pass', 'G-CI-9', 'mode none', ci([], {}, { mode: 'none' }));
add('CI_RED', 'fail', 'G-CI', 'failure', ci([...green, status('lint', 'failure')]));
add('CI_RED', 'fail', 'G-CI', 'error beside pending', ci([status('lint', 'error'), status('test', 'pending')]));
add('CI_RED', 'fail', 'G-CI', 'a cancelled job', ci([...green, status('lint', 'cancelled')]));
add('CI_RED', 'fail', 'G-CI-2', 'equal names, one red', ci([status('test', 'failure'), status('test', 'success')]));
add(
  'CI_RED',
  'fail',
  'G-CI-6',
  'red that is read late',
  ci([status('test', 'failure')], { now: '2026-06-06T10:00:00.000Z' }),
);
add(
  'CI_RED',
  'fail',
  'G-CI-9',
  'mode local and a red command',
  ci([], command({ end: { ...ended, code: 1 } }), { mode: 'local' }),
);
add('CI_PENDING', 'hold', 'G-CI-5', 'pending', ci([...green, status('lint', 'pending')]));
add('CI_PENDING', 'hold', 'G-CI-5', 'an unknown word', ci([status('test', 'neutral')]));
add('CI_PENDING', 'hold', 'G-CI-5', 'nothing reported yet', ci([]));
add(
  'CI_PENDING',
  'hold',
  'G-CI-4',
  'a second job has no status yet',
  ci(green, { reading: listing(green, { runs: [run('running')] }) }),
);
add(
  'CI_PENDING',
  'hold',
  'G-CI-4',
  'a run in an unknown state',
  ci(green, { reading: listing(green, { runs: [run('unknown')] }) }),
);
add(
  'CI_PENDING',
  'hold',
  'G-CI-4',
  'a context appeared during the read',
  ci(green, { reading: listing(green, { before: [] }) }),
);
add('CI_PENDING', 'hold', 'G-CI-3', 'a required context is absent', ci(green, {}, { required: ['ci/test', 'e2e'] }));
add(
  'CI_RERUN_PENDING',
  'hold',
  'G-CI-5',
  'green, then a re-run',
  ci([status('ci/test', 'pending')], { passInForce: true }),
);
add('CI_ALL_SKIPPED', 'hold', 'G-CI', 'all skipped', ci([status('a', 'skipped'), status('b', 'skipped')]));
add('CI_SHA_UNKNOWN', 'hold', 'G-CI', '404', ci([], { reading: read({ kind: 'unknown-sha' }) }));
add(
  'CI_NEVER_REPORTED',
  'hold',
  'G-CI-7',
  'a required context is absent for 600 s',
  ci(green, { now: '2026-06-05T10:10:00.000Z' }, { required: ['e2e'] }),
);
add('CI_NEVER_REPORTED', 'hold', 'G-CI-7', 'no context at all for 600 s', ci([], { now: '2026-06-05T10:10:00.000Z' }));
add(
  'CI_STUCK',
  'hold',
  'G-CI-7',
  'pending for 4 h',
  ci([status('test', 'pending')], { now: '2026-06-05T14:00:00.000Z', changedAt: '2026-06-05T13:59:00.000Z' }),
);
add(
  'CI_SILENT',
  'hold',
  'G-CI-7',
  'no change for 900 s',
  ci([status('test', 'pending')], { now: '2026-06-05T10:15:30.000Z' }),
);
add('CI_API_ERROR', 'error', 'G-CI', 'network error', ci([], { reading: unreadable('ECONNRESET') }));
add(
  'CI_API_ERROR',
  'error',
  'G-CI-3',
  'protection could not be read',
  ci(green, { protection: unreadable('HTTP 500') }),
);
add(
  'GATE_NO_PRODUCER',
  'hold',
  'G-GEN-14',
  'mode local without a command',
  ci([], command({ command: '' }), { mode: 'local' }),
);
add(
  'TESTS_TIMEOUT',
  'error',
  'G-CI-9',
  'mode local and a time-out',
  ci([], command({ end: { ...ended, code: null, ended: 'timeout' } }), { mode: 'local' }),
);
add(
  'TESTS_TOOL_ERROR',
  'error',
  'G-CI-9',
  'mode local and a missing tool',
  ci([], command({ end: { ...ended, code: 127 } }), { mode: 'local' }),
);
add('CI_INTERNAL', 'error', 'G-GEN-8', 'mode local, but no command ran', ci(green, {}, { mode: 'local' }));

export const ciCases = cases;
