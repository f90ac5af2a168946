import { describe, expect, it } from 'vitest';
import { createRepository } from '../../../tests/property/gates-repository.ts';
import { CONFLICT, PACKAGE, QUESTIONS, WI } from '../../../tests/property/gates-builders.ts';
import { decideAnalysisComplete } from '../analysis-complete.ts';
import { decideArchitecture } from '../architecture.ts';
import { decideLanded } from '../landed.ts';
import { loadAnalysisCompleteFacts } from './analysis-complete.ts';
import { loadArchitectureFacts } from './architecture.ts';
import { loadBranchFiles, subjectAtWriting } from './branch-files.ts';
import { loadCiFacts } from './ci.ts';
import { loadEntryFacts } from './entry.ts';
import { loadLandedFacts } from './landed.ts';
import { loadReportFile } from './report-file.ts';
import { removedCommandPaths } from './tests.ts';

const item = 'ET-12';
const folder = (files: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(files).map(([name, text]) => [`${WI}/${name}`, text]));
const branch = 'feature/ET-12-export';

async function analysis(rounds: readonly Readonly<Record<string, string | null>>[]) {
  const repo = await createRepository();
  const base = await repo.commit('main', { 'README.md': '# Trails\n' });
  for (const round of rounds) await repo.commit(branch, round, base);
  const subject = { item, base, commit: repo.tip(branch), branch };
  return { repo, subject, [Symbol.asyncDispose]: () => repo[Symbol.asyncDispose]() };
}
const judge = async (rounds: Parameters<typeof analysis>[0]) => {
  await using at = await analysis(rounds);
  return decideAnalysisComplete(await loadAnalysisCompleteFacts({ git: at.repo.git }, at.subject), { questions: true })
    .code;
};

describe('loadBranchFiles', () => {
  it('AR-Q-1: tells the newest commit that changed each file, from commits and not from file times', async () => {
    await using at = await analysis([
      { [`${WI}/01-brd.md`]: 'one', [`${WI}/02-trz.md`]: 'two' },
      { [`${WI}/02-trz.md`]: 'three' },
      { 'src/a.ts': 'x' },
    ]);
    const { branch: files } = await loadBranchFiles(at.repo.git, at.subject);
    expect(files.kind === 'read' && files.value.positions).toEqual(
      new Map([
        [`${WI}/02-trz.md`, 1],
        [`${WI}/01-brd.md`, 2],
      ]),
    );
  });

  it('a file that main brought was not changed on this branch', async () => {
    await using repo = await createRepository();
    const base = await repo.commit('main', { [`${WI}/01-brd.md`]: 'old' });
    await repo.commit(branch, { [`${WI}/02-trz.md`]: 'new' }, base);
    const { branch: files } = await loadBranchFiles(repo.git, { item, base, commit: repo.tip(branch), branch });
    expect(files.kind === 'read' && [...(files.value.positions?.keys() ?? [])]).toEqual([`${WI}/02-trz.md`]);
  });

  it('AR-Q-7: without a common history the positions are unknown, never guessed', async () => {
    await using repo = await createRepository();
    const base = await repo.commit('main', { a: '1' });
    const commit = await repo.commit('other', folder(PACKAGE));
    const { branch: files } = await loadBranchFiles(repo.git, { item, base, commit, branch });
    expect(files.kind === 'read' && files.value.positions).toBeNull();
  });

  it('G-FM-4: a commit that is not there is unreadable, not an empty folder', async () => {
    await using at = await analysis([{ a: '1' }]);
    const facts = await loadAnalysisCompleteFacts({ git: at.repo.git }, { ...at.subject, commit: 'f'.repeat(40) });
    expect(facts.branch.kind).toBe('unreadable');
    expect(decideAnalysisComplete(facts, { questions: true }).code).toBe('ANALYSIS_COMPLETE_INTERNAL');
  });
});

describe('analysis and architecture on real commits', () => {
  it('regression 12: fresh package and untouched old questions → complete', async () => {
    expect(await judge([folder({ '01-questions.md': QUESTIONS }), folder(PACKAGE)])).toBe('ANALYSIS_COMPLETE');
  });
  it('regression 12: both in one run → questions', async () => {
    expect(await judge([folder({ ...PACKAGE, '01-questions.md': QUESTIONS })])).toBe('ANALYSIS_QUESTIONS');
  });
  it('regression 12: neither → empty', async () => {
    expect(await judge([{ 'src/a.ts': 'x' }])).toBe('ANALYSIS_EMPTY');
  });
  it('artifacts regression 22: a later commit that updates only 02 supersedes the questions', async () => {
    expect(
      await judge([
        folder({ ...PACKAGE, '01-questions.md': QUESTIONS }),
        folder({ '02-trz.md': `${PACKAGE['02-trz.md'] ?? ''}\nOne more line.\n` }),
      ]),
    ).toBe('ANALYSIS_COMPLETE');
  });
  it('artifacts regression 23: questions deleted, package complete → complete', async () => {
    expect(
      await judge([folder({ ...PACKAGE, '01-questions.md': QUESTIONS }), { [`${WI}/01-questions.md`]: null }]),
    ).toBe('ANALYSIS_COMPLETE');
  });
  it('regression 14: ADR and conflict → back to analysis', async () => {
    await using at = await analysis([
      folder(PACKAGE),
      folder({ '06-conflict.md': CONFLICT, '07-infra-requirements.md': PACKAGE['02-trz.md'] ?? '' }),
    ]);
    const verdict = decideArchitecture(
      await loadArchitectureFacts({ git: at.repo.git }, { ...at.subject, track: 'full' }),
    );
    expect(verdict).toMatchObject({ code: 'ARCH_CONFLICT', action: 'dev' });
    expect(verdict.findings).toContain('ADR-0007');
  });
});

