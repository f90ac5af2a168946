import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { STAGES, type Stage } from '../pipeline/stages.ts';
import { HOLD_REASONS } from '../pipeline/state.ts';
import { error, fail, hold, pass } from '../pipeline/verdict.ts';
import { renderCard } from './card.ts';
import { stageDocuments } from './documents.ts';
import { type Dossier, renderDossier } from './dossier.ts';
import { holdExit } from './exits.ts';
import { renderFailure, renderFailureHtml } from './failure.ts';
import { renderGateSummary } from './gate-summary.ts';
import { nextOfVerdict } from './next-step.ts';
import { NOTICE_KINDS, isNotice, renderNotice } from './notices.ts';
import { renderPullBody, renderPullTitle } from './pull-request.ts';
import { stageVerdict } from './roles.ts';
import { pullStatusMarker, renderPullStatus, renderRunSummary } from './run-summary.ts';
import { type StatusComment, renderStatusComment } from './status-comment.ts';
import { renderStatusDescription } from './status-description.ts';
import { renderSummaryComment } from './summary-comment.ts';

const golden = (name: string): string => join(import.meta.dirname, '../../tests/golden/report', `${name}.txt`);
const REPOSITORY = 'https://git.example.org/acme/gpx';
const SHA = '9f2c11ab'.repeat(5);
const USAGE = { input: 8_500_000, cached: 8_400_000, output: 45_800, costUsd: 7.29 };
const FILES = [
  '00-business-request.md',
  '01-brd.md',
  '02-trz.md',
  '03-acceptance-criteria.md',
  '04-test-plan.yaml',
  '06-adr/ADR-001-gpx.md',
  '10-tech-risks.md',
  '12-review.md',
  '13-test-report.md',
  '14-deploy-log.md',
  '15-staging-log.md',
];
const documents = (stage: Stage, repository: string | null = REPOSITORY) =>
  stageDocuments({
    item: 'ET-12',
    stage,
    files: FILES,
    sha: SHA,
    repository,
    branch: 'feature/ET-12-gpx-upload',
    pull: 31,
  });
const comment = (stage: Stage, more: Partial<StatusComment> = {}): StatusComment => ({
  stage,
  attempt: 1,
  verdict: null,
  seconds: 252,
  documents: documents(stage),
  usage: USAGE,
  ...more,
});

