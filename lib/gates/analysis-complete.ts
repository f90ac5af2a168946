import { packageComplete, questionsActive } from '../artifacts/package.ts';
import type { BranchFiles } from '../artifacts/package.ts';
import type { Config } from '../pipeline/config.ts';
import type { Verdict } from '../pipeline/verdict.ts';
import type { CodeRow } from './code-table.ts';
import { internalRow, issuer } from './code-table.ts';
import type { Fact } from './fact.ts';
import { judge } from './judge.ts';
import { packageHash } from './package-hash.ts';

export const codes = [
  {
    code: 'ANALYSIS_COMPLETE',
    verdict: 'pass',
    action: 'none',
    class: null,
    rule: 'G-ANC-2',
    when: '01, 02, 03 and 04 are there, written on this branch, none empty or invalid, and no question is open',
  },
  {
    code: 'ANALYSIS_QUESTIONS',
    verdict: 'hold',
    action: 'hold',
    class: 'human',
    rule: 'G-ANC-1',
    when: 'the analyst asks blocking questions in `01-questions.md`',
  },
  {
    code: 'ANALYSIS_EMPTY',
    verdict: 'error',
    action: 'rerun',
    class: 'agent',
    rule: 'G-ANC-3',
    when: 'neither a complete package nor questions',
  },
  internalRow('ANALYSIS_COMPLETE_INTERNAL'),
] as const satisfies readonly CodeRow[];

export interface AnalysisCompleteFacts {
  /** Files of the item's folder at the head, and which commit changed each. */
  readonly branch: Fact<BranchFiles>;
  /** Blob ids of those files by path. */
  readonly blobs: ReadonlyMap<string, string>;
}

const say = issuer('analysis-complete', codes);

/** What the analyst left: questions win, then the complete package. Total, never throws. spec: G-ANC-1…4, AR-Q-1…7 */
export function decideAnalysisComplete(
  facts: AnalysisCompleteFacts,
  config: Pick<Config['analysis'], 'questions'>,
): Verdict {
  return judge('analysis-complete', () => {
    if (facts.branch.kind === 'unreadable')
      return say('ANALYSIS_COMPLETE_INTERNAL', {
        text: `the branch could not be read: ${facts.branch.detail}; judged again later`,
      });
    const branch = facts.branch.value;
    const questions = questionsActive(branch, { enabled: config.questions });
    if (questions.active)
      return say('ANALYSIS_QUESTIONS', {
        text: `the analyst asks questions (${questions.why}): answer in a comment, then move the issue to To Analyse`,
        findings: questions.text,
      });
    if (branch.positions === null)
      return say('ANALYSIS_COMPLETE_INTERNAL', {
        text: 'the history of the branch could not be read, so nothing tells who wrote the package; judged again later',
      });
    const found = packageComplete(branch);
    const warnings = found.warnings.map((warning) => `${warning.path}: ${warning.text}`).slice(0, 20);
    if (found.complete) {
      const hash = packageHash(branch.item, facts.blobs);
      if (hash === null)
        return say('ANALYSIS_COMPLETE_INTERNAL', {
          text: 'the blobs of the package are not known; judged again later',
        });
      return say('ANALYSIS_COMPLETE', {
        text: 'the analysis package is complete',
        facts: { warnings },
        subject: { package: hash },
      });
    }
    const first = found.faults[0];
    return say('ANALYSIS_EMPTY', {
      text: `no complete package and no questions: ${found.faults.map((fault) => `${fault.path.split('/').at(-1) ?? ''} (${fault.code})`).join(', ')}`,
      detail: first?.code ?? null,
      findings: found.faults
        .map((fault) => `- ${fault.path}${fault.line === null ? '' : `:${fault.line}`}: ${fault.text} (${fault.code})`)
        .join('\n'),
      facts: { warnings },
    });
  });
}