describe('files of a commit', () => {
  it('G-FM-4: a link is not a report', async () => {
    await using repo = await createRepository();
    const base = await repo.commit('main', { a: '1' });
    const commit = await repo.git.commit({
      base,
      parents: [base],
      changes: [{ path: 'r.md', content: '/etc/passwd', mode: '120000' }],
      message: 'link',
      author: { name: 'a', email: 'a@b.test' },
      at: new Date(0),
    });
    expect(await loadReportFile(repo.git, commit, 'r.md')).toEqual({ kind: 'absent', path: 'r.md' });
    expect((await loadReportFile(repo.git, commit, 'a')).kind).toBe('file');
    expect((await loadReportFile(repo.git, 'e'.repeat(40), 'a')).kind).toBe('unreadable');
  });

  it('the subject of a file is that of the commit which wrote it', async () => {
    await using repo = await createRepository();
    const base = await repo.commit('main', { a: '1' });
    const written = await repo.commit(branch, { 'r.md': 'x', 'src/a.ts': '1' }, base);
    await repo.commit(branch, { 'src/a.ts': '2' });
    const subject = { item, base, commit: repo.tip(branch), branch };
    expect(await subjectAtWriting(repo.git, subject, 'r.md', async (commit) => commit)).toEqual({
      kind: 'read',
      value: written,
    });
    expect((await subjectAtWriting(repo.git, subject, 'a', async (commit) => commit)).kind).toBe('unreadable');
  });

  it('G-TST-2: a test script that base has and head lacks is removed', async () => {
    await using repo = await createRepository();
    const base = await repo.commit('main', { 'scripts/test.sh': 'x', 'other.sh': 'x' });
    const head = await repo.commit(branch, { 'scripts/test.sh': null }, base);
    expect(await removedCommandPaths(repo.git, './scripts/test.sh && ./other.sh && ./never.sh', base, head)).toEqual([
      'scripts/test.sh',
    ]);
  });
});

describe('loadEntryFacts', () => {
  const long = 'a description that is long enough';
  const tracker = (title: string, description: string) => ({
    getIssue: async () =>
      ({
        id: '7',
        project: '1',
        sequence: 12,
        title,
        description,
        state: { id: '1', name: 's', group: 'started', key: null },
        labels: [],
        updatedAt: '',
      }) as const,
  });
  const limits = { description_min: 20 };

  it.each([
    [
      'a whole event needs no call',
      { title: 'CSV export', description: long },
      null,
      { title: 'CSV export', description: long },
    ],
    [
      'an event without description is fetched',
      { title: 'CSV export', description: null },
      ['CSV export', long],
      { title: 'CSV export', description: long },
    ],
    [
      '`untitled` is fetched',
      { title: 'Untitled', description: long },
      ['CSV export', ''],
      { title: 'CSV export', description: long },
    ],
    [
      'the longer description wins',
      { title: 'CSV export', description: 'short' },
      ['Old title', long],
      { title: 'CSV export', description: long },
    ],
  ] as const)('G-ENT: %s', async (_name, carried, stored, expected) => {
    const port =
      stored === null
        ? { getIssue: () => Promise.reject(new Error('must not be called')) }
        : tracker(stored[0], stored[1]);
    expect(await loadEntryFacts({ tracker: port }, { issue: '7', ...carried }, limits)).toEqual({
      kind: 'read',
      value: expected,
    });
  });

  it('G-ENT-4: an issue that is gone is not an empty text', async () => {
    expect(
      (
        await loadEntryFacts(
          { tracker: { getIssue: async () => null } },
          { issue: '7', title: null, description: null },
          limits,
        )
      ).kind,
    ).toBe('unreadable');
  });
});

