import type { Config } from '../pipeline/config.ts';
import type { Stage } from '../pipeline/stages.ts';
import type { Verdict } from '../pipeline/verdict.ts';
import type { CodeRow } from './code-table.ts';
import { internalRow, issuer } from './code-table.ts';
import type { Fact } from './fact.ts';
import { judge } from './judge.ts';
import { hasLabel } from './labels.ts';

export const codes = [
  {
    code: 'APPROVED_VIA_STATUS',
    verdict: 'pass',
    action: 'none',
    class: null,
    rule: 'G-ANA-1',
    when: 'a person approved this very package at stage analysis',
  },
  {
    code: 'APPROVED_VIA_LABEL',
    verdict: 'pass',
    action: 'none',
    class: null,
    rule: 'G-ANA-2',
    when: 'the label `labels.auto_approve` is on the issue, without doubt',
  },
  {
    code: 'APPROVAL_PENDING',
    verdict: 'hold',
    action: 'hold',
    class: 'human',
    rule: 'G-ANA',
    when: 'nobody has approved yet',
  },
  {
    code: 'APPROVAL_STALE',
    verdict: 'hold',
    action: 'hold',
    class: 'human',
    rule: 'G-ANA-5',
    when: 'the package changed after it was approved',
  },
  {
    code: 'ANALYSIS_REJECTED',
    verdict: 'fail',
    action: 'none',
    class: 'human',
    rule: 'G-ANA-3',
    when: 'a person rejected the package; the analyst works on the reason',
  },
  internalRow('ANALYSIS_APPROVED_INTERNAL'),
] as const satisfies readonly CodeRow[];

export type ApprovalAnswer =
  | { readonly kind: 'none' }
  /** `package`: what was approved; null = what is there right now. */
  | { readonly kind: 'approved'; readonly by: string; readonly package: string | null }
  | { readonly kind: 'rejected'; readonly by: string; readonly reason: string };

export interface AnalysisApprovedFacts {
  readonly stage: Stage;
  /** Hash of the complete package; null = it is not complete. */
  readonly package: Fact<string | null>;
  readonly answer: Fact<ApprovalAnswer>;
  readonly labels: Fact<readonly string[]>;
}

const say = issuer('analysis-approved', codes);

/** Whether a person, or the label, approved this package. Total, never throws. spec: G-ANA-1…5 */
export function decideAnalysisApproved(
  facts: AnalysisApprovedFacts,
  config: Pick<Config['labels'], 'auto_approve'>,
): Verdict {
  return judge('analysis-approved', () => {
    if (facts.stage !== 'analysis')
      return say('APPROVAL_PENDING', {
        text: `an approval counts at stage analysis only, the item is at ${facts.stage}`,
      });
    if (facts.package.kind === 'unreadable')
      return say('ANALYSIS_APPROVED_INTERNAL', {
        text: `the package could not be read: ${facts.package.detail}; judged again later`,
      });
    const current = facts.package.value;
    const answer: ApprovalAnswer = facts.answer.kind === 'read' ? facts.answer.value : { kind: 'none' };
    const subject: Record<string, string> = current === null ? {} : { package: current };
    if (answer.kind === 'rejected')
      return say('ANALYSIS_REJECTED', {
        text: `${answer.by} rejected the analysis: ${answer.reason}`,
        findings: answer.reason,
        subject,
      });
    if (current === null)
      return say('APPROVAL_PENDING', { text: 'the package is not complete, so there is nothing to approve' });
    if (answer.kind === 'approved' && (answer.package === null || answer.package === current))
      return say('APPROVED_VIA_STATUS', { text: `approved by ${answer.by}`, subject });
    if (hasLabel(facts.labels, config.auto_approve))
      return say('APPROVED_VIA_LABEL', { text: `approved by label ${config.auto_approve}`, subject });
    if (answer.kind === 'approved')
      return say('APPROVAL_STALE', {
        text: `the package changed after ${answer.by} approved it: look at it and approve again`,
        subject,
      });
    const doubt = facts.answer.kind === 'unreadable' ? ` (the issue could not be read: ${facts.answer.detail})` : '';
    return say('APPROVAL_PENDING', { text: `the analysis waits for a person${doubt}: Approved or Rejected`, subject });
  });
}
