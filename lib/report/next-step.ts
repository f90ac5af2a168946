import type { Verdict } from '../pipeline/verdict.ts';
import type { Failure } from './failure.ts';
import { message } from './message.ts';

/** Attempt of the developer that a rollback starts, when it is known. */
export interface Budget {
  readonly attempt: number;
  readonly limit: number;
}

const START = 'To Analyse';

/** What happens after a verdict and who does it: every red names both. Total. spec: H-FUI-7 */
export function nextOfVerdict(
  verdict: Pick<Verdict, 'verdict' | 'action' | 'class' | 'code'>,
  budget: Budget | null = null,
): Pick<Failure, 'next' | 'who'> {
  if (verdict.verdict === 'pass') return { next: message('next.none'), who: 'conveyor' };
  switch (verdict.action) {
    case 'dev':
    case 'dev!':
      return { next: rework(budget), who: 'conveyor' };
    case 'rerun':
      return { next: message('next.rerun'), who: 'conveyor' };
    case 'infra':
      return { next: message('next.later'), who: 'engine' };
    case 'hold':
    case 'none':
      return forPerson(verdict);
  }
}

function rework(budget: Budget | null): string {
  if (budget === null) return message('next.rework');
  return message('next.retry', { n: String(budget.attempt), max: String(budget.limit) });
}

function forPerson({ code, class: cls }: Pick<Verdict, 'code' | 'class'>): Pick<Failure, 'next' | 'who'> {
  if (code === 'ANALYSIS_QUESTIONS') return { next: message('next.answer', { start: START }), who: 'author' };
  if (code === 'APPROVAL_PENDING' || code === 'APPROVAL_STALE')
    return { next: message('next.decide', { a: 'Approved', b: 'Rejected' }), who: 'author' };
  if (code === 'DEPLOY_AWAITING_CONFIRM') return { next: message('next.move', { a: 'Confirm Deploy' }), who: 'author' };
  if (code === 'CI_PENDING' || code === 'CI_RERUN_PENDING') return { next: message('next.ci'), who: 'engine' };
  if (cls === 'human') return { next: message('next.person_fix', { start: START }), who: 'author' };
  return { next: message('next.operator', { action: 'recheck' }), who: 'operator' };
}