describe('loadCiFacts', () => {
  it('G-CI-1: reads statuses and runs of exactly the commit, without waiting', async () => {
    await using repo = await createRepository();
    const commit = await repo.commit('main', { a: '1' });
    await repo.forge.setStatus(commit, { context: 'test', state: 'success', description: 'ok', targetUrl: null });
    const facts = await loadCiFacts(
      { forge: repo.forge, clock: { now: () => new Date('2026-01-20T11:00:00Z'), sleep: async () => undefined } },
      { commit, baseBranch: 'main', pushedAt: '2026-01-20T09:00:00Z', passInForce: false, ownRun: null },
    );
    expect(facts).toMatchObject({
      sha: commit,
      changedAt: '2026-01-20T10:00:00.000Z',
      reading: { kind: 'read', value: { kind: 'listing', runs: [] } },
    });
    const unknown = await loadCiFacts(
      { forge: repo.forge, clock: { now: () => new Date(), sleep: async () => undefined } },
      { commit: 'f'.repeat(40), baseBranch: 'main', pushedAt: null, passInForce: false, ownRun: null },
    );
    expect(unknown.reading).toEqual({ kind: 'read', value: { kind: 'unknown-sha' } });
  });
});

describe('landed on real merges', () => {
  async function ready() {
    const repo = await createRepository();
    const base = await repo.commit('main', { a: '1' });
    const head = await repo.commit(branch, { b: '2' }, base);
    const pull = await repo.forge.openPull({ head: branch, base: 'main', title: 't', body: '' });
    const intent = { mergeHead: head, expectedTree: await repo.git.treeOf(head), baseSha: base };
    const judge = async (style: 'merge' | 'squash' | 'rebase', more: { pull?: number | null } = {}) => {
      const { git } = await repo.ports(branch);
      const facts = await loadLandedFacts(
        { git, forge: repo.forge },
        {
          stage: 'deploy',
          baseBranch: 'main',
          branch,
          style,
          intent,
          validatedCodeTree: await repo.git.codeTree(head),
          pull: pull.number,
          call: { kind: 'done' },
          ...more,
        },
      );
      return decideLanded(facts, { style });
    };
    return { repo, head, pull, judge, [Symbol.asyncDispose]: () => repo[Symbol.asyncDispose]() };
  }
  const call = { title: 'ET-12: t', message: '' };

  it.each(['merge', 'squash'] as const)('G-LND-6: %s → landed by the recorded tree', async (style) => {
    await using at = await ready();
    expect((await at.judge(style)).code).toBe('NOT_LANDED');
    expect((await at.repo.forge.mergePull(at.pull.number, { headSha: at.head, style, ...call })).status).toBe(200);
    expect(await at.judge(style)).toMatchObject({ verdict: 'pass', code: 'LANDED' });
    // The forge's word is not needed: git alone finds the commit.
    expect(await at.judge(style, { pull: null })).toMatchObject({ verdict: 'pass', code: 'LANDED' });
  });

  it('regression 44: a squash is no proof in style merge', async () => {
    await using at = await ready();
    await at.repo.forge.mergePull(at.pull.number, { headSha: at.head, style: 'squash', ...call });
    expect(await at.judge('merge')).toMatchObject({ verdict: 'hold', code: 'NOT_LANDED' });
  });

  it('regression 44: only another pull request was merged → not landed, base moved', async () => {
    await using at = await ready();
    await at.repo.commit('main', { 'docs/a.md': 'x' });
    expect(await at.judge('merge')).toMatchObject({ verdict: 'hold', code: 'LANDED_BASE_MOVED' });
  });

  it('G-LND-4: merged onto a base that moved → the combination was never tested', async () => {
    await using at = await ready();
    await at.repo.commit('main', { c: '3' });
    await at.repo.forge.mergePull(at.pull.number, { headSha: at.head, style: 'merge', ...call });
    expect(await at.judge('merge')).toMatchObject({ verdict: 'hold', code: 'LANDED_BASE_MOVED' });
  });

  it('later commits on main do not take the proof away', async () => {
    await using at = await ready();
    await at.repo.forge.mergePull(at.pull.number, { headSha: at.head, style: 'squash', ...call });
    const tip = (await at.repo.git.fetch(['refs/heads/main'], { depth: 0 })).get('refs/heads/main') ?? '';
    const next = await at.repo.git.commit({
      base: tip,
      parents: [tip],
      changes: [{ path: 'd', content: '4' }],
      message: 'next',
      author: { name: 'a', email: 'a@b.test' },
      at: new Date(0),
    });
    await at.repo.git.push([{ ref: 'refs/heads/main', to: next, expect: tip }]);
    expect((await at.judge('squash')).code).toBe('LANDED');
  });

  it('G-LND-7: an unknown base branch is unproven, not refuted', async () => {
    await using at = await ready();
    const facts = await loadLandedFacts(
      { git: at.repo.git, forge: at.repo.forge },
      {
        stage: 'deploy',
        baseBranch: 'gone',
        branch,
        style: 'merge',
        intent: { mergeHead: at.head, expectedTree: at.head, baseSha: at.head },
        validatedCodeTree: await at.repo.git.codeTree(at.head),
        pull: null,
        call: { kind: 'none' },
      },
    );
    expect(decideLanded(facts, { style: 'merge' })).toMatchObject({
      verdict: 'error',
      code: 'NOT_LANDED',
      action: 'infra',
    });
  });
});
