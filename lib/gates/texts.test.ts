import { describe, expect, it } from 'vitest';
import { ExternalError } from '../base/errors.ts';
import * as given from '../../tests/property/gates-builders.ts';
import { decideCi } from './ci.ts';
import { issuer, oneLine } from './code-table.ts';
import { read } from './fact.ts';
import { observe } from './facts/observe.ts';
import { judge, judgeLoaded } from './judge.ts';
import { decideReview } from './review.ts';
import { decideTests } from './tests.ts';

describe('what people are told', () => {
  it('G-CI: pending says the real seconds since the push, and what is missing', () => {
    const verdict = decideCi(given.ciFacts([given.status('e2e', 'pending')]), {
      ...given.ciConfig,
      required: ['e2e', 'lint'],
    });
    expect(verdict.text).toBe('CI still pending after 60s (pending: e2e; not reported: lint)');
  });

  it('G-CI: red names state, contexts and addresses', () => {
    const verdict = decideCi(
      given.ciFacts([
        { context: 'lint', state: 'failure', description: '2 errors', targetUrl: 'http://127.0.0.1/runs/7' },
      ]),
      given.ciConfig,
    );
    expect(verdict.text).toBe('CI state: failure: lint');
    expect(verdict.findings).toBe('- lint: failure — 2 errors http://127.0.0.1/runs/7');
  });

  it('AR-FB-1: findings of a review go to the developer verbatim, P0 first, without resolved ones', () => {
    const body =
      '## Findings\n### P2 — Should fix\n- name `doIt`\n### P1 — Must fix\n- [ ] **No test** `a.ts:4`.\n  Second line.\n- [x] done\n### P0 — Blocker\n- none\n';
    const verdict = decideReview(
      given.reviewFacts({ file: given.file('r.md', given.reviewText('verdict: REQUEST_CHANGES\np1: 1', body)) }),
      { docs: given.docsConfig },
    );
    expect(verdict.findings).toBe(
      '### P1 — Must fix\n- [ ] **No test** `a.ts:4`.\n  Second line.\n\n### P2 — Should fix\n- name `doIt`',
    );
    expect(verdict.facts).toEqual({ p0: 0, p1: 1, p2: 0, p3: 0 });
  });

  it('AR-FB-3: failures of a test report go to the developer', () => {
    const text = given.testText(
      'result: FAIL',
      '## Failures\nparser/gpx.test.ts "keeps elevation"\n## Output\nnoise\n',
    );
    const verdict = decideTests(given.testsFacts({ file: given.file('t.md', text) }));
    expect(verdict.findings).toContain('keeps elevation');
  });

  it('AR-VAL-6: a broken file names path, line, code and what was expected', () => {
    const verdict = decideReview(
      given.reviewFacts({ file: given.file('docs/12-review.md', given.reviewText('verdict: APPROVE')) }),
      { docs: given.docsConfig },
    );
    expect(verdict).toMatchObject({ detail: 'art.unrecognised', code: 'REVIEW_NOT_JUDGED' });
    expect(verdict.text).toMatch(/docs\/12-review\.md.*APPROVE.*art\.unrecognised/);
  });

  it('a text is one line of at most 400 characters, cut between characters', () => {
    expect(oneLine('a\n\tb\u0000 c')).toBe('a b c');
    const long = oneLine('😀'.repeat(500));
    expect(Array.from(long)).toHaveLength(400);
    expect(long.endsWith('😀…')).toBe(true);
  });

  it('findings are cut at 8 000 characters', () => {
    const say = issuer('entry', [{ code: 'X', verdict: 'fail', action: 'dev', class: 'code', rule: 'r', when: 'w' }]);
    expect(say('X', { text: 't', findings: 'x'.repeat(9000) }).findings).toHaveLength(8000);
  });
});

describe('G-GEN-8: no gate throws', () => {
  const boom = () => {
    throw new Error('boom');
  };
  it('an exception is <GATE>_INTERNAL, closed', async () => {
    const expected = { verdict: 'error', action: 'infra', code: 'ANALYSIS_COMPLETE_INTERNAL', class: 'infra' };
    expect(judge('analysis-complete', boom)).toMatchObject(expected);
    expect(await judgeLoaded('analysis-complete', async () => boom())).toMatchObject(expected);
    expect(judge('ci', boom).text).toContain('boom');
  });

  it('a code that no row describes is a bug, not a verdict', () => {
    const say = issuer('entry', [{ code: 'X', verdict: 'fail', action: 'dev', class: 'code', rule: 'r', when: 'w' }]);
    expect(() => say('X', { text: 't' }, 'pass')).toThrow(/no row for X as pass/);
  });

  it('what an outside system did not answer is a fact; a bug is thrown on', async () => {
    expect(await observe(() => Promise.reject(new ExternalError('FORGE_HTTP', 'HTTP 502')))).toEqual({
      kind: 'unreadable',
      detail: 'HTTP 502',
    });
    await expect(observe(() => Promise.reject(new TypeError('bug')))).rejects.toThrow('bug');
    expect(await observe(async () => 7)).toEqual(read(7));
  });
});
