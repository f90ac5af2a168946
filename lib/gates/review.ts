import { fault } from '../artifacts/codes.ts';
import type { ArtifactFault } from '../artifacts/codes.ts';
import { staleFault } from '../artifacts/fields.ts';
import type { Finding, ReviewFindings } from '../artifacts/findings.ts';
import { SEVERITIES, extractReviewFindings } from '../artifacts/findings.ts';
import type { ReviewDraft } from '../artifacts/review.ts';
import { judgeReview, parseReview, parseReviewDraft } from '../artifacts/review.ts';
import type { Config } from '../pipeline/config.ts';
import type { Verdict } from '../pipeline/verdict.ts';
import type { CodeRow } from './code-table.ts';
import { internalRow, issuer } from './code-table.ts';
import { docsFault } from './docs-check.ts';
import type { Fact } from './fact.ts';
import { judge } from './judge.ts';
import type { ReportFile, ReportTrust } from './report-file.ts';
import { faultText, untrusted } from './report-file.ts';

export const codes = [
  {
    code: 'REVIEW_APPROVED',
    verdict: 'pass',
    action: 'none',
    class: null,
    rule: 'G-REV-7',
    when: '`verdict: APPROVED` for this very patch, without an open P0 or P1',
  },
  {
    code: 'DOCS_MISSING',
    verdict: 'fail',
    action: 'dev',
    class: 'code',
    rule: 'G-DOC-1',
    when: 'source changed without a valid changelog fragment',
  },
  {
    code: 'REVIEW_CHANGES',
    verdict: 'fail',
    action: 'dev',
    class: 'code',
    rule: 'G-REV-3',
    when: '`verdict: REQUEST_CHANGES` with findings',
  },
  {
    code: 'REVIEW_INCONSISTENT',
    verdict: 'fail',
    action: 'dev',
    class: 'code',
    rule: 'G-REV-4',
    when: '`APPROVED` with `p0` or `p1` above 0',
  },
  {
    code: 'REVIEW_NOT_JUDGED',
    verdict: 'error',
    action: 'rerun',
    class: 'agent',
    rule: 'G-REV-1',
    when: 'no file, an unreadable one, or neither APPROVED nor REQUEST_CHANGES',
  },
  {
    code: 'REVIEW_STALE',
    verdict: 'error',
    action: 'rerun',
    class: 'agent',
    rule: 'G-REV-2',
    when: 'the review is about another patch or round',
  },
  {
    code: 'REPORT_UNTRUSTED',
    verdict: 'hold',
    action: 'hold',
    class: 'human',
    rule: 'G-FM-6',
    when: 'the review is not the blob that the ledger recorded',
  },
  internalRow('REVIEW_INTERNAL'),
] as const satisfies readonly CodeRow[];

export interface ReviewFacts {
  readonly item: string;
  readonly patchId: Fact<string>;
  /** Further patch ids that the ledger recorded for this review (catch-up without conflict). spec: AR-VAL-4 */
  readonly alsoValid: readonly string[];
  /** Paths that differ between merge base and head. */
  readonly changed: Fact<readonly string[]>;
  readonly fragment: ReportFile;
  readonly file: ReportFile;
  readonly trust: ReportTrust;
  /** Round of the stage that the review must be of; null = not known. */
  readonly round: number | null;
}

const say = issuer('review', codes);

/** Whether this patch is documented and approved. Total, never throws. spec: G-DOC-1, G-REV-1…4, G-REV-7 */
export function decideReview(facts: ReviewFacts, config: { readonly docs: Config['docs'] }): Verdict {
  return judge('review', () => {
    const { patchId, changed, file, fragment } = facts;
    if (patchId.kind === 'unreadable') return unread(`the patch id: ${patchId.detail}`);
    if (changed.kind === 'unreadable') return unread(`the changed paths: ${changed.detail}`);
    if (fragment.kind === 'unreadable') return unread(`${fragment.path}: ${fragment.detail}`);
    if (file.kind === 'unreadable') return unread(`${file.path}: ${file.detail}`);
    const shape = { subject: { patch_id: patchId.value }, report: file.path };
    const missing = docsFault(changed.value, fragment, facts.item, config.docs);
    const verdict =
      file.kind === 'absent' ? notJudged(file.path, fault('art.missing')) : fromFile(facts, file, patchId.value);
    if (missing === null) return { ...verdict, ...shape };
    const also = verdict.verdict === 'fail' && verdict.findings !== null ? `\n\n${verdict.findings}` : '';
    return say('DOCS_MISSING', {
      text: missing,
      findings: `### P0 — Blocker\n- ${missing}${also}`,
      facts: verdict.facts,
      ...shape,
    });
  });
}

