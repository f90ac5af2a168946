import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ADR, BRD, QUESTIONS, TEST_PLAN } from '../../tests/golden/artifacts/analysis-package.ts';
import { Config } from '../pipeline/config.ts';
import type { Role } from '../pipeline/stages.ts';
import { judgeChange, type ChangeContext } from './judge-change.ts';
import { missingOutput } from './output.ts';
import type { Change } from './path-form.ts';
import { scopeOf } from './scope.ts';

const WI = 'docs/work-items/ET-12';
const config = (extra: object = {}) =>
  Config.parse({
    version: 1,
    project: { prefix: 'ET' },
    agents: { adapter: 'scripted' },
    tracker: { kind: 'file' },
    ...extra,
  });
const file = (path: string, content: string | Buffer | null = 'text\n', extra: Partial<Change> = {}): Change => ({
  path,
  kind: 'file',
  executable: false,
  content: content === null ? null : Buffer.from(content),
  ...extra,
});
const context = (role: Role, extra: Partial<ChangeContext> = {}): ChangeContext => ({
  role,
  item: 'ET-12',
  config: config(),
  tracked: new Set(['README.md', 'docs/work-items/ET-9/12-review.md', 'src/a.ts']),
  acceptedAdrs: new Set(),
  secrets: [],
  ...extra,
});
/** Codes of the findings, or ['ok']. */
const judged = (role: Role, changes: readonly Change[], extra: Partial<ChangeContext> = {}) => {
  const verdict = judgeChange(changes, context(role, extra));
  return verdict.ok ? ['ok'] : verdict.findings.map(({ code }) => code);
};
const FRAGMENT = '### Added\n- CSV export of tracks (ET-12).\n';
const REVIEW = '---\nverdict: APPROVED\n---\n# Review\n## Findings\n### P0\n- none\n';