describe('H-CMT-1…6: the unified comment', () => {
  it('has the form of people §1.1 for every stage', async () => {
    const text = STAGES.map(
      (stage) => `${stage}\n${renderStatusComment(comment(stage, { attempt: stage === 'review' ? 2 : 1 }))}`,
    );
    await expect(`${text.join('\n\n')}\n`).toMatchFileSnapshot(golden('status-comment'));
  });

  it('is the example of people §1.1 to the letter', () => {
    const verdict = stageVerdict('review', { verdict: ' APPROVED ' });
    const sha = '9f2c';
    expect(
      renderStatusComment(
        comment('review', {
          verdict,
          documents: stageDocuments({
            item: 'ET-12',
            stage: 'review',
            files: FILES,
            sha,
            repository: REPOSITORY,
            branch: null,
            pull: null,
          }),
        }),
      ),
    ).toBe(
      `<div><p>🔎 Reviewer — Change review finished.<br>Verdict: APPROVED<br>Duration: 4m 12s</p><p><b>Documents:</b></p><ul><li><a href="${REPOSITORY}/src/commit/9f2c/docs/work-items/ET-12/12-review.md">Review</a></li></ul><p><sub>8.5M in (8.4M cached) / 45.8k out · $7.29</sub></p></div>`,
    );
  });

  it('H-CMT-4: each missing part drops only its own line', () => {
    const bare = renderStatusComment(comment('testing', { seconds: null, usage: null, documents: [] }));
    expect(bare).toBe('<div><p>🧪 Tester — Test run finished.</p></div>');
    expect(renderStatusComment(comment('testing', { usage: null, documents: [] }))).toBe(
      '<div><p>🧪 Tester — Test run finished.<br>Duration: 4m 12s</p></div>',
    );
  });

  it('regression 41: a builder that fails leaves one line', () => {
    const broken = { ...comment('review'), documents: null as never };
    expect(renderStatusComment(broken)).toBe('<div><p>🔎 Reviewer — finished (details unavailable)</p></div>');
  });

  it('H-CMT-5: without a base there are names and no links', () => {
    expect(renderStatusComment(comment('analysis', { documents: documents('analysis', null) }))).not.toContain('href');
  });

  it('H-CMT-6: the analyst names Approved and Rejected and never In Progress', () => {
    const text = renderStatusComment(comment('analysis'));
    expect(text).toContain('Approved');
    expect(text).toContain('Rejected');
    expect(text).not.toContain('In Progress');
  });

  it.each<[Stage, Record<string, unknown> | null, unknown]>([
    ['testing', { result: 'PASS' }, { label: 'Verdict', value: 'PASS' }],
    ['testing', { verdict: 'FAIL', status: 'x' }, { label: 'Verdict', value: 'FAIL' }],
    ['testing', { result: '  ', verdict: 'pass ' }, { label: 'Verdict', value: 'pass' }],
    ['testing', { result: ['PASS'] }, null],
    ['testing', {}, null],
    ['testing', null, null],
    ['review', { result: 'PASS' }, null],
    ['deploy-staging', { staging_status: 'SUCCESS' }, { label: 'Status', value: 'SUCCESS' }],
    ['deploy', { deploy_status: 'FAILED' }, { label: 'Status', value: 'FAILED' }],
    ['analysis', { verdict: 'x' }, null],
  ])('H-CMT-1, regression 34: %s with %j says %j', (stage, fields, line) => {
    expect(stageVerdict(stage, fields)).toEqual(line);
  });

  it('H-CMT-7: the summary has one line per role that used something, in pipeline order', async () => {
    const figures = (input: number, cached: number, output: number, costUsd: number) => ({
      input,
      cached,
      output,
      costUsd,
    });
    const text = renderSummaryComment({
      development: figures(7_900_000, 7_800_000, 120_000, 11.02),
      testing: figures(0, 0, 0, 0),
      analysis: figures(1_200_000, 0, 45_800, 2.1),
      deploy: figures(100, 0, 5, 0.01),
      'deploy-staging': figures(200, 0, 5, 0.02),
    });
    await expect(`${text}\n`).toMatchFileSnapshot(golden('summary-comment'));
    expect(renderSummaryComment({ testing: figures(0, 0, 0, 0) })).toBeNull();
  });
});