const unread = (what: string) => say('REVIEW_INTERNAL', { text: `could not be read: ${what}; judged again later` });
const notJudged = (path: string, found: ArtifactFault) =>
  say('REVIEW_NOT_JUDGED', {
    text: `${faultText(path, found)}: expected \`verdict: APPROVED\` or \`REQUEST_CHANGES\`; the review runs again`,
    detail: found.code,
  });

function fromFile(facts: ReviewFacts, file: Extract<ReportFile, { kind: 'file' }>, patchId: string): Verdict {
  const doubt = untrusted(file, facts.trust);
  if (doubt !== null) return say('REPORT_UNTRUSTED', { text: doubt, detail: 'art.untrusted' });
  const reading = readReview(facts, file, patchId);
  if (!reading.ok)
    return reading.code === 'art.stale'
      ? say('REVIEW_STALE', { text: `${faultText(file.path, reading)}; the review runs again`, detail: reading.code })
      : notJudged(file.path, reading);
  const { draft, body } = reading;
  const counts = { p0: draft.p0 ?? 0, p1: draft.p1 ?? 0, p2: draft.p2 ?? 0, p3: draft.p3 ?? 0 };
  const judgement = judgeReview(draft, body);
  if (judgement.kind === 'not-judged') return notJudged(file.path, judgement.fault);
  if (judgement.kind === 'approved') return say('REVIEW_APPROVED', { text: 'approved for this patch', facts: counts });
  const text = renderFindings(judgement.findings);
  if (judgement.kind === 'changes') {
    const open = extractReviewFindings(body).items.length;
    return say('REVIEW_CHANGES', {
      text: `the review asks for changes${open === 0 ? '' : `: ${open} open findings`}; see ${file.path}`,
      findings: text,
      facts: counts,
    });
  }
  return say('REVIEW_INCONSISTENT', {
    text: `${judgement.text}: fix the findings, see ${file.path}`,
    findings: text === '' ? null : text,
    facts: counts,
  });
}

type ReviewReading =
  | { readonly ok: true; readonly draft: ReviewDraft; readonly body: string }
  | ({ readonly ok: false } & ArtifactFault);

function readReview(facts: ReviewFacts, file: Extract<ReportFile, { kind: 'file' }>, patchId: string): ReviewReading {
  const { trust } = facts;
  if (trust.kind === 'recorded') {
    const reading = parseReview(file.content, facts.item);
    if (!reading.ok) return reading;
    const valid = [patchId, ...facts.alsoValid].includes(reading.data.patch_id);
    const stale = staleFault(reading.data, {
      ...(valid ? {} : { patch_id: patchId }),
      ...(facts.round === null ? {} : { version: facts.round }),
    });
    return stale === null ? { ok: true, draft: reading.data, body: reading.body } : { ok: false, ...stale };
  }
  if (trust.subject.kind === 'unreadable')
    return { ok: false, ...fault('art.untrusted', `nothing tells which patch it is about: ${trust.subject.detail}`) };
  if (trust.subject.value !== patchId)
    return {
      ok: false,
      ...fault('art.stale', `it was written for patch ${trust.subject.value}, judged is ${patchId}`),
    };
  const reading = parseReviewDraft(file.content, facts.item);
  return reading.ok ? { ok: true, draft: reading.data, body: reading.body } : reading;
}

/** P0 and P1 first, each under its heading as written. spec: AR-FB-2 */
function renderFindings(findings: ReviewFindings): string {
  const all: readonly Finding[] = [...findings.items, ...findings.prose];
  const parts = SEVERITIES.flatMap((severity) => {
    const own = all.filter((finding) => finding.severity === severity);
    return own.length === 0
      ? []
      : [`### ${findings.titles[severity] ?? severity}`, ...own.map((finding) => finding.text), ''];
  });
  return parts.join('\n').trim();
}
