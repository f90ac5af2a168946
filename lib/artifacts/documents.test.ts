import { describe, expect, it } from 'vitest';
import {
  ACCEPTANCE,
  ADR,
  BRD,
  CONFLICT,
  INFRA,
  QUESTIONS,
  TEST_PLAN,
  TRZ,
} from '../../tests/golden/artifacts/analysis-package.ts';
import { criterionId, parseAcceptance } from './acceptance.ts';
import { isAcceptedAdr, parseAdr, readArchitecture } from './adr.ts';
import { parseBrd } from './brd.ts';
import { checkArtifact } from './check-artifact.ts';
import type { Reading } from './codes.ts';
import { readSignal } from './signals.ts';
import { OUTLINES, renderTemplate, type TemplateName } from './templates.ts';
import { parseTestPlan } from './test-plan.ts';
import { parseTrz } from './trz.ts';

const ADR_FILE = '06-adr/ADR-001-stream-rows.md';
const codeOf = (read: Reading<unknown>) => (read.ok ? 'ok' : read.code);
const warningsOf = (read: Reading<unknown>) =>
  read.ok ? read.warnings.map(({ text }) => text) : [`fault ${read.code}`];

describe('01, 02, 03', () => {
  it('the examples of the specification are read without warnings', () => {
    expect(warningsOf(parseBrd(BRD, 'ET-12'))).toEqual([]);
    expect(warningsOf(parseTrz(TRZ, 'ET-12'))).toEqual([]);
    expect(warningsOf(parseAcceptance(ACCEPTANCE, 'ET-12'))).toEqual([]);
  });

  it('AR-FM-13: a missing heading and a broken frontmatter only warn', () => {
    expect(warningsOf(parseBrd(BRD.replace('## Goal\n', ''), 'ET-12'))).toEqual(['the heading "Goal" is missing']);
    expect(warningsOf(parseTrz(`---\na: &x 1\n---\n${TRZ}`, 'ET-12'))).toContain('an anchor (&) is not allowed');
    expect(warningsOf(parseBrd(BRD.replace('revision: 2', 'revision: two'), 'ET-12'))).toEqual([
      'revision is "two", expected a whole number from 1',
    ]);
  });

  it('AR-FM-13: headings are compared without case, numbers and punctuation', () => {
    expect(warningsOf(parseTrz(TRZ.replace('## Not to do', '## 8. NOT TO DO:'), 'ET-12'))).toEqual([]);
  });

  it.each([
    ['', 'art.empty'],
    [' \n\n', 'art.empty'],
    ['# BRD\nshort\n', 'art.empty'],
    ['# BRD\n## Goal\n## Scope\n', 'art.skeleton'],
    ['# BRD\n## Goal\nTBD\n## Scope\n- …\n- <scope>\n', 'art.skeleton'],
    ['# BRD\n<!-- write here what the goal is, at least one paragraph of text -->\n', 'art.skeleton'],
    [renderTemplate('01-brd.md'), 'art.skeleton'],
    [`\uFEFF${renderTemplate('01-brd.md').replaceAll('\n', '\r\n')}`, 'art.skeleton'],
    [BRD.replace('ET-12', 'ET-9'), 'art.foreign'],
    [BRD.replace('type: brd', 'type: trz'), 'art.wrong_type'],
    [`${BRD}\0`, 'art.encoding'],
    [Buffer.from(`${BRD}\xff`, 'latin1'), 'art.encoding'],
    [`${BRD}${'x'.repeat(256 * 1024)}`, 'art.too_large'],
  ])('art.*: a BRD %# is refused', (source, code) => {
    expect(codeOf(parseBrd(source, 'ET-12'))).toBe(code);
  });

  it('artifacts §5 (03): AC-1 and AC-01 are one criterion; none at all is a skeleton', () => {
    expect(criterionId('AC-01')).toBe('AC-1');
    expect(criterionId('AC-x')).toBeNull();
    expect(parseAcceptance(ACCEPTANCE.replace('AC-2', 'AC-002'), 'ET-12')).toMatchObject({
      data: { criteria: ['AC-1', 'AC-2'] },
    });
    expect(codeOf(parseAcceptance(ACCEPTANCE.replaceAll('AC-', 'Criterion '), 'ET-12'))).toBe('art.skeleton');
    expect(warningsOf(parseAcceptance(ACCEPTANCE.replace('AC-2', 'AC-01'), 'ET-12'))).toEqual(['AC-1 is given twice']);
    expect(warningsOf(parseAcceptance(ACCEPTANCE.replace('FAIL: written as is.', ''), 'ET-12'))).toEqual([
      'AC-2 does not say when it is a FAIL',
    ]);
  });
});

