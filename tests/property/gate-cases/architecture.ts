import { decideArchitecture } from '../../../lib/gates/architecture.ts';
import { unreadable } from '../../../lib/gates/fact.ts';
import * as given from '../gates-builders.ts';
import { caseList } from './case-list.ts';

const { cases, add } = caseList('architecture');

const architecture =
  (files: Parameters<typeof given.branch>[0], track: 'full' | 'bug' = 'full') =>
  () =>
    decideArchitecture(given.architectureFacts(given.branch(files), track));
add(
  'ARCH_DONE',
  'pass',
  'G-ARC-2',
  'one ADR',
  architecture({ ...given.packageAt(1), '06-adr/ADR-001-stream.md': [given.ADR, 0] }),
);
add(
  'ARCH_DONE',
  'pass',
  'G-ARC-2',
  'only 07',
  architecture({ ...given.packageAt(1), '07-infra-requirements.md': [given.PACKAGE['02-trz.md'] ?? '', 0] }),
);
add(
  'ARCH_DONE',
  'pass',
  'AR-Q-8',
  'an old conflict that a newer package answered',
  architecture({
    ...given.packageAt(1),
    '06-conflict.md': [given.CONFLICT, 2],
    '06-adr/ADR-001-stream.md': [given.ADR, 0],
  }),
);
add('N_A', 'pass', 'G-ARC', 'the bug track', architecture({}, 'bug'));
add(
  'ARCH_CONFLICT',
  'fail',
  'G-ARC-1',
  'ADR and conflict',
  architecture({
    ...given.packageAt(1),
    '06-adr/ADR-001-stream.md': [given.ADR, 0],
    '06-conflict.md': [given.CONFLICT, 0],
  }),
);
add('ARCH_EMPTY', 'error', 'G-ARC-3', 'neither', architecture(given.packageAt(1)));
add(
  'ARCH_EMPTY',
  'error',
  'G-ARC-3',
  'an ADR without a decision',
  architecture({ ...given.packageAt(1), '06-adr/ADR-001-stream.md': ['# ADR-001\n## Decision\nTBD\n', 0] }),
);
add('ARCHITECTURE_INTERNAL', 'error', 'G-FM-4', 'git does not answer', () =>
  decideArchitecture({ track: 'full', branch: unreadable('timeout'), blobs: new Map() }),
);

export const architectureCases = cases;
