import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGit } from '../../lib/adapters/git/bare.ts';
import { ADR, DIGEST, FINDINGS, PACKAGE, deployText, sha } from '../property/gates-builders.ts';
import { gitEnv, type Stack, type StackRepository, startStackOrSkip } from '../stack/stack.ts';
import { buildRelease } from './world.ts';

const run = promisify(execFile);
const ITEM = 'docs/work-items/ET-12';

/** One gate as a job of somebody's own workflow; what it answered crosses to the last job as job outputs. */
const job = (
  name: string,
  uses: string,
  inputs: Readonly<Record<string, string>>,
  more: { readonly before?: string; readonly reads?: string } = {},
) => `  ${name}:
    runs-on: ubuntu-latest
    permissions:
      contents: read
${more.reads === undefined ? '' : `      ${more.reads}: read\n`}    outputs:
      verdict: \${{ steps.gate.outputs.verdict }}
      code: \${{ steps.gate.outputs.code }}
      result: \${{ steps.gate.outputs.result }}
      facts: \${{ steps.gate.outputs.facts }}
    steps:
${more.before ?? ''}      - id: gate
        uses: ${uses}
        with:
          forge-token: \${{ github.token }}
${Object.entries(inputs)
  .map(([key, value]) => `          ${key}: ${JSON.stringify(value)}\n`)
  .join('')}`;

const told = (names: readonly string[]) => `  told:
    runs-on: ubuntu-latest
    if: always()
    needs: [${names.join(', ')}]
    steps:
      - env:
          NEEDS: \${{ toJSON(needs) }}
        run: node -e 'console.log("TOLD " + JSON.stringify(JSON.parse(process.env.NEEDS)) + " END")'
`;

/** What the title of the pull request says of staging: a result file as a suite would write it. */
const SUITE = `      - env:
          STATUS: \${{ contains(github.event.pull_request.title, 'CSV') && 'pass' || 'fail' }}
        run: |
          printf '{"schema":"conveyor/staging-suite@1","revision":"%s","nonce":"n-1","checks":[{"id":"A1","status":"%s"}]}' "$GITHUB_SHA" "$STATUS" > suite.json
`;

function workflows(actions: { readonly repository: string; readonly ref: string }) {
  const uses = (gate: string) => `${actions.repository}/actions/gate-${gate}@${actions.ref}`;
  const gates: Readonly<Record<string, string>> = {
    entry: job('entry', uses('entry'), {
      title: '${{ github.event.pull_request.title }}',
      description: '${{ github.event.pull_request.body }}',
    }),
    'analysis-complete': job('analysis-complete', uses('analysis-complete'), { folder: ITEM }),
    'analysis-approved': job('analysis-approved', uses('analysis-approved'), {
      folder: ITEM,
      label: 'approved',
      labels: "${{ join(github.event.pull_request.labels.*.name, ',') }}",
    }),
    architecture: job('architecture', uses('architecture'), { folder: ITEM }),
    review: job('review', uses('review'), { file: `${ITEM}/12-review.md`, fragment: 'changelog.d/ET-12.md' }),
    tests: job('tests', uses('tests'), { command: 'node --test test/*.test.mjs' }),
    ci: job('ci', uses('ci'), { sha: '${{ github.event.pull_request.head.sha }}' }, { reads: 'actions' }),
    staging: job(
      'staging',
      uses('staging'),
      {
        result: 'suite.json',
        nonce: 'n-1',
        'exit-code': "${{ contains(github.event.pull_request.title, 'CSV') && '0' || '1' }}",
      },
      { before: SUITE },
    ),
    deploy: job('deploy', uses('deploy'), { file: `${ITEM}/14-deploy-log.md`, digest: DIGEST }),
  };
  /** The same red hold, asked not to fail the step. */
  const patient = job('patient', uses('analysis-complete'), {
    folder: 'docs/work-items/ET-13',
    'hold-is-failure': 'false',
  });
  const names = Object.keys(gates);
  return new Map([
    [
      '.gitea/workflows/gates.yml',
      `name: gates\nrun-name: gates of \${{ github.event.pull_request.title }}\non:\n  pull_request:\n    types: [opened]\njobs:\n${Object.values(gates).join('')}${patient}${told([...names, 'patient'])}`,
    ],
    [
      '.gitea/workflows/landed.yml',
      `name: landed\nrun-name: landed of \${{ github.event.pull_request.title }}\non:\n  pull_request:\n    types: [closed]\njobs:\n${job('landed', uses('landed'), { pull: '${{ github.event.pull_request.number }}', 'base-sha': "${{ !github.event.pull_request.merged && github.event.pull_request.base.sha || '' }}", style: "${{ contains(github.event.pull_request.title, 'CSV') && 'squash' || 'merge' }}" }, { reads: 'pull-requests' })}${told(['landed'])}`,
    ],
  ]);
}