describe('04-test-plan.yaml', () => {
  const plan = (text: string, extra: object = {}) => parseTestPlan(text, { item: 'ET-12', ...extra });

  it('reads the example, and `expected` is a description, never a result (case 41)', () => {
    const read = plan(TEST_PLAN.replace('expected: PASS', 'expected: FAIL'), {
      criteria: ['AC-1', 'AC-2'],
      track: 'bug',
    });
    expect(read).toMatchObject({
      ok: true,
      warnings: [],
      data: {
        title: 'CSV export',
        tests: [
          { id: 'TC-01', expected: 'FAIL' },
          { id: 'TC-02', regression: true },
        ],
      },
    });
  });

  it('one leading document mark is allowed', () => {
    expect(codeOf(plan(`# plan\n---\n${TEST_PLAN}`))).toBe('ok');
  });

  it.each([
    ['two tests with one id', TEST_PLAN.replace('TC-02', 'TC-01'), 'plan.duplicate_id'],
    ['no tests', 'work_item: ET-12\ntests: []\n', 'art.empty'],
    ['no list', 'work_item: ET-12\n', 'art.empty'],
    ['a mapping of tests', 'work_item: ET-12\ntests: {a: b}\n', 'plan.field'],
    ['an anchor', 'work_item: ET-12\nbase: &b {type: unit}\ntests:\n  - *b\n', 'fm.forbidden'],
    ['two documents', `${TEST_PLAN}---\na: b\n`, 'fm.forbidden'],
    ['a tag', TEST_PLAN.replace('PASS', '!!str PASS'), 'fm.forbidden'],
    ['broken YAML', 'work_item: [', 'fm.yaml'],
    ['a list', '- a\n', 'fm.not_mapping'],
    ['a doubled key', TEST_PLAN.replace('title:', 'work_item: ET-12\ntitle:'), 'fm.duplicate_key'],
    [
      '301 tests',
      `work_item: ET-12\ntests:\n${Array.from({ length: 301 }, (_, n) => `  - {id: TC-${n}}\n`).join('')}`,
      'fm.too_large',
    ],
    ['129 KiB', `${TEST_PLAN}# ${'x'.repeat(129 * 1024)}`, 'art.too_large'],
    ['an empty file', ' \n', 'art.empty'],
    ['another item', TEST_PLAN.replace('ET-12', 'ET-9'), 'art.foreign'],
    ['no item', TEST_PLAN.replace('work_item: ET-12\n', ''), 'plan.field'],
    ['a wrong id', TEST_PLAN.replace('TC-01', 'T-1'), 'plan.field'],
    ['no module', TEST_PLAN.replace('    module: test/export.test.ts\n', ''), 'plan.field'],
    ['a module outside', TEST_PLAN.replace('test/export.test.ts', '../x.ts'), 'plan.field'],
    ['no expected', TEST_PLAN.replace('    expected: PASS\n', ''), 'plan.field'],
    ['a description of 2001', TEST_PLAN.replace('three tracks give four lines', 'x'.repeat(2001)), 'plan.field'],
    ['an acceptance that is no id', TEST_PLAN.replace('[AC-1]', '[BR-1]'), 'plan.field'],
    ['an acceptance that is no list', TEST_PLAN.replace('[AC-1]', 'AC-1'), 'plan.field'],
    ['a test that is text', 'work_item: ET-12\ntests: [TC-01]\n', 'plan.field'],
    ['NUL', `${TEST_PLAN}\0`, 'art.encoding'],
  ])('artifacts §5 (04): %s', (_, text, code) => {
    expect(codeOf(plan(text))).toBe(code);
  });

  it('names test, key and value in the error', () => {
    expect(plan(TEST_PLAN.replace('TC-02', 'TC-2000'))).toMatchObject({
      text: 'test TC-2000: id is "TC-2000", expected TC- and a number, such as TC-01',
    });
  });

  it('warns for an unknown type, an unknown or uncovered criterion and a bug without a regression test', () => {
    expect(warningsOf(plan(TEST_PLAN.replace('type: unit', 'type: fuzz')))).toEqual([
      'TC-02: type is "fuzz", expected one of unit, integration, e2e, ui, manual',
    ]);
    expect(warningsOf(plan(TEST_PLAN, { criteria: ['AC-1', 'AC-3'] }))).toEqual([
      'TC-02: AC-2 is not in 03-acceptance-criteria.md',
      'no test covers AC-3',
    ]);
    expect(warningsOf(plan(TEST_PLAN.replace('    regression: true\n', ''), { track: 'bug' }))).toEqual([
      'no test has `regression: true`, which a bug needs',
    ]);
  });
});

