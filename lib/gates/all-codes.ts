import type { GateName } from '../pipeline/stages.ts';
import { codes as analysisApproved } from './analysis-approved.ts';
import { codes as analysisComplete } from './analysis-complete.ts';
import { codes as architecture } from './architecture.ts';
import { codes as ci } from './ci-codes.ts';
import type { CodeRow } from './code-table.ts';
import { codes as deploy } from './deploy.ts';
import { codes as entry } from './entry.ts';
import { codes as landed } from './landed.ts';
import { codes as review } from './review.ts';
import { codes as staging } from './staging.ts';
import { codes as tests } from './tests.ts';

/** Every verdict every gate can give. Docs and tests are made from it. */
export const GATE_CODES: Readonly<Record<GateName, readonly CodeRow[]>> = {
  entry,
  'analysis-complete': analysisComplete,
  'analysis-approved': analysisApproved,
  architecture,
  ci,
  review,
  tests,
  staging,
  deploy,
  landed,
};
