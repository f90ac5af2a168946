import { describe, expect, it } from 'vitest';
import { ADR, BRD, TEST_PLAN } from '../../tests/golden/artifacts/analysis-package.ts';
import { Config } from '../pipeline/config.ts';
import type { Role } from '../pipeline/stages.ts';
import { parseAdr } from './adr.ts';
import { parseBrd } from './brd.ts';
import { checkArtifact } from './check-artifact.ts';
import { ARTIFACT_CODES, type ArtifactCode, type Reading } from './codes.ts';
import { judgeChange } from './judge-change.ts';
import { packageComplete } from './package.ts';
import type { Change } from './path-form.ts';
import { judgeReview, parseReview, parseReviewDraft } from './review.ts';
import { readBackFault } from './stamp.ts';
import { parseTestPlan } from './test-plan.ts';
import { classifyTestReport } from './test-report.ts';
import { trustFault } from './trust.ts';

const config = Config.parse({
  version: 1,
  project: { prefix: 'ET' },
  agents: { adapter: 'scripted' },
  tracker: { kind: 'file' },
});
const code = (read: Reading<unknown>) => (read.ok ? 'ok' : read.code);
const review = (head: string) => code(parseReviewDraft(`---\n${head}\n---\n`, 'ET-12'));
const judged = (role: Role, change: Partial<Change>) => {
  const changes =
    change.path === undefined
      ? []
      : [{ kind: 'file', executable: false, content: Buffer.from('x\n'), path: '', ...change } as Change];
  const verdict = judgeChange(changes, {
    role,
    item: 'ET-12',
    config,
    tracked: new Set(),
    acceptedAdrs: new Set(),
    secrets: ['known-secret-value'],
  });
  return verdict.ok ? 'ok' : verdict.findings[0]!.code;
};
const draft = (verdict: 'APPROVED' | 'REQUEST_CHANGES', body: string) => {
  const judgement = judgeReview({ verdict }, body);
  return judgement.kind === 'not-judged' ? judgement.fault.code : judgement.kind;
};

/** One input per code that must fail with exactly it. */
const MUST_FAIL: Readonly<Record<ArtifactCode, () => string | undefined>> = {
  'fm.absent': () => code(parseReviewDraft('APPROVED\n', 'ET-12')),
  'fm.unterminated': () => code(parseReviewDraft('---\nverdict: APPROVED\n', 'ET-12')),
  'fm.yaml': () => review('verdict: [APPROVED'),
  'fm.not_mapping': () => review('- verdict'),
  'fm.duplicate_key': () => review('verdict: APPROVED\nverdict: APPROVED'),
  'fm.forbidden': () => review('verdict: &a APPROVED'),
  'fm.too_large': () => review(`verdict: APPROVED\nx: ${'y'.repeat(5000)}`),
  'art.missing': () => packageComplete({ item: 'ET-12', files: new Map(), positions: new Map() }).faults[0]?.code,
  'art.empty': () => code(parseBrd('# BRD\nshort\n', 'ET-12')),
  'art.skeleton': () => code(parseBrd('# BRD\n## Goal\nTBD\n', 'ET-12')),
  'art.too_large': () => code(parseBrd('x'.repeat(257 * 1024), 'ET-12')),
  'art.encoding': () => code(parseBrd(Buffer.from([0xff, 0xfe]), 'ET-12')),
  'art.name': () => code(parseAdr(ADR, 'ET-12', '06-adr/adr-1.md')),
  'art.secret': () => judged('developer', { path: 'a.txt', content: Buffer.from('known-secret-value') }),
  'art.foreign': () => code(parseBrd(BRD.replace('ET-12', 'ET-9'), 'ET-12')),
  'art.wrong_type': () => review('verdict: APPROVED\ntype: brd'),
  'art.no_verdict': () => review('p0: 0'),
  'art.unrecognised': () => review('verdict: APPROVE'),
  'art.contradiction': () => {
    const verdict = classifyTestReport({ result: 'PASS', total: '0' });
    return verdict.kind === 'not-judged' ? verdict.code : verdict.kind;
  },
  'art.no_findings': () => draft('REQUEST_CHANGES', '## Findings\n### P0\n- none\n'),
  'art.stale': () => code(parseReview('---\nverdict: APPROVED\n---\n', 'ET-12')),
  'art.untrusted': () =>
    checkArtifact('13-test-report.md', Buffer.from('---\nresult: PASS\n---\n'), 'ET-12').faults[0]?.code,
  'art.readback': () => readBackFault(Buffer.from('a'), Buffer.from('b'))?.code,
  'art.no_output': () => judged('developer', {}),
  'plan.duplicate_id': () => code(parseTestPlan(TEST_PLAN.replace('TC-02', 'TC-01'), { item: 'ET-12' })),
  'plan.field': () => code(parseTestPlan(TEST_PLAN.replace('TC-02', 'X'), { item: 'ET-12' })),
  'scope.path': () => judged('reviewer', { path: 'src/a.ts' }),
  'scope.mode': () => judged('developer', { path: 'vendor', kind: 'submodule' }),
  'scope.name': () => judged('developer', { path: 'a/../b' }),
  'scope.size': () => judged('developer', { path: 'a.txt', content: Buffer.alloc(5000 * 1024, 'x') }),
};

