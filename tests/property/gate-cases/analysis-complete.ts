import { decideAnalysisComplete } from '../../../lib/gates/analysis-complete.ts';
import { unreadable } from '../../../lib/gates/fact.ts';
import * as given from '../gates-builders.ts';
import { caseList } from './case-list.ts';

const { cases, add } = caseList('analysis-complete');

const complete =
  (files: Parameters<typeof given.branch>[0], questions = true) =>
  () =>
    decideAnalysisComplete(given.analysisFacts(given.branch(files)), { questions });
add('ANALYSIS_COMPLETE', 'pass', 'G-ANC-2', 'the four files', complete(given.packageAt(0)));
add(
  'ANALYSIS_COMPLETE',
  'pass',
  'G-ANC-4',
  'old questions and a fresh package',
  complete({ ...given.packageAt(0), '01-questions.md': [given.QUESTIONS, 1] }),
);
add(
  'ANALYSIS_COMPLETE',
  'pass',
  'AR-Q-6',
  'questions switched off',
  complete({ ...given.packageAt(0), '01-questions.md': [given.QUESTIONS, 0] }, false),
);
add(
  'ANALYSIS_QUESTIONS',
  'hold',
  'G-ANC-1',
  'both in one run',
  complete({ ...given.packageAt(0), '01-questions.md': [given.QUESTIONS, 0] }),
);
add('ANALYSIS_QUESTIONS', 'hold', 'G-ANC-1', 'questions only', complete({ '01-questions.md': [given.QUESTIONS, 0] }));
add('ANALYSIS_QUESTIONS', 'hold', 'AR-Q-7', 'a history that cannot be read', () => {
  const files = {
    ...given.branch({ ...given.packageAt(0), '01-questions.md': [given.QUESTIONS, 5] }),
    positions: null,
  };
  return decideAnalysisComplete(given.analysisFacts(files), { questions: true });
});
add('ANALYSIS_EMPTY', 'error', 'G-ANC-3', 'neither', complete({}));
add(
  'ANALYSIS_EMPTY',
  'error',
  'G-ANC-3',
  'one file missing',
  complete({ ...given.packageAt(0), '02-trz.md': ['', 0] }),
);
add(
  'ANALYSIS_EMPTY',
  'error',
  'AR-Q-1',
  'a package that this branch did not write',
  complete(Object.fromEntries(Object.entries(given.PACKAGE).map(([name, text]) => [name, [text, null]]))),
);
add(
  'ANALYSIS_EMPTY',
  'error',
  'AR-Q-5',
  'an unedited questions file',
  complete({ '01-questions.md': ['# Questions: ET-12\n', 0] }),
);
add('ANALYSIS_COMPLETE_INTERNAL', 'error', 'G-FM-4', 'git does not answer', () =>
  decideAnalysisComplete({ branch: unreadable('timeout'), blobs: new Map() }, { questions: true }),
);
add('ANALYSIS_COMPLETE_INTERNAL', 'error', 'AR-Q-7', 'no history and no questions', () =>
  decideAnalysisComplete(given.analysisFacts({ ...given.branch(given.packageAt(0)), positions: null }), {
    questions: true,
  }),
);

export const analysisCompleteCases = cases;
