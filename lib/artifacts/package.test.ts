import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ACCEPTANCE, BRD, CONFLICT, QUESTIONS, TEST_PLAN, TRZ } from '../../tests/golden/artifacts/analysis-package.ts';
import { conflictActive, packageComplete, questionsActive, type BranchFiles } from './package.ts';
import { renderTemplate } from './templates.ts';

const ROOT = 'docs/work-items/ET-12';
const TEXTS: Readonly<Record<string, string>> = {
  '01-brd.md': BRD,
  '02-trz.md': TRZ,
  '03-acceptance-criteria.md': ACCEPTANCE,
  '04-test-plan.yaml': TEST_PLAN,
  '01-questions.md': QUESTIONS,
  '06-conflict.md': CONFLICT,
};
const PACKAGE = { '01-brd.md': 0, '02-trz.md': 0, '03-acceptance-criteria.md': 0, '04-test-plan.yaml': 0 };

/** name → position on the branch; null = in the tree, but not changed on this branch. */
function branch(
  positions: Readonly<Record<string, number | null>>,
  texts: Readonly<Record<string, string>> = {},
): BranchFiles {
  const names = Object.entries(positions);
  return {
    item: 'ET-12',
    files: new Map(names.map(([name]) => [`${ROOT}/${name}`, Buffer.from(texts[name] ?? TEXTS[name]!)])),
    positions: new Map(
      names.flatMap(([name, position]) => (position === null ? [] : [[`${ROOT}/${name}`, position] as const])),
    ),
  };
}

describe('packageComplete', () => {
  it('AR-Q-1: four valid files that this branch changed', () => {
    expect(packageComplete(branch(PACKAGE))).toMatchObject({ complete: true, faults: [], warnings: [] });
  });

  it.each(Object.keys(PACKAGE))('AR-Q-1: without %s it is incomplete', (name) => {
    const { [name]: _, ...rest } = PACKAGE as Record<string, number>;
    expect(packageComplete(branch(rest))).toMatchObject({
      complete: false,
      faults: [{ path: `${ROOT}/${name}`, code: 'art.missing' }],
    });
  });

  it.each(Object.keys(PACKAGE))('AR-Q-1 (case 35): %s from an earlier life is no part of it', (name) => {
    expect(packageComplete(branch({ ...PACKAGE, [name]: null }))).toMatchObject({
      complete: false,
      faults: [{ code: 'art.stale' }],
    });
  });

  it('AR-Q-1: an empty, unedited or invalid file is no part of it', () => {
    expect(packageComplete(branch(PACKAGE, { '01-brd.md': '' })).faults).toMatchObject([{ code: 'art.empty' }]);
    expect(packageComplete(branch(PACKAGE, { '02-trz.md': renderTemplate('02-trz.md') })).faults).toMatchObject([
      { code: 'art.skeleton' },
    ]);
    expect(packageComplete(branch(PACKAGE, { '04-test-plan.yaml': 'tests: [' })).faults).toMatchObject([
      { code: 'fm.yaml' },
    ]);
  });

  it('AR-Q-7: an unreadable history never makes a complete package', () => {
    expect(packageComplete({ ...branch(PACKAGE), positions: null }).complete).toBe(false);
  });
});

describe('questionsActive', () => {
  const active = (positions: Record<string, number | null>, texts = {}, enabled = true) =>
    questionsActive(branch(positions, texts), { enabled }).active;

  it.each<[string, Record<string, number | null>, boolean]>([
    ['no questions', PACKAGE, false],
    ['questions alone', { '01-questions.md': 0 }, true],
    ['questions with half a package', { '01-questions.md': 3, '01-brd.md': 0 }, true],
    ['both in one commit: questions win (case 21)', { ...PACKAGE, '01-questions.md': 0 }, true],
    [
      'questions after the package',
      {
        ...PACKAGE,
        '02-trz.md': 2,
        '01-questions.md': 0,
        '01-brd.md': 2,
        '03-acceptance-criteria.md': 2,
        '04-test-plan.yaml': 2,
      },
      true,
    ],
    [
      'a later commit changed only 02 (case 22)',
      { '01-questions.md': 1, '01-brd.md': 1, '02-trz.md': 0, '03-acceptance-criteria.md': 1, '04-test-plan.yaml': 1 },
      false,
    ],
    ['questions of an earlier life', { ...PACKAGE, '01-questions.md': null }, false],
    [
      'questions older than a package of which one file is of an earlier life',
      { ...PACKAGE, '01-questions.md': 2, '03-acceptance-criteria.md': null },
      true,
    ],
  ])('AR-Q-1, AR-Q-2: %s', (_, positions, expected) => {
    expect(active(positions)).toBe(expected);
  });

  it('AR-Q-5 (case 24): unedited or empty questions signal nothing', () => {
    expect(
      active(
        { '01-questions.md': 0 },
        { '01-questions.md': renderTemplate('01-questions.md').replaceAll('<ID>', 'ET-12') },
      ),
    ).toBe(false);
    expect(active({ '01-questions.md': 0 }, { '01-questions.md': '' })).toBe(false);
  });

  it('AR-Q-6: switched off, a complete package goes first, an incomplete one does not', () => {
    expect(active({ ...PACKAGE, '01-questions.md': 0 }, {}, false)).toBe(false);
    expect(active({ '01-brd.md': 0, '01-questions.md': 0 }, {}, false)).toBe(true);
  });

  it('AR-Q-7: an unreadable history waits for a person', () => {
    expect(questionsActive({ ...branch({ ...PACKAGE, '01-questions.md': 5 }), positions: null }).active).toBe(true);
    expect(questionsActive({ ...branch(PACKAGE), positions: null }).active).toBe(false);
  });

  it('AR-Q-3: an active signal carries its text', () => {
    expect(questionsActive(branch({ '01-questions.md': 0 })).text).toContain('Which tracks?');
    expect(questionsActive(branch(PACKAGE)).text).toBeNull();
  });

  it('AR-Q-8: a conflict follows the same rule', () => {
    expect(conflictActive(branch({ ...PACKAGE, '06-conflict.md': 0 })).active).toBe(true);
    expect(conflictActive(branch({ ...PACKAGE, '06-conflict.md': 1 })).active).toBe(false);
    expect(conflictActive(branch(PACKAGE)).active).toBe(false);
  });

  it('AR-Q-2: with a complete package, questions are active exactly when no package file is newer', () => {
    const position = fc.nat(5);
    fc.assert(
      fc.property(position, fc.tuple(position, position, position, position), (asked, [brd, trz, criteria, plan]) => {
        const positions = {
          '01-brd.md': brd,
          '02-trz.md': trz,
          '03-acceptance-criteria.md': criteria,
          '04-test-plan.yaml': plan,
          '01-questions.md': asked,
        };
        expect(active(positions)).toBe(Math.min(brd, trz, criteria, plan) >= asked);
      }),
    );
  });
});