describe('codes of AR-VAL', () => {
  it('the specification has 30 codes, each with a case that must fail', () => {
    expect(Object.keys(MUST_FAIL)).toHaveLength(30);
    expect(Object.keys(MUST_FAIL).toSorted()).toEqual(Object.keys(ARTIFACT_CODES).toSorted());
  });

  it.each(Object.entries(MUST_FAIL))('AR-VAL-6: %s', (expected, produce) => {
    expect(produce()).toBe(expected);
  });

  it('AR-VAL-2: a verdict file that the ledger does not know is untrusted too', () => {
    expect(trustFault('12-review.md', null, { blob: 'a' }, 1)?.code).toBe('art.untrusted');
  });
});

describe('hostile text', () => {
  const units = [
    ' ',
    '\n',
    '\t',
    '# ',
    '#\n',
    '## x\n',
    '- ',
    '- \n',
    '<',
    '<x',
    '</content> ',
    '>',
    '|',
    '| a ',
    '`',
    '```\n',
    '~~~\n',
    '---\n',
    '<!--',
    '*',
    '**',
    '[',
    '1. ',
    'P0 ',
    '### P0\n',
    '\r',
    '\r\n',
    '\u001b',
    '\u001b[',
    'AC-1\n',
    '## AC-1\n',
    'FAIL ',
    'ſ',
    '\u200b',
    '"',
    '\\',
    'eyJ',
    'sk-ant-',
    'a://',
    '-----BEGIN ',
  ];
  it.each(units)('every reader ends on 250 KiB of %j', (unit) => {
    const half = unit.repeat(Math.floor((125 * 1024) / Buffer.byteLength(unit)));
    const text = `${half}x${half}`;
    const wi = 'docs/work-items/ET-12';
    const names = [
      '01-brd.md',
      '01-questions.md',
      '02-trz.md',
      '03-acceptance-criteria.md',
      '06-adr/ADR-001-x.md',
      '07-infra-requirements.md',
      '10-tech-risks.md',
      '12-review.md',
    ];
    for (const name of names) checkArtifact(name, Buffer.from(text), 'ET-12');
    checkArtifact('12-review.md', Buffer.from(`---\nverdict: APPROVED\n---\n## Findings\n${text}`), 'ET-12');
    checkArtifact('04-test-plan.yaml', Buffer.from(text.slice(0, 100 * 1024)), 'ET-12');
    judged('reviewer', { path: `${wi}/12-review.md`, content: Buffer.from(text) });
    judged('developer', { path: 'changelog.d/ET-12.md', content: Buffer.from(text) });
    expect(judged('developer', { path: 'src/x.ts', content: Buffer.from(text) })).toMatch(/^(ok|art\.secret)$/);
  });
});
