import { decideLanded } from '../../../lib/gates/landed.ts';
import { read, unreadable } from '../../../lib/gates/fact.ts';
import * as given from '../gates-builders.ts';
import { broken, caseList } from './case-list.ts';

const { cases, add } = caseList('landed');

const landed =
  (more: Parameters<typeof given.landedFacts>[0] = {}, style: 'merge' | 'squash' | 'rebase' = 'merge') =>
  () =>
    decideLanded(given.landedFacts(more), { style });
const notFound = { proof: read(null), baseTip: read(given.sha('e')) };
add('LANDED', 'pass', 'G-LND-6', 'style merge', landed());
add(
  'LANDED',
  'pass',
  'G-LND-6',
  'squash: the head is no ancestor',
  landed({ proof: read({ ...given.proof, headIsAncestor: false }) }, 'squash'),
);
add(
  'LANDED',
  'pass',
  'G-LND-6',
  'rebase',
  landed({ proof: read({ ...given.proof, headIsAncestor: false }) }, 'rebase'),
);
add(
  'LANDED',
  'pass',
  'G-LND-5',
  'the call had no answer, but git has the proof',
  landed({ call: { kind: 'refused', text: 'timeout' }, pullMerged: false }),
);
add('NOT_LANDED', 'hold', 'G-LND-7', 'only the flag of the pull request says merged', landed(notFound));
add(
  'NOT_LANDED',
  'hold',
  'G-LND-6',
  'the merge commit is not in the base branch',
  landed({ proof: read({ ...given.proof, inBase: false }) }),
);
add(
  'NOT_LANDED',
  'hold',
  'G-LND-6',
  'style merge without the head',
  landed({ proof: read({ ...given.proof, headIsAncestor: false }) }),
);
add('NOT_LANDED', 'hold', 'G-LND-1', 'nothing was recorded', landed({ intent: null }));
add('NOT_LANDED', 'error', 'G-LND-7', 'git does not answer', landed({ proof: unreadable('exit 128') }));
add(
  'NOT_LANDED',
  'error',
  'G-LND-7',
  'the base branch could not be read',
  landed({ proof: read(null), baseTip: unreadable('timeout') }),
);
add(
  'NOT_LANDED',
  'error',
  'G-LND-7',
  'an empty tree',
  landed({
    proof: read({ ...given.proof, tree: '' }),
    intent: { mergeHead: given.sha('a'), expectedTree: '', baseSha: given.sha('e') },
  }),
);
add(
  'LANDED_TREE_MISMATCH',
  'hold',
  'G-LND-8',
  'another tree',
  landed({ proof: read({ ...given.proof, tree: given.sha('6') }) }),
);
add(
  'LANDED_TREE_MISMATCH',
  'hold',
  'G-LND-1',
  'the head carries other code',
  landed({ codeTree: read({ validated: given.sha('7'), head: given.sha('8') }) }),
);
add(
  'LANDED_BASE_MOVED',
  'hold',
  'G-LND-4',
  'the base moved before the merge',
  landed({ ...notFound, pullMerged: false, baseTip: read(given.sha('4')) }),
);
add(
  'NOT_LANDED',
  'hold',
  'G-LND-8',
  'closed without a merge, wherever the base is',
  landed({ ...notFound, pullMerged: false, pullClosed: true, baseTip: read(given.sha('4')) }),
);
add(
  'LANDED_BASE_MOVED',
  'hold',
  'G-LND-4',
  'merged onto a moved base',
  landed({ proof: read({ ...given.proof, tree: given.sha('6'), onMovedBase: true }) }),
);
add('LANDED_OUT_OF_BAND', 'hold', 'G-LND-9', 'merged by a person at review', landed({ stage: 'review' }));
add(
  'PR_CREATE_FAILED',
  'hold',
  'G-LND-3',
  'no pull request',
  landed({ ...notFound, pullMerged: false, call: { kind: 'pull-failed', text: 'HTTP 422' } }),
);
add(
  'MERGE_REFUSED',
  'hold',
  'G-LND-5',
  'refused',
  landed({ ...notFound, pullMerged: false, call: { kind: 'refused', text: 'HTTP 403' } }),
);
add('LANDED_INTERNAL', 'error', 'G-GEN-8', 'broken facts', () => decideLanded(broken, { style: 'merge' }));

export const landedCases = cases;