describe('scopes', () => {
  it('artifacts §4: what each role may write, for prompts', () => {
    expect(scopeOf('reviewer', 'ET-12', config())).toEqual({ allow: [`${WI}/12-review.md`], deny: [] });
    expect(scopeOf('architect', 'ET-12', config()).allow).toEqual([
      `${WI}/06-adr/ADR-*.md`,
      `${WI}/06-conflict.md`,
      `${WI}/07-infra-requirements.md`,
      `${WI}/08-data-requirements.md`,
      `${WI}/10-tech-risks.md`,
      'docs/**',
    ]);
    expect(scopeOf('developer', 'ET-12', config({ scopes: { developer: { deny: ['db/**'] } } })).deny).toContain(
      'db/**',
    );
  });

  const table: readonly (readonly [Role, string, string | null, string])[] = [
    ['analyst', `${WI}/01-brd.md`, BRD, 'ok'],
    ['analyst', `${WI}/04-test-plan.yaml`, TEST_PLAN, 'ok'],
    ['analyst', `${WI}/01-questions.md`, QUESTIONS, 'ok'],
    ['analyst', `${WI}/01-questions.md`, null, 'ok'],
    ['analyst', `${WI}/01-brd.md`, null, 'scope.path'],
    ['analyst', `${WI}/00-business-request.md`, 'x', 'scope.path'],
    ['analyst', `${WI}/12-review.md`, REVIEW, 'scope.path'],
    ['analyst', `${WI}/05-notes.md`, 'x', 'scope.path'],
    ['analyst', `${WI}/01-BRD.md`, BRD, 'scope.path'],
    ['analyst', 'docs/work-items/ET-9/01-brd.md', BRD, 'scope.path'],
    ['analyst', 'docs/work-items/ET-012/01-brd.md', BRD, 'scope.path'],
    ['analyst', 'src/a.ts', 'x', 'scope.path'],
    ['analyst', 'docs/notes.md', 'x', 'scope.path'],
    ['architect', `${WI}/06-adr/ADR-001-stream-rows.md`, ADR, 'ok'],
    ['architect', `${WI}/06-adr/ADR-001-stream-rows.md`, null, 'ok'],
    ['architect', `${WI}/06-adr/adr-1.md`, ADR, 'art.name'],
    ['architect', `${WI}/06-adr/notes.txt`, 'x', 'scope.path'],
    ['architect', `${WI}/06-adr/x/ADR-001-a.md`, ADR, 'scope.path'],
    ['architect', `${WI}/01-brd.md`, BRD, 'scope.path'],
    ['architect', 'docs/architecture/README.md', 'x', 'ok'],
    ['architect', 'docs/_templates/01-brd.md', 'x', 'scope.path'],
    ['architect', 'docs/_Standards/PIPELINE_DOCS.md', 'x', 'scope.path'],
    ['architect', 'src/a.ts', 'x', 'scope.path'],
    ['developer', 'src/new.ts', 'x', 'ok'],
    ['developer', 'docs/overview/x.md', 'x', 'ok'],
    ['developer', 'README.md', null, 'ok'],
    ['developer', 'changelog.d/ET-12.md', FRAGMENT, 'ok'],
    ['developer', 'changelog.d/ET-13.md', FRAGMENT, 'scope.path'],
    ['developer', 'changelog.d/README.md', 'x', 'scope.path'],
    ['developer', 'Changelog.d/ET-12.md', FRAGMENT, 'scope.path'],
    ['developer', 'CHANGELOG.md', 'x', 'scope.path'],
    ['developer', 'docs/_templates/x.md', 'x', 'scope.path'],
    ['developer', `${WI}/12-review.md`, null, 'scope.path'],
    ['developer', `${WI}/07-infra-requirements.md`, 'x', 'scope.path'],
    ['developer', 'Docs/Work-Items/ET-12/12-review.md', 'x', 'scope.path'],
    ['developer', 'docs/work-items', 'x', 'scope.name'],
    ['reviewer', `${WI}/12-review.md`, REVIEW, 'ok'],
    ['reviewer', `${WI}/12-review.md`, null, 'scope.path'],
    ['reviewer', `${WI}/12-Review.md`, REVIEW, 'scope.path'],
    ['reviewer', `${WI}/12-review (1).md`, REVIEW, 'scope.path'],
    ['reviewer', `${WI}/13-test-report.md`, 'x', 'scope.path'],
    ['reviewer', 'src/a.ts', 'x', 'scope.path'],
  ];
  it.each(table)('artifacts §4: %s, %s (%#)', (role, path, content, code) => {
    expect(judged(role, [file(path, content)])).toEqual([code]);
  });

  it.each([
    '.conveyor/config.yml',
    '.gitea/workflows/x.yml',
    '.github/x',
    '.claude/settings.json',
    'CLAUDE.md',
    'AGENTS.md',
    '.mcp.json',
    '.husky/pre-commit',
    '.githooks/x',
    '.pre-commit-config.yaml',
    'lefthook.yml',
    '.gitattributes',
    '.gitmodules',
    'CODEOWNERS',
    'docs/CODEOWNERS',
    '.gitleaks.toml',
    '.gitleaksignore',
    'osv-scanner.toml',
    '.Gitea/workflows/x.yml',
    'claude.md',
    'vitest.config.ts',
    '.conveyor',
  ])('G-PRT-1: %s is protected from every role, allowed by configuration or not', (path) => {
    const extra = {
      config: config({ protected: { extra: ['vitest.config.*'] }, scopes: { developer: { allow: ['**'] } } }),
    };
    expect(judged('developer', [file(path)], extra)).toEqual(['scope.path']);
  });

  it('AR-SC-1: the configuration widens and narrows; deny wins; other items are never allowed', () => {
    const scopes = {
      analyst: { allow: ['docs/research/**', 'docs/work-items/**'], deny: ['docs/research/secret/**'] },
    };
    const extra = { config: config({ scopes }) };
    expect(judged('analyst', [file('docs/research/a.md')], extra)).toEqual(['ok']);
    expect(judged('analyst', [file('docs/Research/Secret/a.md')], extra)).toEqual(['scope.path']);
    expect(judged('analyst', [file(`docs/work-items/ET-9/01-brd.md`, BRD)], extra)).toEqual(['scope.path']);
    expect(judged('analyst', [file(`${WI}/12-review.md`, REVIEW)], extra)).toEqual(['scope.path']);
  });

  it('AR-AD-1: an accepted global ADR is read-only', () => {
    const path = 'docs/architecture/adr/adr-0007-x.md';
    const extra = { tracked: new Set([path]), acceptedAdrs: new Set([path]) };
    expect(judged('architect', [file(path)], extra)).toEqual(['scope.path']);
    expect(judged('developer', [file(path, null)], extra)).toEqual(['scope.path']);
  });

  it('AR-SC-3: a rename needs both ends in scope, because a deletion is a write (case 19)', () => {
    expect(judged('architect', [file('src/a.ts', null), file('docs/a.ts')])).toEqual(['scope.path']);
  });
});