describe('06-adr, 07', () => {
  it('reads the example', () => {
    expect(parseAdr(ADR, 'ET-12', ADR_FILE)).toMatchObject({
      ok: true,
      data: { number: 'ADR-001', title: 'Stream rows, no temporary file', status: 'Accepted', majorChange: false },
      warnings: [],
    });
    expect(parseAdr(ADR.replace('status: Accepted', 'major_change: true'), 'ET-12', ADR_FILE)).toMatchObject({
      data: { majorChange: true },
    });
  });

  it.each([
    ['06-adr/adr-1.md', ADR, 'art.name'],
    ['06-adr/ADR-1-x.md', ADR, 'art.name'],
    ['06-adr/ADR-001-Slug.md', ADR, 'art.name'],
    [`06-adr/ADR-001-${'x'.repeat(61)}.md`, ADR, 'art.name'],
    [ADR_FILE, ADR.replace('## Decision\n', ''), 'art.skeleton'],
    [ADR_FILE, ADR.replace('Write rows to the response from a database cursor.', 'TBD'), 'art.skeleton'],
    [ADR_FILE, renderTemplate('06-adr/ADR-NNN-<slug>.md'), 'art.skeleton'],
    [ADR_FILE, '# ADR\n## Decision\nYes.\n', 'art.empty'],
    [ADR_FILE, ADR.replace('ET-12', 'ET-9'), 'art.foreign'],
  ])('artifacts §5 (06-adr): %s %# is refused', (name, text, code) => {
    expect(codeOf(parseAdr(text, 'ET-12', name))).toBe(code);
  });

  it('G-ARC-2: valid ADRs and 07 count, broken ones are named with their path', () => {
    const root = 'docs/work-items/ET-12';
    const files = new Map(
      Object.entries({
        [`${root}/${ADR_FILE}`]: ADR,
        [`${root}/06-adr/ADR-002-empty.md`]: '# ADR\n',
        [`${root}/07-infra-requirements.md`]: INFRA,
        'docs/work-items/ET-9/06-adr/ADR-001-x.md': ADR,
      }).map(([path, text]) => [path, Buffer.from(text)] as const),
    );
    const read = readArchitecture(files, 'ET-12');
    expect([...read.adrs.keys()]).toEqual([`${root}/${ADR_FILE}`]);
    expect(read.infra).toBe(true);
    expect(read.faults).toMatchObject([{ path: `${root}/06-adr/ADR-002-empty.md`, code: 'art.skeleton' }]);
    expect(readArchitecture(new Map(), 'ET-12')).toEqual({ adrs: new Map(), infra: false, faults: [] });
    expect(
      readArchitecture(new Map([[`${root}/07-infra-requirements.md`, Buffer.from('# 07\nnone')]]), 'ET-12').infra,
    ).toBe(false);
  });

  it('AR-AD-1: a global ADR says whether it is accepted, in frontmatter or under Status', () => {
    expect(isAcceptedAdr('---\nstatus: accepted\n---\n# x\n')).toBe(true);
    expect(isAcceptedAdr('# x\n## Status\n\n**Accepted** 2026\n')).toBe(true);
    expect(isAcceptedAdr('# x\n## Status\nproposed\n## Context\naccepted elsewhere\n')).toBe(false);
  });
});

describe('signals', () => {
  it('reads questions and conflict as text without frontmatter', () => {
    expect(readSignal(QUESTIONS, '01-questions.md', 'ET-12')).toMatchObject({
      kind: 'text',
      text: expect.stringMatching(/^# Questions: ET-12/),
    });
    expect(readSignal(CONFLICT, '06-conflict.md', 'ET-12').kind).toBe('text');
  });

  it('AR-Q-5: any text counts, also behind a broken frontmatter', () => {
    expect(readSignal('Which tracks?', '01-questions.md', 'ET-12').kind).toBe('text');
    expect(readSignal('---\na: &x 1\n---\nWhich tracks?', '01-questions.md', 'ET-12')).toMatchObject({
      kind: 'text',
      warnings: [{ code: 'fm.forbidden' }],
    });
  });

  it.each([
    [null, undefined],
    ['', 'art.empty'],
    [renderTemplate('06-conflict.md').replaceAll('<ID>', 'ET-12'), 'art.skeleton'],
    ['# Conflict\n- …\n', 'art.skeleton'],
    [CONFLICT.replace('ET-12', 'ET-9'), 'art.foreign'],
    ['x'.repeat(65 * 1024), 'art.too_large'],
    ['a\0b', 'art.encoding'],
  ])('artifacts §5 (06-conflict): %# signals nothing', (source, code) => {
    const read = readSignal(source, '06-conflict.md', 'ET-12');
    expect(read.kind).toBe('nothing');
    expect(read.warnings[0]?.code).toBe(code);
  });
});

describe('templates', () => {
  it.each(Object.keys(OUTLINES) as TemplateName[])('AR-DC-6: the unedited template of %s is never accepted', (name) => {
    const file = name.startsWith('06-adr/') ? ADR_FILE : name;
    const { faults, warnings } = checkArtifact(
      file,
      Buffer.from(renderTemplate(name).replaceAll('<ID>', 'ET-12')),
      'ET-12',
    );
    const codes = [...faults, ...warnings].map(({ code }) => code);
    expect(codes).toContain(name === '12-review.md' ? 'art.unrecognised' : 'art.skeleton');
  });
});
