import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideAnalysisApproved } from '../../lib/gates/analysis-approved.ts';
import { decideAnalysisComplete } from '../../lib/gates/analysis-complete.ts';
import { decideArchitecture } from '../../lib/gates/architecture.ts';
import { decideCi } from '../../lib/gates/ci.ts';
import type { CiFacts } from '../../lib/gates/ci.ts';
import { decideDeploy } from '../../lib/gates/deploy.ts';
import type { DeployFacts } from '../../lib/gates/deploy.ts';
import { decideEntry } from '../../lib/gates/entry.ts';
import type { Fact } from '../../lib/gates/fact.ts';
import { decideLanded } from '../../lib/gates/landed.ts';
import type { LandedFacts } from '../../lib/gates/landed.ts';
import type { ReportFile } from '../../lib/gates/report-file.ts';
import { decideReview } from '../../lib/gates/review.ts';
import { decideStaging } from '../../lib/gates/staging.ts';
import type { StagingRun } from '../../lib/gates/staging.ts';
import { decideTests } from '../../lib/gates/tests.ts';
import { GATES } from '../../lib/pipeline/stages.ts';
import { Verdict } from '../../lib/pipeline/verdict.ts';
import * as given from './gates-builders.ts';

/**
 * The law: whatever the facts, a gate passes only when its positive proof is in them. Each proof below is written
 * without the code under test: small predicates over the generated values.
 */
const RUNS = { numRuns: 600 };
const { sha, DIGEST } = given;

const oneOf = <T>(...values: readonly T[]) => fc.constantFrom(...values);
/** The good value four times of five: the law is only worth something when passes are frequent. */
const mostly = <T>(good: T, ...bad: readonly T[]) =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(good) }, { weight: 1, arbitrary: oneOf(...bad) });
const fact = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<Fact<T>> =>
  fc.oneof(
    { weight: 12, arbitrary: value.map((read) => ({ kind: 'read', value: read }) as const) },
    { weight: 1, arbitrary: oneOf({ kind: 'unreadable', detail: 'no answer' } as const) },
  );
const hash = oneOf(sha('7'), sha('9'), sha('a'), sha('e'), '', 'HEAD');
const word = oneOf(
  'PASS',
  'pass',
  'FAIL',
  'SUCCESS',
  'success',
  'FAILED',
  'APPROVED',
  'REQUEST_CHANGES',
  'APPROVE',
  'NOT PASSED',
  '9/10 PASS',
  'PASS | FAIL',
  '[PASS]',
  '',
  'ſUCCESS',
  'NOT_APPLICABLE',
  'DONE',
  'true',
  '"PASS --- ok"',
  '&a PASS',
  'PASS (0 failed)',
);
const small = oneOf('0', '1', '2', '-1', 'x', '');
/** Keys with values, some twice, in any order; around it the things that people do to files. */
const frontmatter = (keys: Readonly<Record<string, fc.Arbitrary<string>>>) =>
  fc
    .tuple(
      fc.array(fc.oneof(...Object.entries(keys).map(([key, value]) => value.map((text) => `${key}: ${text}`))), {
        maxLength: 14,
      }),
      oneOf('---\n', '\uFEFF---\n', '\n\n---\n', '', '```\n---\n'),
      oneOf('---\n', '--- \n', '', '...\n'),
      oneOf('', '# Report\nverdict: APPROVED\nresult: PASS\n', given.FINDINGS),
    )
    .map(([lines, open, close, body]) => `${open}${lines.join('\n')}\n${close}${body}`);
const fileOf = (content: fc.Arbitrary<string>): fc.Arbitrary<ReportFile> =>
  fc.oneof(
    {
      weight: 14,
      arbitrary: fc
        .tuple(content, mostly(sha('b'), sha('f')))
        .map(([text, blob]) => ({ kind: 'file', path: 'report.md', blob, content: text }) as const),
    },
    { weight: 1, arbitrary: oneOf({ kind: 'absent', path: 'report.md' } as const) },
    { weight: 1, arbitrary: oneOf({ kind: 'unreadable', path: 'report.md', detail: 'no answer' } as const) },
  );
