import { z } from 'zod';
import { fault, type ArtifactFault, type Reading } from './codes.ts';
import { Count, PatchId, readVerdictFile, Round, Stamp, word } from './fields.ts';
import { extractReviewFindings, type Finding, type ReviewFindings } from './findings.ts';

/** What the reviewer itself writes into the frontmatter of `12-review.md`. */
export const ReviewDraft = z.object({
  verdict: word('APPROVED', 'REQUEST_CHANGES'),
  p0: Count.optional(),
  p1: Count.optional(),
  p2: Count.optional(),
  p3: Count.optional(),
});
export type ReviewDraft = z.infer<typeof ReviewDraft>;

/** The file as it is stored: draft and stamp. */
export const Review = ReviewDraft.extend({
  ...Stamp.shape,
  type: z.literal('review'),
  version: Round,
  patch_id: PatchId,
});
export type Review = z.infer<typeof Review>;

const rules = { type: 'review', verdictKeys: ['verdict'] } as const;

/** The stored review. Faults: fm.*, art.*; a missing stamp is `art.stale`. */
export function parseReview(source: Buffer | string, item: string): Reading<Review> {
  return readVerdictFile(source, { ...rules, item, schema: Review });
}

/** The reviewer's own text, before it is stamped. */
export function parseReviewDraft(source: Buffer | string, item: string): Reading<ReviewDraft> {
  return readVerdictFile(source, { ...rules, item, schema: ReviewDraft });
}

export type ReviewJudgement =
  | { readonly kind: 'approved' }
  | { readonly kind: 'changes'; readonly findings: ReviewFindings }
  /** APPROVED, but the file counts open P0 or P1. spec: G-REV-4 */
  | { readonly kind: 'inconsistent'; readonly text: string; readonly findings: ReviewFindings }
  | { readonly kind: 'not-judged'; readonly fault: ArtifactFault };

/**
 * What a review says once its frontmatter is read: the negative value wins, a request needs a finding, and prose neither
 * passes nor rolls back. spec: G-REV-3, G-REV-4, G-REV-7, AR-VAL-5, artifacts §5 (12)
 */
export function judgeReview(draft: ReviewDraft, body: string): ReviewJudgement {
  const findings = extractReviewFindings(body);
  if (draft.verdict === 'REQUEST_CHANGES') {
    if (findings.items.length + findings.prose.length > 0) return { kind: 'changes', findings };
    return {
      kind: 'not-judged',
      fault: fault('art.no_findings', 'REQUEST_CHANGES without an open finding under P0…P3'),
    };
  }
  const counted = (draft.p0 ?? 0) + (draft.p1 ?? 0);
  if (counted > 0)
    return { kind: 'inconsistent', text: `APPROVED with p0: ${draft.p0 ?? 0}, p1: ${draft.p1 ?? 0}`, findings };
  const open = blocking(findings.items);
  if (open.length > 0) {
    const [first] = open;
    return {
      kind: 'not-judged',
      fault: fault(
        'art.contradiction',
        `APPROVED, but ${open.length} open P0/P1 in the text, first: ${first!.text.split('\n')[0]!.slice(0, 120)}`,
      ),
    };
  }
  return { kind: 'approved' };
}

/** The findings that must be fixed. */
export function blocking(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(({ severity }) => severity === 'P0' || severity === 'P1');
}