describe('people §1.2: notices', () => {
  const data: Record<string, string> = {
    errors: 'the title has 3 characters, at least 5 are needed; the description has 2 characters.',
    code: 'TESTS_FAIL',
    cause: 'TESTS_FAIL',
    gate: 'tests',
    text: '2 of 418 tests fail: parser/gpx.test.ts "keeps elevation".',
    reason: 'the elevation is lost',
    attempt: '2',
    limit: '3',
  };
  const source = (more: Record<string, string> = {}, stage: Stage = 'testing') => ({
    stage,
    data: { ...data, ...more },
    start: 'To Analyse',
    more: null,
    failure: null,
  });

  it('have the texts of the catalogue', async () => {
    const text = NOTICE_KINDS.map(
      (kind) => `${kind}\n${renderNotice(kind, source(kind === 'held' ? { code: 'retries-exhausted' } : {}))}`,
    );
    text.push(`held (empty package)\n${renderNotice('held', source({ code: 'analysis-empty' }, 'analysis'))}`);
    await expect(`${text.join('\n\n')}\n`).toMatchFileSnapshot(golden('notices'));
  });

  it('every hold names a way out, in every stage', async () => {
    const text = HOLD_REASONS.flatMap((reason) => [
      `${reason}: ${holdExit(reason, 'testing')}`,
      `${reason} in analysis: ${holdExit(reason, 'analysis')}`,
    ]);
    for (const line of text) expect(line).toMatch(/move the item to|conveyor-control/i);
    await expect(`${text.join('\n')}\n`).toMatchFileSnapshot(golden('hold-exits'));
  });

  it.each<[Stage, 'full' | 'bug', string]>([
    ['analysis', 'full', 'analysis → analysis'],
    ['development', 'full', 'development → architecture'],
    ['development', 'bug', 'development → analysis'],
    ['testing', 'bug', 'testing → development'],
    ['deploy', 'full', 'deploy → development'],
  ])('PL-H-4: a rejection in %s on track %s says %s', (stage, track, move) => {
    expect(renderNotice('rejected', { ...source({}, stage), track })).toContain(`Returned: ${move}. Reason:`);
  });

  it('H-CMT-9: without a reason the fixed text stands', () => {
    expect(renderNotice('rejected', source({ reason: ' ' }))).toContain(
      'Rejected by status, no comment with a reason found',
    );
  });

  it('H-CMT-9: a reason is cut to 300 characters, other text to 4000 with a link to the rest', () => {
    const long = 'x'.repeat(10_000);
    expect(renderNotice('rejected', source({ reason: long })).match(/x+…/)?.[0]).toHaveLength(300);
    const asked = renderNotice('questions', { ...source({ text: long }), more: 'https://git.example.org/q?a&b' });
    expect(asked.match(/x+…/)?.[0]).toHaveLength(4000);
    expect(asked).toContain('<a href="https://git.example.org/q?a&amp;b">');
  });

  it('a hold of an unknown name still names a way out', () => {
    expect(renderNotice('held', source({ code: 'something-new' }))).toContain('conveyor-control');
  });

  it('H-FUI-7: shows the failure below when there is one', () => {
    const failure = {
      verdict: fail({ gate: 'tests', code: 'TESTS_FAIL', text: 'red' }),
      evidence: 'https://git.example.org/r',
      ...nextOfVerdict(fail({ gate: 'tests', code: 'TESTS_FAIL', text: 'red' })),
    };
    expect(renderNotice('gate_failed', { ...source(), failure })).toContain(renderFailureHtml(failure));
  });

  it('knows its kinds and nothing else', () => {
    expect(isNotice('held')).toBe(true);
    for (const kind of ['toString', 'confirm', '']) expect(isNotice(kind)).toBe(false);
  });
});

describe('D-A-3: dossier', () => {
  const dossier: Dossier = {
    id: 'ET-12',
    expires: '2026-01-21T10:30:00Z',
    digest: `sha256:9f3c21d07b44${'0'.repeat(52)}`,
    sha: `4be1c07${'0'.repeat(33)}`,
    base: `e01fa22${'0'.repeat(33)}`,
    diff: { files: 14, plus: 310, minus: 42 },
    staging: 'SUCCESS 8/10, waived C9a C9b',
    security: 'PASS',
    coverage: { percent: '84.2', base: '83.9' },
    previous: { digest: `sha256:41aa90${'0'.repeat(58)}`, deployed: '2026-01-18T09:00:00Z' },
    migration: 'none',
    hookChanged: false,
  };

  it('says what a person should know before production changes', async () => {
    const bare = {
      ...dossier,
      digest: dossier.sha,
      diff: null,
      staging: null,
      security: null,
      coverage: null,
      previous: null,
      migration: null,
      hookChanged: null,
    };
    await expect(`${renderDossier(dossier)}\n\n${renderDossier(bare)}\n`).toMatchFileSnapshot(golden('dossier'));
  });
});

const red = fail({
  gate: 'tests',
  code: 'TESTS_FAIL',
  text: '2 of 418 tests fail: parser/gpx.test.ts "keeps elevation"',
  findings: '- parser/gpx.test.ts\n  keeps elevation\n::set-output name=x::y',
  facts: { failed: 2, total: 418 },
  subject: { code_tree: 'abc' },
});