/** Values of a key as a person reads them in the block between the first two `---` lines. */
function valuesOf(file: ReportFile | null, key: string): string[] {
  if (file?.kind !== 'file') return [];
  const lines = String(file.content).replace('\uFEFF', '').trimStart().split('\n');
  const end = lines.findIndex((line, index) => index > 0 && line.trimEnd() === '---');
  if (lines[0]?.trimEnd() !== '---' || end < 0) return [];
  return lines.slice(1, end).flatMap((line) => (line.startsWith(`${key}:`) ? [line.slice(key.length + 1).trim()] : []));
}
const blobIs = (file: ReportFile | null, blob: string | null) => file?.kind === 'file' && file.blob === blob;
/** Mutants of good facts and wild facts together, so that passes and near-passes are both frequent. */
const mutated = (text: string, keys: readonly string[], values: fc.Arbitrary<string>) =>
  fc
    .tuple(fc.array(fc.tuple(oneOf(...keys), values), { maxLength: 2 }), fc.integer({ min: 0, max: 3 }))
    .map(([changes, mode]) => {
      let result = text;
      for (const [key, value] of changes) {
        const line = new RegExp(`^${key}:.*$`, 'm');
        if (mode === 0) result = result.replace(line, '');
        else if (mode === 1) result = result.replace(/^---\n/, `---\n${key}: ${value}\n`);
        else
          result = line.test(result)
            ? result.replace(line, `${key}: ${value}`)
            : result.replace(/^---\n/, `---\n${key}: ${value}\n`);
      }
      return result;
    });

/** Runs the law; also demands that both outcomes were seen, so that it cannot hold by never passing. */
function law<T>(facts: fc.Arbitrary<T>, judge: (facts: T) => Verdict, proven: (facts: T, verdict: Verdict) => boolean) {
  let passes = 0;
  let others = 0;
  fc.assert(
    fc.property(facts, (value) => {
      const verdict = judge(value);
      expect(Verdict.safeParse(verdict).success).toBe(true);
      if (verdict.verdict !== 'pass') others += 1;
      else {
        if (verdict.code !== 'N_A') passes += 1;
        if (!proven(value, verdict)) throw new Error(`passed without proof: ${verdict.code} ${verdict.text}`);
      }
    }),
    RUNS,
  );
  expect(passes).toBeGreaterThan(0);
  expect(others).toBeGreaterThan(0);
}

