import { analysisApprovedCases } from './gate-cases/analysis-approved.ts';
import { analysisCompleteCases } from './gate-cases/analysis-complete.ts';
import { architectureCases } from './gate-cases/architecture.ts';
import { ciCases } from './gate-cases/ci.ts';
import { deployCases } from './gate-cases/deploy.ts';
import { entryCases } from './gate-cases/entry.ts';
import { landedCases } from './gate-cases/landed.ts';
import { reviewCases } from './gate-cases/review.ts';
import { stagingCases } from './gate-cases/staging.ts';
import { testsCases } from './gate-cases/tests.ts';

/** Every code of every gate, one case at least, in the order of the pipeline. */
export const CASES = [
  ...entryCases,
  ...analysisCompleteCases,
  ...analysisApprovedCases,
  ...architectureCases,
  ...ciCases,
  ...reviewCases,
  ...testsCases,
  ...stagingCases,
  ...deployCases,
  ...landedCases,
];
