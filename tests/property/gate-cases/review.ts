import { decideReview } from '../../../lib/gates/review.ts';
import { read, unreadable } from '../../../lib/gates/fact.ts';
import * as given from '../gates-builders.ts';
import { caseList } from './case-list.ts';

const { cases, add } = caseList('review');

const review =
  (more: Parameters<typeof given.reviewFacts>[0], docs: Partial<typeof given.docsConfig> = {}) =>
  () =>
    decideReview(given.reviewFacts(more), { docs: { ...given.docsConfig, ...docs } });
const reviewFile = (keys: string, body?: string) => ({
  file: given.file(`${given.WI}/12-review.md`, given.reviewText(keys, body)),
});
const bare = (content: string) => ({ file: given.file(`${given.WI}/12-review.md`, content) });
const fragment = (content: string) => given.file('changelog.d/ET-12.md', content);
const noFragment = { fragment: { kind: 'absent', path: 'changelog.d/ET-12.md' } as const };
add('REVIEW_APPROVED', 'pass', 'G-REV-7', 'approved', review({}));
add(
  'REVIEW_APPROVED',
  'pass',
  'AR-VAL-4',
  'a clean catch-up changed the patch id',
  review({ patchId: read(given.sha('1')), alsoValid: [given.sha('9')] }),
);
add(
  'REVIEW_APPROVED',
  'pass',
  'G-DOC-1',
  '### None with a reason',
  review({ fragment: fragment('### None\nOnly a refactoring inside.\n') }),
);
add(
  'REVIEW_APPROVED',
  'pass',
  'G-DOC-1',
  'only tests and documents changed',
  review({
    ...noFragment,
    changed: read(['docs/a.md', 'README.md', 'test/a.ts', 'src/a.test.ts', 'docs/work-items/ET-12/01-brd.md']),
  }),
);
add('REVIEW_APPROVED', 'pass', 'G-DOC-1', 'docs check switched off', review(noFragment, { enabled: false }));
add(
  'REVIEW_APPROVED',
  'pass',
  'stand-alone',
  'a review written for this patch',
  review({ ...bare('---\nverdict: approved\n---\n'), trust: { kind: 'written', subject: read(given.sha('9')) } }),
);
add('DOCS_MISSING', 'fail', 'G-DOC-1', 'source without a fragment, though approved', review(noFragment));
add('DOCS_MISSING', 'fail', 'G-DOC-1', 'an empty fragment', review({ fragment: fragment('\n') }));
add('DOCS_MISSING', 'fail', 'G-DOC-1', '### None without a reason', review({ fragment: fragment('### None\n') }));
add(
  'DOCS_MISSING',
  'fail',
  'G-DOC-1',
  'configured source',
  review({ ...noFragment, changed: read(['docs/api.yml']) }, { source: ['docs/*.yml'] }),
);
add(
  'REVIEW_CHANGES',
  'fail',
  'G-REV-3',
  'REQUEST_CHANGES',
  review(reviewFile('verdict: REQUEST_CHANGES\np0: 1', given.FINDINGS)),
);
add('REVIEW_INCONSISTENT', 'fail', 'G-REV-4', 'APPROVED with p0: 1', review(reviewFile('verdict: APPROVED\np0: 1')));
add('REVIEW_INCONSISTENT', 'fail', 'G-REV-4', 'APPROVED with p1: 2', review(reviewFile('verdict: APPROVED\np1: 2')));
add(
  'REVIEW_NOT_JUDGED',
  'error',
  'G-REV-1',
  'no file',
  review({ file: { kind: 'absent', path: `${given.WI}/12-review.md` } }),
);
add('REVIEW_NOT_JUDGED', 'error', 'G-REV-1', 'APPROVE', review(reviewFile('verdict: APPROVE')));
add('REVIEW_NOT_JUDGED', 'error', 'G-REV-1', 'no verdict', review(reviewFile('p0: 0')));
add('REVIEW_NOT_JUDGED', 'error', 'G-FM-1', 'prose says APPROVED', review(bare('# Review\nverdict: APPROVED\n')));
add(
  'REVIEW_NOT_JUDGED',
  'error',
  'G-FM-2',
  'the verdict stands twice',
  review(reviewFile('verdict: APPROVED\nverdict: APPROVED')),
);
add(
  'REVIEW_NOT_JUDGED',
  'error',
  'AR-VAL-6',
  'APPROVED with an open P0 in the text',
  review(reviewFile('verdict: APPROVED', given.FINDINGS)),
);
add(
  'REVIEW_NOT_JUDGED',
  'error',
  'AR-VAL-6',
  'changes asked for without a finding',
  review(reviewFile('verdict: REQUEST_CHANGES')),
);
add('REVIEW_STALE', 'error', 'G-REV-2', 'another patch', review({ patchId: read(given.sha('1')) }));
add('REVIEW_STALE', 'error', 'AR-VAL-2', 'another round', review({ round: 2 }));
add(
  'REVIEW_STALE',
  'error',
  'stand-alone',
  'written before the last change',
  review({ ...bare('---\nverdict: APPROVED\n---\n'), trust: { kind: 'written', subject: read(given.sha('1')) } }),
);
add(
  'REVIEW_NOT_JUDGED',
  'error',
  'stand-alone',
  'nothing tells what patch the review is about',
  review({ ...bare('---\nverdict: APPROVED\n---\n'), trust: { kind: 'written', subject: unreadable('not in git') } }),
);
add(
  'REPORT_UNTRUSTED',
  'hold',
  'G-FM-6',
  'another blob than recorded',
  review({ trust: { kind: 'recorded', blob: given.sha('f') } }),
);
add('REPORT_UNTRUSTED', 'hold', 'AR-VAL-2', 'nothing is recorded', review({ trust: { kind: 'recorded', blob: null } }));
for (const key of ['patchId', 'changed'] as const)
  add('REVIEW_INTERNAL', 'error', 'G-FM-4', `${key} could not be read`, review({ [key]: unreadable('timeout') }));
add(
  'REVIEW_INTERNAL',
  'error',
  'G-FM-4',
  'the file could not be read',
  review({ file: { kind: 'unreadable', path: 'x', detail: 'timeout' } }),
);

export const reviewCases = cases;