describe('no input makes a gate pass without its positive proof', () => {
  it('G-ENT: entry', () => {
    const length = (text: string) => [...text.trim().replaceAll(/\s+/g, ' ')].length;
    law(
      fact(
        fc.record({
          title: fc.oneof(fc.string({ maxLength: 260 }), oneOf('CSV export')),
          description: fc.oneof(fc.string({ maxLength: 60 }), oneOf('Users download their tracks as CSV.')),
        }),
      ),
      (facts) => decideEntry(facts, { title_min: 5, title_max: 200, description_min: 20 }),
      (facts) =>
        facts.kind === 'read' &&
        length(facts.value.title) >= 5 &&
        length(facts.value.title) <= 200 &&
        length(facts.value.description) >= 20,
    );
  });

  const documents = fc.record(
    Object.fromEntries(
      [
        ...Object.entries(given.PACKAGE),
        ['01-questions.md', given.QUESTIONS],
        ['06-conflict.md', given.CONFLICT],
        ['06-adr/ADR-001-a.md', given.ADR],
      ].map(([name = '', text = '']) => [
        name,
        fc.option(
          fc.tuple(
            fc.oneof(
              { weight: 12, arbitrary: oneOf(text) },
              { weight: 1, arbitrary: oneOf('', '# Title\nTBD\n', '\0') },
            ),
            oneOf<number | null>(0, 0, 0, 1, 1, null),
          ),
          { freq: name in given.PACKAGE ? 12 : 2 },
        ),
      ]),
    ),
  );
  type Documents = Readonly<Record<string, readonly [string, number | null] | null>>;
  const branchOf = (files: Documents, readable: boolean) => {
    const branch = given.branch(
      Object.fromEntries(Object.entries(files).flatMap(([name, entry]) => (entry === null ? [] : [[name, entry]]))),
    );
    return readable ? branch : { ...branch, positions: null };
  };
  const good = (files: Documents, name: string) =>
    files[name]?.[0] === given.PACKAGE[name] && files[name]?.[1] !== null && files[name] !== undefined;

  it('G-ANC: analysis-complete', () => {
    law(
      fc.record({ files: documents, readable: fc.boolean(), questions: fc.boolean() }),
      ({ files, readable, questions }) =>
        decideAnalysisComplete(given.analysisFacts(branchOf(files, readable)), { questions }),
      ({ files, readable, questions }) => {
        const asked = files['01-questions.md'];
        const positions = Object.keys(given.PACKAGE).map((name) => files[name]?.[1] ?? Number.POSITIVE_INFINITY);
        const open = asked?.[0] === given.QUESTIONS && asked[1] !== null && !(Math.min(...positions) < asked[1]);
        return readable && Object.keys(given.PACKAGE).every((name) => good(files, name)) && (!questions || !open);
      },
    );
  });

  it('G-ARC: architecture', () => {
    law(
      fc.record({
        files: documents,
        readable: fc.boolean(),
        track: oneOf<'full' | 'bug'>('full', 'full', 'full', 'bug'),
      }),
      ({ files, readable, track }) => decideArchitecture(given.architectureFacts(branchOf(files, readable), track)),
      ({ files, track, readable }, verdict) => {
        if (verdict.code === 'N_A') return track === 'bug';
        const conflict = files['06-conflict.md'];
        const positions = Object.keys(given.PACKAGE).map((name) => files[name]?.[1] ?? Number.POSITIVE_INFINITY);
        const answered =
          conflict?.[1] === null ||
          (Object.keys(given.PACKAGE).every((name) => good(files, name)) &&
            Math.min(...positions) < (conflict?.[1] ?? 0));
        const clear = conflict?.[0] !== given.CONFLICT || (readable && answered);
        return files['06-adr/ADR-001-a.md']?.[0] === given.ADR && clear;
      },
    );
  });

  it('G-ANA: analysis-approved', () => {
    law(
      fc.record({
        stage: oneOf('analysis', 'analysis', 'analysis', 'deploy', 'created') as fc.Arbitrary<'analysis'>,
        package: fact(oneOf<string | null>('p1', 'p1', 'p2', null)),
        answer: fact(
          oneOf(
            { kind: 'none' } as const,
            { kind: 'approved', by: 'a', package: 'p1' } as const,
            { kind: 'approved', by: 'a', package: null } as const,
            { kind: 'rejected', by: 'a', reason: 'r' } as const,
          ),
        ),
        labels: fact(fc.array(oneOf('autoApprove', 'AUTOAPPROVE', 'Bug', ''), { maxLength: 3 })),
        label: oneOf('autoApprove', 'autoApprove', ''),
      }),
      (facts) => decideAnalysisApproved(facts, { auto_approve: facts.label }),
      ({ stage, package: current, answer, labels, label }, verdict) => {
        const bound = stage === 'analysis' && current.kind === 'read' && current.value !== null;
        if (verdict.code === 'APPROVED_VIA_LABEL')
          return (
            bound &&
            label !== '' &&
            labels.kind === 'read' &&
            labels.value.filter((name) => name.toLowerCase() === 'autoapprove').length === 1 &&
            !(answer.kind === 'read' && answer.value.kind === 'rejected')
          );
        return (
          bound &&
          answer.kind === 'read' &&
          answer.value.kind === 'approved' &&
          [null, current.value].includes(answer.value.package)
        );
      },
    );
  });

  it('G-CI-5: ci', () => {
    const row = fc.record({
      context: oneOf('test', 'lint', 'CI / e2e (push)', 'conveyor/ci', 'conveyor/review'),
      state: oneOf(
        'success',
        'success',
        'success',
        'SUCCESS',
        'pending',
        'failure',
        'error',
        'warning',
        'skipped',
        'neutral',
        '',
        'constructor',
      ),
      description: fc.string({ maxLength: 5 }),
      targetUrl: oneOf(null, 'http://127.0.0.1/1'),
    });
    const rows = fc.array(row, { maxLength: 5 });
    const run = fc.record({
      id: oneOf(1, 2),
      workflow: oneOf('ci.yml', 'conveyor-event.yml'),
      state: oneOf('success', 'success', 'failure', 'running', 'queued', 'unknown', 'cancelled'),
    });
    const when = oneOf('2026-06-05T10:00:00Z', '2026-06-05T16:00:00Z', 'never');
    const reading: fc.Arbitrary<CiFacts['reading']> = fact(
      fc.oneof(
        {
          weight: 8,
          arbitrary: fc
            .tuple(rows, rows, fc.boolean(), fc.array(run, { maxLength: 2 }))
            .map(
              ([before, after, same, runs]) =>
                ({ kind: 'listing', before: same ? after : before, runs, after }) as const,
            ),
        },
        { weight: 1, arbitrary: oneOf({ kind: 'unknown-sha' } as const) },
      ),
    );
    const green = (state: string) => ['success', 'warning'].includes(state.toLowerCase());
    law(
      fc.record({
        facts: fc.record({
          sha: oneOf(sha('a')),
          reading,
          protection: fact(oneOf<string[]>([], [], ['lint'], ['conveyor/ready'])),
          pushedAt: fc.option(when),
          changedAt: fc.option(when),
          now: when,
          passInForce: fc.boolean(),
          ownRun: oneOf(null, 1),
        }),
        required: oneOf<string[]>([], [], ['test'], ['CI / e2e (push)', 'test'], ['*']),
      }),
      ({ facts, required }) => decideCi(facts, { ...given.ciConfig, required }),
      ({ facts, required }) => {
        if (facts.reading.kind !== 'read' || facts.reading.value.kind !== 'listing' || facts.protection.kind !== 'read')
          return false;
        const { before, after, runs } = facts.reading.value;
        const foreign = after.filter((one) => !one.context.startsWith('conveyor/'));
        const protection = facts.protection.value.filter((name) => !name.startsWith('conveyor/'));
        const names = required.includes('*') ? [] : required.length > 0 ? required : protection;
        const due = names.length > 0 ? foreign.filter((one) => names.includes(one.context)) : foreign;
        const settled =
          names.length > 0 ||
          required.includes('*') ||
          ((JSON.stringify(before.filter((one) => !one.context.startsWith('conveyor/'))) === JSON.stringify(foreign) ||
            sameSets(before, after)) &&
            runs.every(
              (one) =>
                ['success', 'failure', 'cancelled'].includes(one.state) ||
                one.workflow.startsWith('conveyor-') ||
                one.id === facts.ownRun,
            ));
        return (
          settled &&
          due.some((one) => green(one.state)) &&
          due.every((one) => green(one.state) || one.state === 'skipped') &&
          names.every((name) => due.some((one) => one.context === name))
        );
      },
    );
    type Rows = readonly { context: string; state: string }[];
    /** Equal sets after the worse of equal names counts: per context the same words. */
    function sameSets(before: Rows, after: Rows): boolean {
      const words = (list: Rows, name: string) => list.filter((one) => one.context === name).map((one) => one.state);
      const foreign = [...before, ...after].map((one) => one.context).filter((name) => !name.startsWith('conveyor/'));
      return foreign.every((name) => words(before, name).length > 0 && words(after, name).length > 0);
    }
  });

  const trust = fc.oneof(
    { weight: 8, arbitrary: oneOf({ kind: 'recorded', blob: sha('b') } as const) },
    { weight: 1, arbitrary: oneOf({ kind: 'recorded', blob: null } as const) },
    {
      weight: 4,
      arbitrary: fact(oneOf(sha('7'), sha('9'), sha('1'))).map((subject) => ({ kind: 'written', subject }) as const),
    },
  );
  const reviewKeys = {
    verdict: word,
    p0: small,
    p1: small,
    version: oneOf('1', '2'),
    patch_id: hash,
    type: oneOf('review', 'test-report'),
    work_item_id: oneOf('ET-12', 'ET-9'),
  };

  it('G-REV: review', () => {
    law(
      fc.record({
        patchId: fact(mostly(sha('9'), sha('1'))),
        changed: fact(oneOf<string[]>(['src/a.ts'], ['src/a.ts'], ['docs/a.md'], [])),
        fragment: fileOf(mostly('### Added\n- Export.\n', '### None\nInside only.\n', '### None\n', '', 'text')),
        file: fileOf(
          fc.oneof(
            {
              weight: 4,
              arbitrary: mutated(
                given.reviewText('verdict: APPROVED'),
                Object.keys(reviewKeys),
                fc.oneof(word, small, hash),
              ),
            },
            { weight: 1, arbitrary: frontmatter(reviewKeys) },
            { weight: 1, arbitrary: fc.string() },
          ),
        ),
        trust,
        round: mostly<number | null>(1, null, 2),
      }),
      (facts) => decideReview({ item: 'ET-12', alsoValid: [], ...facts }, { docs: given.docsConfig }),
      ({ patchId, changed, fragment, file, trust: by, round }) => {
        if (patchId.kind !== 'read' || changed.kind !== 'read' || file.kind !== 'file') return false;
        const documented =
          !changed.value.includes('src/a.ts') ||
          (fragment.kind === 'file' &&
            ['### Added\n- Export.\n', '### None\nInside only.\n'].includes(String(fragment.content)));
        const approved = valuesOf(file, 'verdict').map((value) => value.toUpperCase());
        const counts = [...valuesOf(file, 'p0'), ...valuesOf(file, 'p1')].every(
          (value) => value === '0' || value === '',
        );
        const about =
          by.kind === 'recorded'
            ? by.blob === file.blob &&
              valuesOf(file, 'patch_id').join() === patchId.value &&
              (round === null || valuesOf(file, 'version').join() === String(round))
            : by.subject.kind === 'read' && by.subject.value === patchId.value;
        return (
          documented &&
          approved.join() === 'APPROVED' &&
          counts &&
          about &&
          !String(file.content).includes('**Data loss**')
        );
      },
    );
  });

  it('G-TST: tests', () => {
    const keys = {
      result: word,
      verdict: word,
      status: word,
      failed: small,
      total: small,
      exit_code: small,
      version: oneOf('1'),
      code_tree: hash,
    };
    const negative = /(^|[^A-Z0-9_-])(BLOCKED|FAIL|FAILED|RED|REQUEST_CHANGES)($|[^A-Z0-9_-])/;
    law(
      fc.record({
        codeTree: fact(mostly(sha('7'), sha('1'))),
        outcome: fc.option(
          oneOf(
            { kind: 'ran', result: 'PASS' } as const,
            { kind: 'ran', result: 'FAIL' } as const,
            { kind: 'timeout' } as const,
            { kind: 'tool-error' } as const,
            { kind: 'no-command' } as const,
          ),
        ),
        file: fc.option(
          fileOf(
            fc.oneof(
              {
                weight: 4,
                arbitrary: mutated(given.testText('result: PASS'), Object.keys(keys), fc.oneof(word, small, hash)),
              },
              { weight: 1, arbitrary: frontmatter(keys) },
              { weight: 1, arbitrary: fc.string() },
            ),
          ),
        ),
        trust,
      }),
      ({ outcome, ...facts }) => {
        const full =
          outcome === null
            ? null
            : outcome.kind === 'ran'
              ? ({ ...outcome, text: 't', findings: null, total: 1, failed: 0, skipped: 0, exitCode: 0 } as const)
              : ({ ...outcome, text: 't' } as const);
        return decideTests({ item: 'ET-12', round: 1, outcome: full, ...facts });
      },
      ({ codeTree, outcome, file, trust: by }) => {
        if (codeTree.kind !== 'read' || (outcome !== null && (outcome.kind !== 'ran' || outcome.result !== 'PASS')))
          return false;
        if (file === null) return outcome !== null;
        const words = ['result', 'verdict', 'status']
          .flatMap((key) => valuesOf(file, key))
          .map((value) => value.toUpperCase());
        const numbers = ['failed', 'exit_code'].flatMap((key) => valuesOf(file, key));
        const about =
          by.kind === 'recorded'
            ? blobIs(file, by.blob) && valuesOf(file, 'code_tree').join() === codeTree.value
            : by.subject.kind === 'read' && by.subject.value === codeTree.value;
        return (
          about &&
          words.some((text) => /\b(PASS|APPROVED)\b/.test(text)) &&
          !words.some((text) => negative.test(text) || /NOT|9\/10|\||\[/.test(text)) &&
          numbers.every((value) => value === '0' || value === '') &&
          !valuesOf(file, 'total').includes('0')
        );
      },
    );
  });

  it('G-STG: staging', () => {
    const suite = (status: 'SUCCESS' | 'FAILED') =>
      ({ class: 'suite-ran', status, checks: { passed: 0, total: 0 }, failed: [], waived: [], reason: null }) as const;
    const keys = ['staging_status', 'digest', 'pass', 'failed', 'waived', 'strict', 'outcome', 'code_tree'];
    const value = fc.oneof(
      word,
      oneOf(
        '[A2]',
        '[]',
        'true',
        'false',
        '1',
        '1',
        '2',
        DIGEST,
        `sha256:${'00'.repeat(32)}`,
        sha('7'),
        sha('1'),
        'suite-ran',
        '[C9a]',
      ),
    );
    law(
      fc.record({
        configured: mostly(true, false),
        run: fc.option(
          oneOf<StagingRun>(
            suite('SUCCESS'),
            suite('SUCCESS'),
            suite('FAILED'),
            { class: 'permanent-env', code: 'STG_ENV', text: 't' },
            { class: 'transient-infra', code: 'STG_TRANSIENT', text: 't' },
            { class: 'suite-ran', code: 'STG_FAILED', detail: 'build-failed', text: 't' },
          ),
        ),
        file: fc.option(
          fileOf(
            fc.oneof(
              { weight: 6, arbitrary: mutated(given.stagingText(given.stagingKeys), keys, value) },
              {
                weight: 1,
                arbitrary: oneOf(
                  given.stagingText(given.stagingKeys, DIGEST, 1),
                  given.stagingText(given.stagingKeys, `sha256:${'00'.repeat(32)}`),
                ),
              },
              { weight: 1, arbitrary: fc.string() },
            ),
          ),
        ),
        recorded: mostly<string | null>(sha('b'), null, sha('f')),
        checks: fc.record({ passed: fc.nat({ max: 3 }), total: fc.nat({ max: 3 }) }),
        failed: oneOf<string[]>([], [], ['A2']),
      }),
      ({ run, checks, failed, ...facts }) =>
        decideStaging({
          repository: 'acme/trails',
          item: 'ET-12',
          expected: { pass: 2, digest: DIGEST, codeTree: sha('7') },
          run: run !== null && 'status' in run ? { ...run, checks, failed } : run,
          ...facts,
        }),
      ({ configured, run, file, recorded, checks, failed }, verdict) => {
        if (verdict.code === 'N_A') return !configured;
        if (run !== null && !('status' in run)) return false;
        if (run?.status === 'FAILED') return false;
        if (file === null)
          return run?.status === 'SUCCESS' && checks.total > 0 && checks.passed >= checks.total && failed.length === 0;
        const waived = valuesOf(file, 'waived').join();
        return (
          blobIs(file, recorded) &&
          valuesOf(file, 'staging_status').join().toUpperCase() === 'SUCCESS' &&
          valuesOf(file, 'digest').join() === DIGEST &&
          valuesOf(file, 'pass').join() === '2' &&
          valuesOf(file, 'code_tree').join() === sha('7') &&
          valuesOf(file, 'failed').join() === '[]' &&
          valuesOf(file, 'outcome').join() === 'suite-ran' &&
          waived === '[C9a, C9b]' &&
          valuesOf(file, 'strict').join() === 'false'
        );
      },
    );
  });

  it('G-DPL: deploy', () => {
    const keys = ['deploy_status', 'exit_code', 'digest', 'deploy_id', 'pass', 'commit', 'deploy_mode'];
    const value = fc.oneof(
      word,
      small,
      oneOf(DIGEST, 'ET-12.2.1.production', 'ET-12.2.2.production', sha('c'), 'command', 'none'),
    );
    const hook: fc.Arbitrary<DeployFacts['hook']> = fc.option(
      mostly<'ok' | 'rolled-back' | 'rollback-failed' | 'refused' | 'interrupted' | 'running' | 'unknown'>(
        'ok',
        'rolled-back',
        'rollback-failed',
        'refused',
        'interrupted',
        'running',
        'unknown',
      ).map((state) => ({ state, guard: false, text: '' }) as const),
      { freq: 5 },
    );
    law(
      fc.record({
        provider: mostly<'none' | 'command'>('command', 'none'),
        hook,
        confirmation: fc.oneof(
          { weight: 1, arbitrary: oneOf({ kind: 'none' } as const) },
          {
            weight: 4,
            arbitrary: fc.record({
              kind: oneOf('confirmed' as const),
              by: oneOf('anna'),
              digest: oneOf(DIGEST, DIGEST, sha('1')),
              expiresAt: oneOf('2026-06-06T13:00:00Z', '2020-01-01T00:00:00Z', ''),
            }),
          },
        ),
        file: fileOf(
          fc.oneof(
            {
              weight: 4,
              arbitrary: mutated(
                given.deployText('deploy_status: SUCCESS\ndeploy_mode: command\nexit_code: 0'),
                keys,
                value,
              ),
            },
            { weight: 2, arbitrary: oneOf(given.deployText('deploy_status: NOT_APPLICABLE\ndeploy_mode: none')) },
            { weight: 1, arbitrary: fc.string() },
          ),
        ),
        recorded: mostly<string | null>(sha('b'), null, sha('f')),
      }),
      ({ provider, ...facts }) => decideDeploy({ ...given.deployFacts(), ...facts }, { provider }),
      ({ provider, hook: ended, confirmation, file, recorded }, verdict) => {
        const stamped =
          blobIs(file, recorded) &&
          valuesOf(file, 'pass').join() === '2' &&
          valuesOf(file, 'commit').join() === sha('c');
        if (verdict.code === 'N_A')
          return (
            provider === 'none' &&
            stamped &&
            valuesOf(file, 'deploy_status').join() === 'NOT_APPLICABLE' &&
            confirmation.kind === 'confirmed' &&
            confirmation.digest === DIGEST
          );
        return (
          provider === 'command' &&
          ended?.state === 'ok' &&
          stamped &&
          valuesOf(file, 'deploy_status').join().toUpperCase() === 'SUCCESS' &&
          valuesOf(file, 'exit_code').join() === '0' &&
          valuesOf(file, 'digest').join() === DIGEST &&
          valuesOf(file, 'deploy_id').join() === 'ET-12.2.1.production'
        );
      },
    );
  });

  it('G-LND-6: landed', () => {
    const proof = fc.record({
      commit: mostly(sha('d'), ''),
      tree: mostly(sha('5'), sha('6'), ''),
      inBase: mostly(true, false),
      headIsAncestor: mostly(true, false),
      onMovedBase: fc.boolean(),
    });
    const facts: fc.Arbitrary<LandedFacts> = fc.record({
      stage: mostly<'deploy' | 'review'>('deploy', 'review'),
      pullMerged: fc.boolean(),
      pullClosed: fc.boolean(),
      intent: fc.option(
        fc.record({ mergeHead: oneOf(sha('a')), expectedTree: mostly(sha('5'), ''), baseSha: mostly(sha('e'), '') }),
        { freq: 9 },
      ),
      codeTree: fact(fc.record({ validated: mostly(sha('7'), ''), head: mostly(sha('7'), sha('8'), '') })),
      call: oneOf(
        { kind: 'none' } as const,
        { kind: 'done' } as const,
        { kind: 'refused', text: 't' } as const,
        { kind: 'pull-failed', text: 't' } as const,
      ),
      baseTip: fact(hash),
      proof: fact(fc.option(proof, { freq: 9 })),
    });
    law(
      fc.record({ facts, style: oneOf<'merge' | 'squash' | 'rebase'>('merge', 'squash', 'rebase') }),
      (value) => decideLanded(value.facts, value),
      ({ facts: { stage, intent, codeTree, proof: found }, style }) =>
        stage === 'deploy' &&
        codeTree.kind === 'read' &&
        codeTree.value.head === sha('7') &&
        codeTree.value.validated === sha('7') &&
        found.kind === 'read' &&
        found.value !== null &&
        found.value.inBase &&
        found.value.commit === sha('d') &&
        found.value.tree === sha('5') &&
        intent?.expectedTree === sha('5') &&
        (style !== 'merge' || found.value.headIsAncestor),
    );
  });
});

describe('G-GEN-8: every gate is total', () => {
  const judges: Readonly<Record<(typeof GATES)[number], (facts: never) => Verdict>> = {
    entry: (facts) => decideEntry(facts, { title_min: 5, title_max: 200, description_min: 20 }),
    'analysis-complete': (facts) => decideAnalysisComplete(facts, { questions: true }),
    'analysis-approved': (facts) => decideAnalysisApproved(facts, { auto_approve: 'autoApprove' }),
    architecture: (facts) => decideArchitecture(facts),
    ci: (facts) => decideCi(facts, given.ciConfig),
    review: (facts) => decideReview(facts, { docs: given.docsConfig }),
    tests: (facts) => decideTests(facts),
    staging: (facts) => decideStaging({ configured: true, ...(facts as object) } as never),
    deploy: (facts) => decideDeploy(facts, { provider: 'command' }),
    landed: (facts) => decideLanded(facts, { style: 'merge' }),
  };
  it.each(GATES)('%s answers whatever it is given, and never passes on garbage', (gate) => {
    fc.assert(
      fc.property(
        fc.anything({
          maxDepth: 3,
          withNullPrototype: true,
          key: fc.oneof(fc.string(), oneOf('kind', 'value', 'file', 'run', 'reading', 'stage', 'branch', 'hook')),
        }),
        (garbage) => {
          const verdict = judges[gate](garbage as never);
          expect(verdict.gate).toBe(gate);
          expect(verdict.verdict).not.toBe('pass');
        },
      ),
      { numRuns: 150 },
    );
  });
});
