import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { STAGES } from '../pipeline/stages.ts';
import { fail } from '../pipeline/verdict.ts';
import { renderCard } from './card.ts';
import { renderDossier } from './dossier.ts';
import { renderFailure, renderFailureHtml } from './failure.ts';
import { renderGateSummary } from './gate-summary.ts';
import { nextOfVerdict } from './next-step.ts';
import { NOTICE_KINDS, renderNotice } from './notices.ts';
import { renderPullBody, renderPullTitle } from './pull-request.ts';
import { renderPullStatus, renderRunSummary } from './run-summary.ts';
import { renderStatusComment } from './status-comment.ts';
import { renderStatusDescription } from './status-description.ts';

const LINK = 'https://git.example.org/acme/gpx';

/** Every text of the report with one text of an attacker in every place that takes data. */
function everything(text: string): {
  readonly html: readonly string[];
  readonly markdown: readonly string[];
  readonly plain: readonly string[];
} {
  const verdict = fail({
    gate: 'tests',
    code: 'TESTS_FAIL',
    text,
    findings: `${text}\n${text}`,
    facts: { [text.slice(0, 50)]: text },
    subject: { text },
  });
  const failure = { verdict, evidence: null, ...nextOfVerdict(verdict) };
  const data = Object.fromEntries(
    ['errors', 'code', 'cause', 'gate', 'text', 'reason', 'attempt', 'limit', 'x'].map((key) => [key, text]),
  );
  const usage = { input: 1, cached: 0, output: 1, costUsd: 0 };
  const run = {
    id: 'ET-12',
    stage: 'review',
    attempt: 1,
    gates: [{ ...verdict, sha: null }],
    documents: [{ label: text, href: LINK }],
    usage,
    seconds: 1,
    failure,
  };
  return {
    html: [
      ...STAGES.map((stage) =>
        renderStatusComment({
          stage,
          attempt: 1,
          verdict: { label: 'Verdict', value: text },
          seconds: 1,
          documents: [{ label: 'Review', href: LINK }],
          usage,
        }),
      ),
      ...NOTICE_KINDS.map((kind) =>
        renderNotice(kind, { stage: 'review', data, start: text.slice(0, 100), more: LINK, failure }),
      ),
      renderDossier({
        id: 'ET-12',
        expires: text,
        digest: 'd',
        sha: 's',
        base: 'b',
        diff: null,
        staging: text,
        security: text,
        coverage: { percent: text, base: text },
        previous: null,
        migration: text,
        hookChanged: false,
      }),
      renderFailureHtml(failure),
      renderCard({
        id: 'ET-12',
        title: text,
        url: LINK,
        state: 'open',
        board: 'Blocked',
        detail: text,
        rows: [
          { label: 'stage.review', kind: 'failed', attempt: 1, reason: text },
          { label: 'card.brd', kind: 'auto', by: text },
        ],
        waiting: { kind: 'hold', why: text },
        next: text,
        usage,
        pull: null,
      }),
    ],
    markdown: [
      renderFailure(failure),
      renderGateSummary({ ...failure, verdict }),
      renderRunSummary({ ...run, why: { kind: 'hold', gate: text, cause: text } }),
      renderPullStatus({ id: 'ET-12', move: text, gates: [], failure, why: { kind: 'human', next: text } }),
      renderPullBody(
        {
          id: 'ET-12',
          title: text,
          track: 'full',
          issueUrl: LINK,
          documentsUrl: LINK,
          request: text,
          criteria: [{ criterion: text, test: text, result: text }],
          approved: { at: text, by: text, label: null },
        },
        null,
      ),
    ],
    plain: [renderPullTitle({ id: 'ET-12', title: text }), renderStatusDescription(verdict)],
  };
}