interface Answer {
  readonly result: string;
  readonly outputs: {
    readonly verdict?: string;
    readonly code?: string;
    readonly result?: string;
    readonly facts?: string;
  };
}

describe('G-GEN-12: a gate alone in a repository that knows nothing of Conveyor', () => {
  let stack: Stack | null = null;
  let repository: StackRepository | null = null;
  let folder = '';
  beforeAll(async () => {
    stack = await startStackOrSkip({ fetchIntervalS: 1, runners: [{ capacity: 3 }] });
    if (stack === null) return;
    folder = mkdtempSync(join(tmpdir(), 'conveyor-gates-alone-'));
    using release = await buildRelease();
    const actions = await stack.publishActions(release.folder);
    repository = await stack.createRepository({
      name: 'plain',
      private: true,
      bot: null,
      files: new Map([
        ['src/add.mjs', 'export const add = (a, b) => a + b;\n'],
        [
          'test/add.test.mjs',
          "import test from 'node:test';\nimport assert from 'node:assert/strict';\nimport { add } from '../src/add.mjs';\ntest('adds', () => assert.equal(add(1, 2), 3));\n",
        ],
        ...workflows(actions),
      ]),
    });
    await stack.forge.call('POST', `/repos/${repository.fullName}/labels`, { name: 'approved', color: '#00aabb' });
  });
  afterAll(async () => {
    await stack?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Pushes one commit per set of files on a new branch from main, each made from the state before it; answers the head. */
  async function push(
    branch: string,
    commits: readonly ((codeTree: string) => Readonly<Record<string, string>>)[],
  ): Promise<string> {
    if (stack === null || repository === null) throw new Error('no stack');
    const work = mkdtempSync(join(folder, 'push-'));
    const env = gitEnv(stack.owner);
    const git = async (...args: string[]) => (await run('git', args, { cwd: work, env })).stdout.trim();
    await git('clone', '--quiet', repository.cloneUrl, '.');
    await git('switch', '--quiet', '--create', branch);
    for (const files of commits) {
      await git('push', '--quiet', 'origin', `HEAD:refs/heads/${branch}`);
      const look = await createGit({
        dir: mkdtempSync(join(folder, 'look-')),
        remote: repository.cloneUrl,
        token: stack.owner.token,
        env: process.env,
      });
      const ref = `refs/heads/${branch}`;
      const tip = (await look.fetch([ref], { depth: 0 })).get(ref) ?? '';
      for (const [path, text] of Object.entries(files(await look.codeTree(tip)))) {
        mkdirSync(dirname(join(work, path)), { recursive: true });
        writeFileSync(join(work, path), text);
      }
      await git('add', '--all');
      await git('commit', '--quiet', '--message', 'work');
    }
    await git('push', '--quiet', 'origin', `HEAD:refs/heads/${branch}`);
    return git('rev-parse', 'HEAD');
  }

  async function openPull(head: string, title: string, body: string, labels: readonly number[] = []): Promise<number> {
    if (stack === null || repository === null) throw new Error('no stack');
    const pull = await stack.forge.call<{ number: number }>(
      'POST',
      `/repos/${repository.fullName}/pulls`,
      { head, base: 'main', title, body, labels },
      stack.owner.token,
    );
    return pull.number;
  }

  async function setStatus(commit: string, state: string): Promise<void> {
    if (stack === null || repository === null) throw new Error('no stack');
    await stack.forge.call('POST', `/repos/${repository.fullName}/statuses/${commit}`, {
      context: 'factory/build',
      state,
      description: 'built elsewhere',
    });
  }

  /** Conclusions of the jobs as the forge shows them, and what each gate handed to the jobs after it. */
  async function answers(title: string): Promise<{
    readonly jobs: Record<string, string | null>;
    readonly told: Record<string, Answer>;
    readonly log: string;
  }> {
    if (stack === null || repository === null) throw new Error('no stack');
    const found = await stack.forge.waitForRun(repository.fullName, (candidate) => candidate.title === title, {
      timeoutS: 300,
    });
    const log = await stack.forge.runLog(repository.fullName, found.id);
    const rows = await stack.forge.jobs(repository.fullName, found.id);
    const line = /TOLD (\{.*\}) END/.exec(log)?.[1];
    expect(line, log).toBeDefined();
    return {
      jobs: Object.fromEntries(rows.map(({ name, conclusion }) => [name, conclusion])),
      told: JSON.parse(line ?? '{}') as Record<string, Answer>,
      log,
    };
  }
  const codes = (all: Readonly<Record<string, Answer>>) =>
    Object.fromEntries(Object.entries(all).map(([name, { outputs }]) => [name, `${outputs.verdict} ${outputs.code}`]));

  const documents = (files: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(files).map(([name, text]) => [`${ITEM}/${name}`, text]));

  it.concurrent('G-ENT-5, G-ANC-2, G-APR, G-ARC-2, G-REV-7, G-TST-6, G-CI-5, G-STG-4, G-DPL-2: a good pull request is green by every gate, and LANDED when it is merged', async (context) => {
    if (stack === null || repository === null) return context.skip();
    const label = (await stack.forge.call<{ id: number }[]>('GET', `/repos/${repository.fullName}/labels`))[0]?.id ?? 0;
    const head = await push('feature/csv', [
      () => ({
        'src/csv.mjs': "export const csv = (rows) => rows.join('\\n');\n",
        'changelog.d/ET-12.md': '### Added\n- CSV export (ET-12).\n',
        ...documents({ ...PACKAGE, '06-adr/ADR-001-stream.md': ADR }),
      }),
      (codeTree) =>
        documents({
          '12-review.md': '---\nverdict: APPROVED\n---\n# Review\n',
          '14-deploy-log.md': deployText('deploy_status: SUCCESS\ndeploy_mode: command\nexit_code: 0').replaceAll(
            sha('7'),
            codeTree,
          ),
        }),
      () => ({
        'docs/work-items/ET-13/01-questions.md':
          '---\ntype: questions\nwork_item_id: ET-13\n---\n# Questions: ET-13\n\n### Q1. Which?\n\nIt blocks BR-1.\n',
      }),
    ]);
    await setStatus(head, 'success');
    const pull = await openPull('feature/csv', 'CSV export of tracks', 'Users download their tracks as CSV.', [label]);
    const { jobs, told: said, log } = await answers('gates of CSV export of tracks');
    expect(codes(said), log).toEqual({
      entry: 'pass ENTRY_OK',
      'analysis-complete': 'pass ANALYSIS_COMPLETE',
      'analysis-approved': 'pass APPROVED_VIA_LABEL',
      architecture: 'pass ARCH_DONE',
      review: 'pass REVIEW_APPROVED',
      tests: 'pass TESTS_PASS',
      ci: 'pass CI_GREEN',
      staging: 'pass STG_SUCCESS',
      deploy: 'pass DEPLOY_SUCCESS',
      patient: 'hold ANALYSIS_QUESTIONS',
    });
    expect(Object.values(jobs)).toEqual(Array.from({ length: 11 }, () => 'success'));
    for (const { outputs } of Object.values(said)) {
      expect(outputs.result).toBe(outputs.verdict);
      expect(JSON.parse(outputs.facts ?? '')).toBeTypeOf('object');
    }

    // The forge learns a moment after the last check whether a pull request can be merged.
    for (let tries = 0, merged = false; !merged; tries += 1) {
      const body = JSON.stringify({ Do: 'squash', head_commit_id: head });
      const answer = await stack.forge.api(
        `/repos/${repository.fullName}/pulls/${pull}/merge`,
        { method: 'POST', body },
        stack.owner.token,
      );
      merged = answer.status === 200;
      if (!merged && tries > 60) throw new Error(`the forge does not merge: ${answer.status} ${await answer.text()}`);
      if (!merged) await new Promise((done) => setTimeout(done, 500));
    }
    const landed = await answers('landed of CSV export of tracks');
    expect(codes(landed.told), landed.log).toEqual({ landed: 'pass LANDED' });
    expect(landed.jobs).toEqual({ landed: 'success', told: 'success' });
  });

  it.concurrent('G-ENT-1, G-ANC-3, G-APR, G-ARC-1, G-REV-3, G-TST-5, G-CI, G-STG, G-DPL, G-LND-8: a bad pull request is red by every gate with a code, and closing it is not landing', async (context) => {
    if (stack === null || repository === null) return context.skip();
    const head = await push('feature/bad', [
      () => ({
        'src/add.mjs': 'export const add = (a, b) => a - b;\n',
        'changelog.d/ET-12.md': '### Fixed\n- Sums (ET-12).\n',
        ...documents({
          '06-conflict.md':
            '---\ntype: conflict\nwork_item_id: ET-12\n---\n# Conflict with the requirements\n\nTRZ 1 breaks ADR-0007.\n',
        }),
      }),
      (codeTree) =>
        documents({
          '12-review.md': `---\nverdict: REQUEST_CHANGES\n---\n${FINDINGS}`,
          '14-deploy-log.md': deployText('deploy_status: FAILED\ndeploy_mode: command\nexit_code: 1').replaceAll(
            sha('7'),
            codeTree,
          ),
        }),
      () => ({
        'docs/work-items/ET-13/01-questions.md':
          '---\ntype: questions\nwork_item_id: ET-13\n---\n# Questions: ET-13\n\n### Q1. Which?\n\nIt blocks BR-1.\n',
      }),
    ]);
    await setStatus(head, 'failure');
    const pull = await openPull('feature/bad', 'Fix', '');
    const { jobs, told: said, log } = await answers('gates of Fix');
    expect(codes(said), log).toEqual({
      entry: 'fail ENTRY_TITLE_SHORT',
      'analysis-complete': 'error ANALYSIS_EMPTY',
      'analysis-approved': 'hold APPROVAL_PENDING',
      architecture: 'fail ARCH_CONFLICT',
      review: 'fail REVIEW_CHANGES',
      tests: 'fail TESTS_FAIL',
      ci: 'fail CI_RED',
      staging: 'fail STG_FAILED',
      deploy: 'fail DEPLOY_FAILED',
      patient: 'hold ANALYSIS_QUESTIONS',
    });
    const { patient, told: last, ...red } = jobs;
    expect([patient, last]).toEqual(['success', 'success']);
    expect(Object.values(red)).toEqual(Array.from({ length: 9 }, () => 'failure'));
    expect(log, 'the findings stand in the log of the job').toContain('Data loss');

    await stack.forge.call(
      'PATCH',
      `/repos/${repository.fullName}/pulls/${pull}`,
      { state: 'closed' },
      stack.owner.token,
    );
    const closed = await answers('landed of Fix');
    expect(codes(closed.told), closed.log).toEqual({ landed: 'hold NOT_LANDED' });
    expect(closed.jobs).toEqual({ landed: 'failure', told: 'success' });
  });

  it('writes nothing: no ledger, no commit status of its own, no comment', async (context) => {
    if (stack === null || repository === null) return context.skip();
    const branches = await stack.forge.call<{ name: string }[]>('GET', `/repos/${repository.fullName}/branches`);
    expect(branches.map(({ name }) => name).toSorted()).toEqual(['feature/bad', 'feature/csv', 'main']);
    for (const number of [1, 2])
      expect(await stack.forge.call('GET', `/repos/${repository.fullName}/issues/${number}/comments`)).toEqual([]);
    for (const branch of ['feature/bad', 'feature/csv']) {
      const { statuses } = await stack.forge.call<{ statuses: { context: string }[] }>(
        'GET',
        `/repos/${repository.fullName}/commits/${branch}/status`,
      );
      expect(statuses.filter(({ context: name }) => name.startsWith('conveyor'))).toEqual([]);
    }
  });
});
