import { randomBytes } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../../base/errors.ts';
import { classifySuite } from '../../delivery/suite-class.ts';
import { parseSuiteFile } from '../../delivery/suite-file.ts';
import { runStagingSuite } from '../../delivery/suite.ts';
import { decideDeploy } from '../../gates/deploy.ts';
import { loadLandedFacts } from '../../gates/facts/landed.ts';
import { loadReportFile } from '../../gates/facts/report-file.ts';
import { decideLanded } from '../../gates/landed.ts';
import { decideStaging } from '../../gates/staging.ts';
import type { StagingRun } from '../../gates/staging.ts';
import type { Verdict } from '../../pipeline/verdict.ts';
import { commandEnvironment } from './alone-code.ts';
import type { GateInput } from './inputs.ts';
import { itemOfFile } from './item-of-file.ts';
import type { GatePorts, Place } from './place.ts';
import { baseBranchOf, findPlace } from './place.ts';

const GRACE_MS = 20_000;

/** Runs the suite of the base branch against a running staging, or judges the result file of a suite that ran. spec: G-STG-1…5 */
export async function stagingAlone(ports: GatePorts, inputs: GateInput<'staging'>): Promise<Verdict> {
  if ((inputs.suite === '') === (inputs.result === ''))
    throw new ConfigError(
      'INPUT_INVALID',
      'gate-staging: give either "suite" (it runs from the base branch) or "result" (the file a suite has written).',
    );
  const place = await findPlace(ports, inputs);
  const revision = inputs.revision || place.commit;
  const run =
    inputs.suite === '' ? await judgeResult(ports, inputs, revision) : await runSuite(ports, place, inputs, revision);
  const expected = { pass: 1, digest: '', codeTree: await ports.git.codeTree(place.commit) };
  return decideStaging({
    repository: ports.repository,
    configured: true,
    item: '',
    run,
    expected,
    file: null,
    recorded: null,
  });
}

async function runSuite(
  ports: GatePorts,
  place: Place,
  inputs: GateInput<'staging'>,
  revision: string,
): Promise<StagingRun> {
  if (!/^https?:\/\/\S+$/.test(inputs['base-url']))
    throw new ConfigError('INPUT_INVALID', 'gate-staging: "suite" needs "base-url", the http(s) address of staging.');
  const tree = join(ports.scratch, 'suite');
  await mkdir(tree, { recursive: true });
  // The suite judges the change, so it comes from where the change cannot alter it. spec: G-GEN-9
  await ports.git.exportTree(place.base, tree);
  return runStagingSuite(
    {
      file: join(tree, inputs.suite),
      cwd: tree,
      env: await commandEnvironment(ports, tree),
      baseUrl: inputs['base-url'],
      revision,
      digest: '',
      nonce: randomBytes(16).toString('hex'),
      settings: { suite: inputs.suite, timeout_s: inputs['timeout-s'], ...policyOf(inputs), infra_retries: 0 },
      secrets: [],
      graceMs: GRACE_MS,
      folder: ports.scratch,
      runningDigest: null,
    },
    ports.shell,
  );
}

async function judgeResult(ports: GatePorts, inputs: GateInput<'staging'>, revision: string): Promise<StagingRun> {
  if (inputs.nonce === '')
    throw new ConfigError(
      'INPUT_INVALID',
      'gate-staging: "result" needs "nonce", the value the suite was given: without it an old file would count.',
    );
  const workspace = ports.env['GITHUB_WORKSPACE'] ?? '';
  const text = await readFile(join(workspace, inputs.result), 'utf8').catch(() => null);
  if (text === null)
    return { class: 'transient-infra', code: 'STG_TRANSIENT', text: `there is no result file ${inputs.result}` };
  const ended = { code: inputs['exit-code'], signal: null, ended: null, output: '' };
  return classifySuite(ended, parseSuiteFile(text, inputs.nonce), revision, policyOf(inputs));
}

const policyOf = (inputs: GateInput<'staging'>) => ({
  waivable: inputs.waivable,
  strict: inputs.strict,
  infra_tolerance: true,
});

/** A deploy log of the commit, bound to commit, code tree and digest. spec: G-DPL-2…4 */
export async function deployAlone(ports: GatePorts, inputs: GateInput<'deploy'>): Promise<Verdict> {
  const { git, clock } = ports;
  const { commit } = await findPlace(ports, inputs);
  const file = await loadReportFile(git, commit, inputs.file);
  const now = clock.now().toISOString();
  const { digest } = inputs;
  return decideDeploy(
    {
      item: itemOfFile(file),
      now,
      digest,
      confirmation: { kind: 'confirmed', by: 'the workflow', digest, expiresAt: now },
      hook: { state: 'ok', guard: false, text: 'judged from the log alone' },
      expected: {
        pass: null,
        commit: null,
        codeTree: await git.codeTree(commit),
        deployId: inputs['deploy-id'] || null,
      },
      file,
      recorded: file.kind === 'file' ? file.blob : null,
    },
    { provider: 'command' },
  );
}

/** Whether a merge is in the base branch with exactly the tree that merging the head gives. spec: G-LND-6 */
export async function landedAlone(ports: GatePorts, inputs: GateInput<'landed'>): Promise<Verdict> {
  const { git, forge } = ports;
  const baseBranch = baseBranchOf(ports, inputs.base);
  const pull = inputs.pull === 0 ? null : await forge.getPull(inputs.pull);
  if (inputs.pull !== 0 && pull === null)
    throw new ConfigError('GATE_PLACE', `there is no pull request ${inputs.pull}: give its number as input "pull".`);
  const head = inputs.head || pull?.headSha || '';
  if (head === '')
    throw new ConfigError('INPUT_INVALID', 'gate-landed: give "pull", or "head" (the commit that was merged).');
  const merge = inputs['merge-commit'] || pull?.mergeCommit || '';
  await git.fetch([`refs/heads/${baseBranch}`, ...(pull === null ? [] : [`refs/heads/${pull.head}`])], { depth: 0 });
  const baseSha = inputs['base-sha'] || (merge === '' ? '' : ((await git.parentsOf(merge))[0] ?? ''));
  if (baseSha === '')
    throw new ConfigError(
      'INPUT_INVALID',
      'gate-landed: give "base-sha", the commit of the base branch that the head was judged against.',
    );
  const expectedTree = inputs['expected-tree'] || (await mergedTree(ports, baseSha, head, pull?.merged === false));
  const facts = await loadLandedFacts(ports, {
    stage: 'deploy',
    baseBranch,
    branch: pull?.head ?? baseBranch,
    style: inputs.style,
    intent: { mergeHead: head, expectedTree, baseSha },
    validatedCodeTree: await git.codeTree(head),
    pull: pull?.number ?? null,
    mergeCommit: merge === '' ? null : merge,
    call: { kind: 'none' },
  });
  return decideLanded(facts, { style: inputs.style });
}

async function mergedTree({ git }: GatePorts, base: string, head: string, unmerged: boolean): Promise<string> {
  const merged = await git.mergeTree(base, head);
  if (merged.clean) return merged.tree;
  // Nobody merged it, and nobody can: no commit has this tree, so the gate says "not landed" instead of asking for one.
  if (unmerged) return '0'.repeat(head.length);
  throw new ConfigError(
    'GATE_PLACE',
    `merging ${head} into ${base} conflicts in ${merged.conflicts.slice(0, 3).join(', ')}: give the tree that was tested as input "expected-tree".`,
  );
}