const OUR_TAGS = /<\/?(div|p|b|ul|li|sub)>|<br>|<a href="https:\/\/git\.example\.org\/acme\/gpx">|<\/a>/g;
const OUR_COMMENTS = /<!-- conveyor:(begin|end) -->/g;
const TRIGGERS =
  /@\w|[#!]\d{2}|\bcloses\s+#\u2060?\d|\[skip ci\]|:approved:|^\s*::|##\[|^[ \t]*\/deploy|[\u0000-\u0008\u000b-\u001f\u202a-\u202e\u2066-\u2069]/m;

function assertHarmless(text: string): void {
  const { html, markdown, plain } = everything(text);
  for (const one of html) {
    expect(one.replace(OUR_TAGS, '')).not.toMatch(/[<>]/);
    expect(one.replaceAll('<br>', '\n').replace(/#39;/g, '')).not.toMatch(TRIGGERS);
    expect(one.length, one.slice(0, 60)).toBeLessThan(40_000);
  }
  for (const one of markdown) {
    expect(
      one
        .replace(OUR_COMMENTS, '')
        .replace(/^> ?/gm, '')
        .replace(/(?<!\\)`[^`\n]*`/g, ''),
    ).not.toMatch(/<|(?<!\\)\]\((?!https:\/\/git\.example\.org)/);
    expect(one).not.toMatch(TRIGGERS);
    // Every line of a table has the cells of its head.
    for (const table of one.match(/(?:^\|.*\n?)+/gm) ?? [])
      expect(
        new Set(
          table
            .trim()
            .split('\n')
            .map((line) => line.replaceAll('\\|', '').split('|').length),
        ).size,
      ).toBe(1);
  }
  for (const one of plain) {
    expect(one).not.toMatch(/\n/);
    expect(one).not.toMatch(TRIGGERS);
    expect(Array.from(one).length).toBeLessThanOrEqual(255);
  }
}

describe('H-CMT-12, H-CMT-13: text of an attacker in every place that takes data', () => {
  it.each([
    ['HTML', '<script>alert(1)</script><img src=x onerror="y()"> </p></div>&amp;'],
    [
      'Markdown',
      '**b** [x](https://evil.example) ![i](http://evil.example) | cell | `code` ``` \n# head\n- list\n> quote\n---\n<!-- conveyor:end -->',
    ],
    ['workflow commands', '::set-output name=a::b\n  ::error::x\n##[error]y\n::stop-commands::z'],
    ['mentions and references', '@name @everyone closes #31 fixes acme/gpx#44 !77 [skip ci] :approved: \n/deploy now'],
    ['triggers put together by what is dropped', '#`12 @`bob [skip\u0000 ci] closes\n#12 :app\u202eroved: ##\u0007[x]'],
    ['emoji', '👩‍👩‍👧‍👦🏳️‍🌈'.repeat(50)],
    ['right to left', 'שלום \u202egnp.exe\u202c \u2066x\u2069 مرحبا'],
    ['control characters', 'a\u0000b\u001b[31mc\u0007\r\nd\u0085'],
    ['a title of mentions alone', '@'.repeat(300)],
    ['10 000 characters', '<&"@#1'.repeat(1667)],
    ['slots of our own texts', '{next} {cause} $1 $& \\1'],
    ['half a character', '\ud83d and \udc4d'],
    ['nothing', ''],
  ])('%s', (_, text) => {
    assertHarmless(text);
  });

  it('H-FUI-6: a commit status keeps its 140 characters with every mark that was put in', () => {
    expect(renderStatusDescription({ verdict: 'fail', code: 'TESTS_FAIL', text: '@'.repeat(300) }).length).toBe(140);
  });

  it('whatever comes', () => {
    const pieces = fc.constantFrom(
      '<',
      '>',
      '&',
      '"',
      "'",
      '|',
      '`',
      '[',
      ']',
      '(',
      ')',
      '\\',
      '\n',
      ' ',
      '@',
      '#',
      '12',
      '::',
      '*',
      '_',
      '-',
      'a',
      '👍',
      '\u202e',
      'closes ',
      '<!--',
      '-->',
      '/deploy',
    );
    fc.assert(
      fc.property(fc.string({ unit: pieces, maxLength: 60 }), (text) => assertHarmless(text)),
      { numRuns: 150 },
    );
  });
});