describe('H-FUI-7: the failure block', () => {
  const failure = {
    verdict: red,
    evidence: `${REPOSITORY}/src/commit/${SHA}/docs/work-items/ET-12/13-test-report.md`,
    ...nextOfVerdict(red, { attempt: 2, limit: 3 }),
  };

  it('has all five fields, as Markdown and as HTML', async () => {
    await expect(`${renderFailure(failure)}\n\n${renderFailureHtml(failure)}\n`).toMatchFileSnapshot(golden('failure'));
  });

  it.each([null, 'code', 'infra', 'config', 'agent', 'human'] as const)(
    'regression 60: class %s has all five fields in both forms',
    (cls) => {
      for (const text of [
        renderFailure({ ...failure, verdict: { ...red, class: cls }, evidence: null }),
        renderFailureHtml({ ...failure, verdict: { ...red, class: cls } }),
      ])
        for (const field of ['Class: ', 'Cause: ', 'Evidence: ', 'Next: ', 'Who: ']) expect(text).toContain(field);
    },
  );

  it('what is not classified goes to the operator', () => {
    expect(renderFailure({ ...failure, verdict: { ...red, class: null } })).toMatch(
      /Class: not classified[\s\S]*Who: operator/,
    );
  });
});

describe('H-FUI-2: pages of gates and runs', () => {
  const verdicts = [
    pass({
      gate: 'ci',
      code: 'CI_GREEN',
      text: '4 of 4 contexts are green',
      facts: { contexts: ['a|b', 'c`d'] },
      subject: { sha: SHA },
    }),
    red,
    hold({ gate: 'analysis-complete', code: 'ANALYSIS_QUESTIONS', text: 'the analyst asks 2 questions' }),
    error({ gate: 'staging', code: 'STG_UNREACHABLE', text: 'connect ECONNREFUSED', detail: 'art.missing' }),
  ];

  it('a gate says verdict, why, evidence, what to do', async () => {
    const text = verdicts.map((verdict) =>
      renderGateSummary({
        verdict,
        evidence: verdict === red ? `${REPOSITORY}/r.md` : null,
        ...nextOfVerdict(verdict),
      }),
    );
    await expect(text.join('\n---\n\n')).toMatchFileSnapshot(golden('gate-summary'));
  });

  it('a run says its gates, documents, usage, failure and why the item stands where it stands', async () => {
    const base = {
      id: 'ET-12',
      stage: 'review',
      attempt: 2,
      documents: documents('review'),
      usage: USAGE,
      seconds: 252,
    };
    const failure = { verdict: red, evidence: null, ...nextOfVerdict(red, { attempt: 2, limit: 3 }) };
    const text = [
      renderRunSummary({
        ...base,
        gates: verdicts.map((verdict) => ({ ...verdict, sha: SHA })),
        failure,
        why: { kind: 'running', role: 'Developer', since: '14:05' },
      }),
      renderRunSummary({
        ...base,
        gates: [],
        documents: [],
        usage: null,
        seconds: null,
        failure: null,
        why: { kind: 'queued' },
      }),
      renderPullStatus({
        id: 'ET-12',
        move: 'review → development (attempt 2 of 3)',
        gates: [{ gate: 'ci', verdict: 'pass', code: 'CI_GREEN', sha: SHA }],
        failure,
        why: { kind: 'hold', gate: 'tests', cause: 'host unreachable' },
      }),
      renderRunSummary({
        ...base,
        gates: [],
        documents: [],
        failure: null,
        why: { kind: 'human', next: holdExit('no-progress', 'review') },
      }),
      renderRunSummary({ ...base, gates: [], documents: [], failure: null, why: { kind: 'queue', behind: 'ET-9' } }),
      renderRunSummary({ ...base, gates: [], documents: [], failure: null, why: { kind: 'over' } }),
    ];
    await expect(text.join('\n---\n\n')).toMatchFileSnapshot(golden('run-summary'));
  });

  it('H-FUI-4: the marker names the item and is an invisible line', () => {
    expect(pullStatusMarker('ET-12')).toBe('<!-- conveyor:status ET-12 -->');
  });

  it('H-FUI-6, regression 57: a description is at most 140 characters and never splits one', () => {
    const text = renderStatusDescription({
      verdict: 'hold',
      code: 'CI_SILENT',
      text: `${'x'.repeat(117)}👍👍👍${'y'.repeat(300)}`,
    });
    expect(Array.from(text).length).toBeLessThanOrEqual(140);
    expect(text.isWellFormed()).toBe(true);
    expect(text.endsWith('👍…')).toBe(true);
    expect(renderStatusDescription(pass({ gate: 'ci', code: 'CI_GREEN', text: 'all\ngreen' }))).toBe(
      'pass · CI_GREEN · all green',
    );
  });

  it('a verdict always has a next step and somebody who takes it', () => {
    for (const verdict of verdicts) expect(nextOfVerdict(verdict).next).not.toBe('');
    expect(nextOfVerdict({ ...red, action: 'rerun' })).toEqual({ next: 'The stage runs again.', who: 'conveyor' });
    expect(nextOfVerdict({ ...red, action: 'none', class: 'human' }).who).toBe('author');
    expect(nextOfVerdict({ ...red, action: 'hold', class: 'config' }).who).toBe('operator');
  });
});