describe('path form and kind', () => {
  it.each([
    ['', 'scope.name'],
    ['/etc/passwd', 'scope.name'],
    ['a/../b', 'scope.name'],
    ['./a', 'scope.name'],
    ['a//b', 'scope.name'],
    ['a\\b', 'scope.name'],
    ['C:/x', 'scope.name'],
    ['a\nb', 'scope.name'],
    ['a\u202eb', 'scope.name'],
    ['a\u200bb', 'scope.name'],
    ['e\u0301.ts', 'scope.name'],
    [`${'x'.repeat(241)}`, 'scope.name'],
    ['src/.git/config', 'scope.mode'],
    ['.GIT/config', 'scope.mode'],
    ['a/git~1/x', 'scope.mode'],
    ['.git. /x', 'scope.mode'],
    ['README.MD', 'scope.name'],
    ['src/a.ts/b', 'scope.name'],
    ['src', 'scope.name'],
  ])('AR-SC-3: %j is %s', (path, code) => {
    expect(judged('developer', [file(path)])).toEqual([code]);
  });

  it('AR-SC-3: two new paths that are equal ignoring case; a rename that only changes case is fine', () => {
    expect(judged('developer', [file('A.md'), file('a.md')])).toEqual(['scope.name']);
    expect(judged('developer', [file('README.md', null), file('Readme.md')])).toEqual(['ok']);
    expect(judged('developer', [file('src/x.ts'), file('src/x.ts')])).toEqual(['scope.name']);
    expect(judged('developer', [file('src/a.ts', null), file('src/a.ts/b')])).toEqual(['ok']);
  });

  const link = (path: string, linkTarget: string) => file(path, linkTarget, { kind: 'symlink', linkTarget });
  it.each([
    [link('src/l', 'a.ts'), 'ok'],
    [link('src/l', '../docs/x'), 'ok'],
    [link('src/l', '../../x'), 'scope.mode'],
    [link('l', '../x'), 'scope.mode'],
    [link('src/l', '/etc/passwd'), 'scope.mode'],
    [link('src/l', 'd/../../../x'), 'scope.mode'],
    [link('src/l', '../.git/config'), 'scope.mode'],
    [link('src/l', ''), 'scope.mode'],
    [file('vendor/x', '', { kind: 'submodule' }), 'scope.mode'],
    [file('dev/x', '', { kind: 'other' }), 'scope.mode'],
    [file('docs/run.sh', 'x', { executable: true }), 'scope.mode'],
    [file('bin/run.sh', 'x', { executable: true }), 'ok'],
  ])('AG-APP-2 (case 22): kind %# is judged', (change, code) => {
    expect(judged('developer', [change])).toEqual([code]);
  });

  it('AR-SC-3: a symbolic link in a work item is refused even for its writer', () => {
    expect(judged('reviewer', [link(`${WI}/12-review.md`, '12.md')])).toEqual(['scope.mode']);
  });

  it('AR-SC-3: no path leaves the repository or enters .git, whatever the characters', () => {
    const part = fc.constantFrom('a', '.', '..', '/', '\\', '.git', 'C:', '\0', '\n', ' ', 'docs', '\u202e');
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 8 }), (parts) => {
        const path = parts.join('');
        const verdict = judgeChange([file(path)], context('developer'));
        if (!verdict.ok) return;
        expect(path.split('/').some((segment) => ['', '.', '..', '.git'].includes(segment))).toBe(false);
        expect(path).not.toMatch(/[\0\n\\\u202e]/);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('size, encoding, secrets', () => {
  it('AG-APP-2: at most max_patch_files files and max_patch_kb KiB', () => {
    const files = Array.from({ length: 101 }, (_, n) => file(`src/${n}.ts`));
    expect(judged('developer', files)).toEqual(['scope.size']);
    expect(judged('developer', files.slice(1))).toEqual(['ok']);
    const big = [1, 2, 3].map((n) => file(`src/${n}.ts`, 'x'.repeat(1900 * 1024)));
    expect(judged('developer', big)).toEqual(['scope.size']);
    expect(
      judged('developer', big, { config: config({ agents: { adapter: 'scripted', max_patch_kb: 8192 } }) }),
    ).toEqual(['ok']);
  });

  it('agents case 22: one file of 3 MiB is refused', () => {
    expect(judged('developer', [file('src/x.ts', 'x'.repeat(3 * 1024 * 1024))])).toEqual(['scope.size']);
  });

  it('AR-DIR-5: at most 20 ADRs and 60 files in a work item', () => {
    const adr = (n: number) => `${WI}/06-adr/ADR-${String(n).padStart(3, '0')}-x.md`;
    const tracked = new Set(Array.from({ length: 20 }, (_, n) => adr(n)));
    expect(judged('architect', [file(adr(0), ADR)], { tracked })).toEqual(['ok']);
    expect(judged('architect', [file(adr(20), ADR)], { tracked })).toEqual(['scope.size']);
    expect(judged('architect', [file(adr(0), null), file(adr(20), ADR)], { tracked })).toEqual(['ok']);
    const full = new Set(Array.from({ length: 60 }, (_, n) => `${WI}/old-${n}.md`));
    expect(judged('architect', [file(adr(1), ADR)], { tracked: full })).toEqual(['scope.size']);
  });

  it.each([
    ['assets/logo.png', 1024, [], 'ok'],
    ['assets/LOGO.PNG', 1024, [], 'ok'],
    ['assets/logo.png', 1024 * 1024 + 1, [], 'scope.mode'],
    ['assets/data.bin', 1024, [], 'scope.mode'],
    ['assets/data.bin', 1024, ['assets/*.bin'], 'ok'],
  ])('AG-APP-2: binary %s of %d bytes with agents.binary %j is %s', (path, size, binary, code) => {
    expect(
      judged('developer', [file(path, Buffer.alloc(size))], {
        config: config({ agents: { adapter: 'scripted', binary } }),
      }),
    ).toEqual([code]);
  });

  it('AR-DIR-5: artifacts are UTF-8 without NUL', () => {
    expect(judged('reviewer', [file(`${WI}/12-review.md`, `${REVIEW}\0`)])).toEqual(['art.encoding']);
    expect(judged('reviewer', [file(`${WI}/12-review.md`, Buffer.from(`${REVIEW}\xff`, 'latin1'))])).toEqual([
      'art.encoding',
    ]);
  });

  it('AG-LOG-4 (case 40): a secret is refused with file and line, and is not echoed', () => {
    const value = 'hunter2-hunter2';
    const verdict = judgeChange(
      [file('src/x.ts', `a\nb = "${Buffer.from(value).toString('base64')}"\n`)],
      context('developer', { secrets: [value] }),
    );
    expect(verdict).toMatchObject({ ok: false, findings: [{ path: 'src/x.ts', code: 'art.secret', line: 2 }] });
    expect(JSON.stringify(verdict)).not.toContain('hunter2');
    expect(
      judged('developer', [
        file('assets/x.png', Buffer.concat([Buffer.alloc(9), Buffer.from(`ghp_${'a1B2'.repeat(9)}`)])),
      ]),
    ).toEqual(['art.secret']);
  });
});

describe('schema and stored form', () => {
  it.each([
    [`${WI}/04-test-plan.yaml`, 'work_item: ET-12\ntests: []\n', 'analyst', 'art.empty'],
    [`${WI}/01-brd.md`, '# BRD\nTBD\n', 'analyst', 'art.skeleton'],
    [`${WI}/01-questions.md`, 'x'.repeat(65 * 1024), 'analyst', 'art.too_large'],
    [`${WI}/12-review.md`, 'APPROVED\n', 'reviewer', 'fm.absent'],
    [`${WI}/12-review.md`, '---\nverdict: APPROVED\nwork_item_id: ET-9\n---\n', 'reviewer', 'art.foreign'],
    [`${WI}/06-conflict.md`, '---\nwork_item_id: ET-9\n---\ntext\n', 'architect', 'art.foreign'],
    [`${WI}/07-infra-requirements.md`, '# 07\nshort\n', 'architect', 'art.empty'],
    ['changelog.d/ET-12.md', '### New\n- x\n', 'developer', 'art.unrecognised'],
  ] as const)('AR-AP-1: %s %# is refused by its own schema', (path, text, role, code) => {
    expect(judged(role, [file(path, text)])).toEqual([code]);
  });

  it('AR-AP-1: accepted artifacts come back in stored form, other files untouched', () => {
    const verdict = judgeChange(
      [file(`${WI}/12-review.md`, `\uFEFF${REVIEW.replaceAll('\n', '\r\n')}</content>\r\n</invoke>`)],
      context('reviewer'),
    );
    expect(verdict).toMatchObject({ ok: true, cutTagLines: 2 });
    expect(verdict.ok && verdict.changes[0]!.content!.toString()).toBe(REVIEW);
    const raw = '\uFEFFa\r\n</invoke>';
    const code = judgeChange([file('src/x.ts', raw)], context('developer'));
    expect(code.ok && code.changes[0]!.content!.toString()).toBe(raw);
  });

  it('AR-FM-13: warnings do not refuse; an unedited questions file is one', () => {
    const verdict = judgeChange(
      [
        file(`${WI}/01-questions.md`, '# Questions: ET-12\n- …\n'),
        file(`${WI}/01-brd.md`, BRD.replace('## Goal\n', '')),
      ],
      context('analyst'),
    );
    expect(verdict).toMatchObject({
      ok: true,
      warnings: [{ code: 'art.skeleton' }, { text: 'the heading "Goal" is missing' }],
    });
  });

  it('AR-SC-2: all findings are collected, at most 50 are listed, and nothing is accepted', () => {
    const verdict = judgeChange(
      [file('src/ok.ts'), ...Array.from({ length: 60 }, (_, n) => file(`.gitea/${n}.yml`))],
      context('developer'),
    );
    expect(verdict).toMatchObject({ ok: false, omitted: 10 });
    expect(!verdict.ok && verdict.findings).toHaveLength(50);
    expect(
      judged('developer', [
        file('.git/x'),
        file('.gitea/x'),
        file('src/b.bin', Buffer.alloc(3)),
        file('changelog.d/ET-12.md', ''),
      ]),
    ).toEqual(['scope.mode', 'scope.path', 'scope.mode', 'art.empty']);
  });

  it('AR-VAL-6: an empty change is art.no_output', () => {
    expect(judged('developer', [])).toEqual(['art.no_output']);
  });
});

describe('missingOutput', () => {
  const codes = (role: Role, changes: readonly Change[], tracked: readonly string[] = []) =>
    missingOutput(role, 'ET-12', changes, new Set(tracked)).map(({ code, text }) => `${code} ${text.split(' ')[0]}`);

  it('agents §8: each role has something it must leave', () => {
    expect(codes('developer', [])).toEqual(['art.no_output the']);
    expect(codes('developer', [file('src/a.ts')])).toEqual([]);
    expect(codes('analyst', [file(`${WI}/01-brd.md`)])).toEqual([
      'art.missing 02-trz.md',
      'art.missing 03-acceptance-criteria.md',
      'art.missing 04-test-plan.yaml',
    ]);
    expect(codes('analyst', [file(`${WI}/01-questions.md`)])).toEqual([]);
    expect(codes('analyst', [file(`${WI}/01-questions.md`, null)], [`${WI}/01-questions.md`]).length).toBe(4);
    expect(codes('architect', [file('docs/x.md')])).toEqual(['art.missing neither']);
    expect(codes('architect', [file(`${WI}/06-adr/ADR-001-x.md`)])).toEqual([]);
    expect(codes('architect', [file(`${WI}/06-conflict.md`)])).toEqual([]);
    expect(codes('reviewer', [file('docs/x.md')], [`${WI}/12-review.md`])).toEqual(['art.missing 12-review.md']);
    expect(codes('reviewer', [file(`${WI}/12-review.md`)])).toEqual([]);
  });
});
