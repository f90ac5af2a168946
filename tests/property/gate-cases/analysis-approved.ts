import { decideAnalysisApproved } from '../../../lib/gates/analysis-approved.ts';
import { read, unreadable } from '../../../lib/gates/fact.ts';
import * as given from '../gates-builders.ts';
import { caseList } from './case-list.ts';

const { cases, add } = caseList('analysis-approved');

const approved =
  (more: Parameters<typeof given.approvalFacts>[0], label = 'autoApprove') =>
  () =>
    decideAnalysisApproved(given.approvalFacts(more), { auto_approve: label });
const none = { answer: read({ kind: 'none' } as const) };
add('APPROVED_VIA_STATUS', 'pass', 'G-ANA-1', 'a person approved', approved({}));
add(
  'APPROVED_VIA_STATUS',
  'pass',
  'G-ANA-1',
  'approved what is there now',
  approved({ answer: read({ kind: 'approved', by: 'anna', package: null }) }),
);
add(
  'APPROVED_VIA_LABEL',
  'pass',
  'G-ANA-2',
  'the label, in another case',
  approved({ ...none, labels: read(['AutoApprove ']) }),
);
add('APPROVAL_PENDING', 'hold', 'G-ANA', 'nobody answered', approved(none));
add(
  'APPROVAL_PENDING',
  'hold',
  'G-ANA-2',
  'labels could not be read',
  approved({ ...none, labels: unreadable('HTTP 500') }),
);
add(
  'APPROVAL_PENDING',
  'hold',
  'G-ANA-2',
  'the label is ambiguous',
  approved({ ...none, labels: read(['autoApprove', 'autoapprove']) }),
);
add('APPROVAL_PENDING', 'hold', 'G-ANA-2', 'no label is configured', approved({ ...none, labels: read(['']) }, ''));
add(
  'APPROVAL_PENDING',
  'hold',
  'G-ANA-1',
  'the package is not complete',
  approved({ package: read(null), labels: read(['autoApprove']) }),
);
add(
  'APPROVAL_PENDING',
  'hold',
  'G-ANA-4',
  'approved at another stage',
  approved({ stage: 'deploy', labels: read(['autoApprove']) }),
);
add('APPROVAL_PENDING', 'hold', 'G-ANA', 'the issue could not be read', approved({ answer: unreadable('HTTP 502') }));
add(
  'APPROVAL_STALE',
  'hold',
  'G-ANA-5',
  'the package was edited after the approval',
  approved({ package: read('p2') }),
);
add(
  'ANALYSIS_REJECTED',
  'fail',
  'G-ANA-3',
  'rejected, whatever the label says',
  approved({
    answer: read({ kind: 'rejected', by: 'anna', reason: 'no export of shared tracks' }),
    labels: read(['autoApprove']),
  }),
);
add(
  'ANALYSIS_APPROVED_INTERNAL',
  'error',
  'G-FM-4',
  'git does not answer',
  approved({ package: unreadable('timeout') }),
);

export const analysisApprovedCases = cases;