describe('H-FUI-3: pull request', () => {
  const pull = {
    id: 'ET-12',
    title: 'GPX upload',
    track: 'full' as const,
    issueUrl: 'https://plane.example.org/acme/issues/1/',
    documentsUrl: `${REPOSITORY}/src/branch/feature/x/docs/work-items/ET-12`,
    request: 'As a rider\nI want to upload <b>GPX</b> files.\n',
    criteria: [{ criterion: 'AC-1: keeps | elevation', test: 'parser/gpx.test.ts', result: 'PASS' }],
    approved: { at: '2026-05-04T12:40:00Z', by: 'ada', label: null },
  };

  it('title and body have the form of people §4', async () => {
    const bare = {
      ...pull,
      issueUrl: null,
      documentsUrl: null,
      criteria: [],
      approved: { at: '2026-05-04T12:40:00Z', by: '', label: 'autoApprove' },
      request: '',
    };
    await expect(
      `${renderPullTitle(pull)}\n\n${renderPullBody(pull, null)}\n${renderPullBody(bare, null)}`,
    ).toMatchFileSnapshot(golden('pull-request'));
  });

  it('regression 59: what a person wrote outside the markers is kept, ours is rewritten as a whole', () => {
    const first = renderPullBody(pull, null).trimEnd();
    const edited = `Before\n${first}\n\nAfter @bob`;
    const again = renderPullBody({ ...pull, title: 'GPX import' }, edited);
    expect(again).toBe(edited.replace('GPX upload', 'GPX import'));
    expect(renderPullBody(pull, 'only a person’s text')).toBe(`${first}\n\nonly a person’s text`);
    expect(renderPullBody(pull, again)).toBe(edited);
  });

  it.each([
    '<!-- conveyor:begin --> broken',
    'broken <!-- conveyor:end -->',
    '<!-- conveyor:end --> x <!-- conveyor:begin -->',
  ])('loses nothing of a body with broken markers: %j', (text) => {
    expect(renderPullBody(pull, text)).toContain(text);
  });

  it('our block cannot be closed by data', () => {
    const body = renderPullBody({ ...pull, title: 'x <!-- conveyor:end -->', request: '<!-- conveyor:end -->' }, null);
    expect(body.match(/<!-- conveyor:end -->/g)).toHaveLength(1);
  });
});

describe('card', () => {
  it('H-CRD-4: is never longer than 4096 units, whatever comes in', () => {
    const reason = '<'.repeat(300);
    const rows = Array.from(
      { length: 9 },
      () => ({ label: 'stage.review', kind: 'failed', attempt: 2, reason }) as const,
    );
    const text = renderCard({
      id: 'ET-12',
      title: '&'.repeat(300),
      url: 'https://p.example.org/',
      state: 'open',
      board: 'Blocked',
      detail: null,
      rows,
      waiting: { kind: 'hold', why: '<'.repeat(300) },
      next: null,
      usage: null,
      pull: null,
    });
    expect(text.length).toBeLessThanOrEqual(4096);
    expect(text).toContain('Blocked');
  });
});
