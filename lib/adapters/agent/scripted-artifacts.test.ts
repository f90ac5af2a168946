import { describe, expect, it } from 'vitest';
import { checkArtifact } from '../../artifacts/check-artifact.ts';
import { judgeReview, parseReviewDraft } from '../../artifacts/review.ts';
import type { ArtifactAction } from './scenario-action.ts';
import { renderScriptedArtifact, renderScriptedConflict, renderScriptedQuestions } from './scripted-artifacts.ts';

const artifact = (file: string, more: Partial<ArtifactAction> = {}): ArtifactAction => ({ file, keys: {}, ...more });
const check = (file: string, text: string): object => checkArtifact(file, Buffer.from(text), 'ET-12');

describe('artifacts of a scripted agent', () => {
  it.each([
    '01-brd.md',
    '02-trz.md',
    '03-acceptance-criteria.md',
    '04-test-plan.yaml',
    '04b-ui-test-cases.md',
    '06-adr/ADR-001-stream-rows.md',
    '07-infra-requirements.md',
    '08-data-requirements.md',
    '10-tech-risks.md',
    '12-review.md',
  ])('%s is valid as the applier sees it', (file) => {
    expect(check(file, renderScriptedArtifact(artifact(file, { title: 'CSV export: "tracks"' }), 'ET-12'))).toEqual({
      faults: [],
      warnings: [],
    });
  });

  it('questions and a conflict are signals with text', () => {
    expect(check('01-questions.md', renderScriptedQuestions(['Which tracks?', 'Which zone?'], 'ET-12'))).toEqual({
      faults: [],
      warnings: [],
    });
    expect(
      check('06-conflict.md', renderScriptedConflict('TRZ 1 breaks ADR-0007. Drop streaming, or cap it.', 'ET-12')),
    ).toEqual({ faults: [], warnings: [] });
  });

  it('AR-FB-2: a review with findings asks for changes, and its findings are found', () => {
    const text = renderScriptedArtifact(
      artifact('12-review.md', { verdict: 'REQUEST_CHANGES', p1: ['No test for formula injection src/csv.ts:41'] }),
      'ET-12',
    );
    const read = parseReviewDraft(text, 'ET-12');
    expect(read).toMatchObject({ ok: true, data: { verdict: 'REQUEST_CHANGES', p0: 0, p1: 1 } });
    expect(read.ok && judgeReview(read.data, read.body)).toMatchObject({
      kind: 'changes',
      findings: { items: [{ severity: 'P1', text: '- [ ] **No test for formula injection src/csv.ts:41**' }] },
    });
  });

  it.each([
    ['unterminated', 'fm.unterminated'],
    ['fenced', 'fm.absent'],
    ['duplicate', 'fm.duplicate_key'],
    ['list', 'art.unrecognised'],
  ] as const)('agents §4: broken %s is %s', (broken, code) => {
    expect(check('12-review.md', renderScriptedArtifact(artifact('12-review.md', { broken }), 'ET-12'))).toMatchObject({
      faults: [{ code }],
    });
  });

  it('keys of the scenario are added and replace', () => {
    const text = renderScriptedArtifact(
      artifact('12-review.md', { keys: { work_item_id: 'ET-9', extra: true } }),
      'ET-12',
    );
    expect(text).toContain('work_item_id: ET-9\n');
    expect(text).toContain('extra: true\n');
    expect(check('12-review.md', text)).toMatchObject({ faults: [{ code: 'art.foreign' }] });
  });
});
