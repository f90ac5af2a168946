import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ADR, DIGEST, FINDINGS, PACKAGE, deployText, sha } from '../../../tests/property/gates-builders.ts';
import { createRepository } from '../../../tests/property/gates-repository.ts';
import { runGateStandalone } from './standalone.ts';
import type { GatePorts } from './place.ts';

const branch = 'feature/export';
async function repository(files: Readonly<Record<string, string | null>> = {}) {
  const repo = await createRepository();
  const base = await repo.commit('main', { 'README.md': '# Trails\n', 'test.sh': '#!/usr/bin/env bash\nexit 0\n' });
  if (Object.keys(files).length > 0) await repo.commit(branch, files, base);
  return {
    repo,
    base,
    ports: (more?: Readonly<Record<string, string>>) => repo.ports(branch, more),
    [Symbol.asyncDispose]: () => repo[Symbol.asyncDispose](),
  };
}
const nowhere = {} as GatePorts;

describe('runGateStandalone', () => {
  it('entry needs inputs only; a fail is red, names the numbers, and gives the outputs', async () => {
    const result = await runGateStandalone(
      'entry',
      { title: 'Fix', description: '' },
      { ...nowhere, runUrl: 'http://127.0.0.1/runs/7' },
    );
    expect(result).toMatchObject({ failed: true, outputs: { verdict: 'fail', code: 'ENTRY_TITLE_SHORT' } });
    expect(JSON.parse(result.outputs.facts)).toMatchObject({ title: 3, description: 0 });
    expect(result.summary).toContain('ENTRY_TITLE_SHORT');
    expect(result.summary).toContain('http://127.0.0.1/runs/7');
    expect(
      (
        await runGateStandalone(
          'entry',
          { title: 'CSV export', description: 'Users download their tracks.' },
          { ...nowhere, runUrl: null },
        )
      ).failed,
    ).toBe(false);
    expect(
      (
        await runGateStandalone(
          'entry',
          { title: 'Fix', description: 'Users download their tracks.', 'title-min': '3' },
          { ...nowhere, runUrl: null },
        )
      ).outputs.code,
    ).toBe('ENTRY_OK');
  });

  it.each([
    ['entry', { 'title-min': 'many' }, /input title-min is a whole number/],
    ['entry', { 'hold-is-failure': 'yes' }, /input hold-is-failure is true or false/],
    ['review', {}, /input file is missing/],
    ['review', { file: '../x' }, /path inside the repository/],
    ['deploy', { file: 'x.md' }, /input digest is missing/],
    ['tests', {}, /either "command".*or "report"/],
    ['staging', {}, /either "suite".*or "result"/],
    ['landed', {}, /give "pull"/],
  ] as const)('%s with %j tells the person what to correct', async (gate, inputs, message) => {
    await using at = await repository({ a: '1' });
    await expect(runGateStandalone(gate, inputs, await at.ports())).rejects.toThrow(message);
  });

  it('a base branch or commit that is not there is said with its name', async () => {
    await using at = await repository({ a: '1' });
    await expect(runGateStandalone('review', { file: 'r.md', base: 'develop' }, await at.ports())).rejects.toThrow(
      /branch develop is not on the forge/,
    );
    const elsewhere = await at.repo.commit('elsewhere', { z: '1' }, at.base);
    await expect(runGateStandalone('review', { file: 'r.md', sha: elsewhere }, await at.ports())).rejects.toThrow(
      /is neither in refs\/heads\/feature\/export nor in main/,
    );
  });

  describe('documents', () => {
    const inFolder = (files: Readonly<Record<string, string>>) =>
      Object.fromEntries(
        Object.entries(files).map(([name, text]) => [
          `specs/login/${name}`,
          text.replaceAll('ET-12', 'login').replace(/^work_item: .*\n/m, 'work_item: ET-1\n'),
        ]),
      );
    const noIds = (files: Readonly<Record<string, string>>) =>
      Object.fromEntries(Object.entries(files).map(([name, text]) => [`docs/work-items/ET-12/${name}`, text]));

    it('analysis-complete, analysis-approved, architecture judge any folder', async () => {
      await using at = await repository(noIds({ ...PACKAGE, '06-adr/ADR-001-stream.md': ADR }));
      const folder = 'docs/work-items/ET-12';
      expect((await runGateStandalone('analysis-complete', { folder }, await at.ports())).outputs.code).toBe(
        'ANALYSIS_COMPLETE',
      );
      expect((await runGateStandalone('architecture', { folder: `${folder}/` }, await at.ports())).outputs.code).toBe(
        'ARCH_DONE',
      );
      const approved = (labels: string, more = {}) =>
        at
          .ports()
          .then((ports) =>
            runGateStandalone('analysis-approved', { folder, label: 'approved', labels, ...more }, ports),
          );
      expect((await approved('bug, Approved')).outputs.code).toBe('APPROVED_VIA_LABEL');
      expect(await approved('bug')).toMatchObject({
        failed: true,
        outputs: { verdict: 'hold', code: 'APPROVAL_PENDING' },
      });
      expect(await approved('bug', { 'hold-is-failure': 'false' })).toMatchObject({
        failed: false,
        outputs: { verdict: 'hold' },
      });
    });

    it('a package that is not complete names the files in the folder that was given', async () => {
      await using at = await repository(inFolder({ '01-brd.md': PACKAGE['01-brd.md'] ?? '' }));
      const result = await runGateStandalone('analysis-complete', { folder: 'specs/login' }, await at.ports());
      expect(result).toMatchObject({ failed: true, outputs: { code: 'ANALYSIS_EMPTY' } });
      expect(result.verdict.findings).toContain('specs/login/02-trz.md');
      expect(result.verdict.findings).not.toContain('specs/login/01-brd.md');
    });
  });

  describe('ci', () => {
    const status = (context: string, state: 'success' | 'pending' | 'failure') => ({
      context,
      state,
      description: '',
      targetUrl: null,
    });
    it('G-CI-5: judges the statuses of the commit; the workflow that asks does not count', async () => {
      await using at = await repository({ a: '1' });
      const judge = (inputs = {}) =>
        at.ports({ GITHUB_WORKFLOW: 'Gates' }).then((ports) => runGateStandalone('ci', inputs, ports));
      const head = at.repo.tip(branch);
      expect((await judge()).outputs.code).toBe('CI_PENDING');
      await at.repo.forge.setStatus(head, status('Gates / ci (push)', 'pending'));
      await at.repo.forge.setStatus(head, status('CI / test (push)', 'success'));
      expect((await judge()).outputs.code).toBe('CI_GREEN');
      expect((await judge({ required: 'CI / test (push)\nCI / e2e (push)' })).outputs.code).toBe('CI_PENDING');
      await at.repo.forge.setStatus(head, status('lint, strict', 'failure'));
      expect(await judge()).toMatchObject({ failed: true, outputs: { code: 'CI_RED' } });
      expect((await judge({ ignore: 'lint, strict' })).outputs.code).toBe('CI_GREEN');
      expect((await judge({ sha: 'f'.repeat(40) })).outputs.code).toBe('CI_SHA_UNKNOWN');
    });
  });

  describe('review', () => {
    const approved = '---\nverdict: APPROVED\n---\n# Review\n';
    it('G-REV-2: an approval counts for the patch it was committed on, not for a later one', async () => {
      await using at = await repository({ 'src/a.ts': '1\n' });
      await at.repo.commit(branch, { 'docs/work-items/ET-12/12-review.md': approved });
      const inputs = { file: 'docs/work-items/ET-12/12-review.md' };
      expect((await runGateStandalone('review', inputs, await at.ports())).outputs.code).toBe('REVIEW_APPROVED');
      await at.repo.commit(branch, { 'docs/work-items/ET-12/01-brd.md': 'inert\n' });
      expect((await runGateStandalone('review', inputs, await at.ports())).outputs.code).toBe('REVIEW_APPROVED');
      await at.repo.commit(branch, { 'src/a.ts': '2\n' });
      expect(await runGateStandalone('review', inputs, await at.ports())).toMatchObject({
        failed: true,
        outputs: { code: 'REVIEW_STALE' },
      });
    });

    it('G-DOC-1, G-REV-3: changes asked for and a missing fragment are red', async () => {
      await using at = await repository({ 'src/a.ts': '1\n' });
      await at.repo.commit(branch, {
        'docs/work-items/ET-12/12-review.md': `---\nverdict: REQUEST_CHANGES\n---\n${FINDINGS}`,
      });
      const file = 'docs/work-items/ET-12/12-review.md';
      const result = await runGateStandalone('review', { file }, await at.ports());
      expect(result).toMatchObject({ failed: true, outputs: { code: 'REVIEW_CHANGES' } });
      expect(result.summary).toContain('Data loss');
      const missing = await runGateStandalone('review', { file, fragment: 'changes/next.md' }, await at.ports());
      expect(missing.outputs).toMatchObject({ code: 'DOCS_MISSING' });
      expect(missing.verdict.text).toContain('changes/next.md');
      expect(missing.verdict.findings).toContain('Data loss');
      expect((await runGateStandalone('review', { file: 'none.md' }, await at.ports())).outputs.code).toBe(
        'REVIEW_NOT_JUDGED',
      );
    });
  });

  describe('tests', () => {
    it('G-TST-1…3: runs the command in a clean export of the commit, with no secret of the job', async () => {
      await using at = await repository({ 'src/a.ts': '1\n' });
      const judge = (command: string, more = {}) =>
        at.ports().then((ports) => runGateStandalone('tests', { command, ...more }, ports));
      expect(
        (await judge('test -f src/a.ts && test ! -e .git && test -z "${SECRET_TOKEN:-}${GITHUB_SHA:-}"')).outputs.code,
      ).toBe('TESTS_PASS');
      const red = await judge('echo "AssertionError: 1 != 2"; exit 1');
      expect(red).toMatchObject({ failed: true, outputs: { code: 'TESTS_FAIL' } });
      expect(red.verdict.findings).toContain('AssertionError');
      expect((await judge('no-such-program-here')).outputs.code).toBe('TESTS_TOOL_ERROR');
      expect((await judge('sleep 30', { 'timeout-s': '1' })).outputs.code).toBe('TESTS_TIMEOUT');
      expect(
        (
          await judge('echo "<testsuite><testcase name=\'a\'><failure/></testcase></testsuite>" > r.xml', {
            junit: '*.xml',
          })
        ).outputs.code,
      ).toBe('TESTS_FAIL');
    });

    it('regression 26: the task deleted the test script → fail, not infrastructure', async () => {
      await using at = await repository({ 'test.sh': null });
      expect((await runGateStandalone('tests', { command: './test.sh' }, await at.ports())).outputs.code).toBe(
        'TESTS_FAIL',
      );
    });

    it('G-GEN-15: a committed report counts for the code it was committed on', async () => {
      await using at = await repository({ 'src/a.ts': '1\n' });
      const report = 'docs/work-items/ET-12/13-test-report.md';
      await at.repo.commit(branch, { [report]: '---\nresult: PASS\ntotal: 3\n---\n' });
      expect((await runGateStandalone('tests', { report }, await at.ports())).outputs.code).toBe('TESTS_PASS');
      await at.repo.commit(branch, { 'src/a.ts': '2\n' });
      expect((await runGateStandalone('tests', { report }, await at.ports())).outputs.code).toBe('TESTS_STALE');
    });
  });

  describe('staging', () => {
    const result = (revision: string, status: string, nonce = 'n-1') =>
      JSON.stringify({
        schema: 'conveyor/staging-suite@1',
        revision,
        nonce,
        checks: [
          { id: 'A1', status: 'pass' },
          { id: 'C9a', status },
        ],
      });
    it("G-STG-1, G-STG-4: judges a result file with this run's nonce and revision", async () => {
      await using at = await repository({ a: '1' });
      const judge = async (text: string, more = {}) => {
        const ports = await at.ports();
        await writeFile(join(ports.scratch, 'workspace', 'suite.json'), text);
        return runGateStandalone('staging', { result: 'suite.json', nonce: 'n-1', ...more }, ports);
      };
      const head = at.repo.tip(branch);
      expect((await judge(result(head, 'pass'))).outputs.code).toBe('STG_SUCCESS');
      expect(await judge(result(head, 'fail'), { 'exit-code': '1' })).toMatchObject({
        failed: true,
        outputs: { code: 'STG_FAILED' },
      });
      expect((await judge(result(head, 'fail'), { 'exit-code': '1', waivable: 'C9a' })).outputs.code).toBe(
        'STG_SUCCESS',
      );
      expect(
        (await judge(result(head, 'fail'), { 'exit-code': '1', waivable: 'C9a', strict: 'true' })).outputs.code,
      ).toBe('STG_FAILED');
      expect((await judge(result(sha('1'), 'pass'))).outputs.code).toBe('STG_WRONG_REVISION');
      expect((await judge(result(head, 'pass', 'old'))).outputs.code).toBe('STG_TRANSIENT');
      expect((await judge(result(head, 'pass'), { result: 'other.json' })).outputs.code).toBe('STG_TRANSIENT');
      await expect(judge(result(head, 'pass'), { nonce: '' })).rejects.toThrow(/needs "nonce"/);
    });

    it('G-GEN-9: the suite comes from the base branch, whatever the change made of it', async () => {
      await using repo = await createRepository();
      const suite = (exit: number) => `#!/usr/bin/env bash\necho "staging $2"\nexit ${exit}\n`;
      const base = await repo.commit('main', { 'ops/suite': suite(1) });
      await repo.commit(branch, { 'ops/suite': suite(0) }, base);
      const judge = async (more: Readonly<Record<string, string>> = { 'base-url': 'http://127.0.0.1:1' }) =>
        runGateStandalone('staging', { suite: 'ops/suite', ...more }, await repo.ports(branch));
      expect((await judge()).outputs.code).toBe('STG_FAILED');
      await repo.commit('main', { 'ops/suite': suite(0) });
      expect((await judge()).outputs.code).toBe('STG_SUCCESS');
      await repo.commit('main', { 'ops/suite': suite(2) });
      expect(await judge()).toMatchObject({ failed: true, outputs: { code: 'STG_ENV', verdict: 'hold' } });
      await expect(judge({})).rejects.toThrow(/needs "base-url"/);
    });
  });

  describe('deploy', () => {
    it('G-DPL-2, G-DPL-3: the log must be about this digest and this code', async () => {
      await using at = await repository({ 'src/a.ts': '1\n' });
      const tree = await at.repo.git.codeTree(at.repo.tip(branch));
      const file = 'docs/work-items/ET-12/14-deploy-log.md';
      const log = (keys: string) => deployText(keys).replaceAll(sha('7'), tree);
      await at.repo.commit(branch, { [file]: log('deploy_status: SUCCESS\ndeploy_mode: command\nexit_code: 0') });
      const judge = async (digest = DIGEST, more = {}) =>
        runGateStandalone('deploy', { file, digest, ...more }, await at.ports());
      expect((await judge()).outputs.code).toBe('DEPLOY_SUCCESS');
      expect(await judge(`sha256:${'0'.repeat(64)}`)).toMatchObject({
        failed: true,
        outputs: { code: 'DEPLOY_UNKNOWN', verdict: 'hold' },
      });
      expect((await judge(DIGEST, { 'deploy-id': 'ET-12.9.9.production' })).outputs.code).toBe('DEPLOY_UNKNOWN');
      await at.repo.commit(branch, { [file]: log('deploy_status: FAILED\ndeploy_mode: command\nexit_code: 2') });
      expect(await judge()).toMatchObject({ failed: true, outputs: { code: 'DEPLOY_ROLLBACK_FAILED' } });
      await at.repo.commit(branch, {
        [file]: log('deploy_status: SUCCESS\ndeploy_mode: command\nexit_code: 0'),
        'src/a.ts': '2\n',
      });
      expect((await judge()).outputs.code).toBe('DEPLOY_UNKNOWN');
    });
  });

  describe('landed', () => {
    it.each(['merge', 'squash'] as const)('G-LND-6: %s of a pull request is proven by git', async (style) => {
      await using at = await repository({ 'src/a.ts': '1\n' });
      const pull = await at.repo.forge.openPull({ head: branch, base: 'main', title: 't', body: '' });
      const judge = async (more = {}) =>
        runGateStandalone('landed', { pull: String(pull.number), style, ...more }, await at.ports());
      await expect(judge()).rejects.toThrow(/give "base-sha"/);
      expect((await judge({ 'base-sha': at.base })).outputs.code).toBe('NOT_LANDED');
      await at.repo.forge.mergePull(pull.number, { headSha: at.repo.tip(branch), style, title: 't', message: '' });
      expect((await judge()).outputs.code).toBe('LANDED');
      expect(await judge({ 'expected-tree': sha('1') })).toMatchObject({
        failed: true,
        outputs: { code: 'LANDED_TREE_MISMATCH' },
      });
      await expect(judge({ pull: '99' })).rejects.toThrow(/no pull request 99/);
    });
  });
});
