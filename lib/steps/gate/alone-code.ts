import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../../base/errors.ts';
import { globMatcher } from '../../base/globs.ts';
import { decideCi } from '../../gates/ci.ts';
import { subjectAtWriting } from '../../gates/facts/branch-files.ts';
import { loadCiFacts } from '../../gates/facts/ci.ts';
import { loadReportFile } from '../../gates/facts/report-file.ts';
import { loadReviewFacts } from '../../gates/facts/review.ts';
import { loadTestsFacts, removedCommandPaths } from '../../gates/facts/tests.ts';
import { parseJUnit } from '../../gates/junit.ts';
import { decideReview } from '../../gates/review.ts';
import type { TestOutcome } from '../../gates/test-run.ts';
import { classifyTestRun } from '../../gates/test-run.ts';
import { decideTests } from '../../gates/tests.ts';
import type { Verdict } from '../../pipeline/verdict.ts';
import { listFiles } from '../list-files.ts';
import { renderEnvironment } from '../work/environment.ts';
import type { GateInput } from './inputs.ts';
import { itemOfFile } from './item-of-file.ts';
import type { GatePorts, Place } from './place.ts';
import { baseBranchOf, findPlace } from './place.ts';

const GRACE_MS = 20_000;

/** One read of the statuses of a commit; contexts of the workflow that asks do not count. spec: G-CI-1…6 */
export async function ciAlone(ports: GatePorts, inputs: GateInput<'ci'>): Promise<Verdict> {
  const { env } = ports;
  const commit = inputs.sha || env['GITHUB_SHA'] || '';
  if (commit === '') throw new ConfigError('GATE_PLACE', 'which commit is judged is not known: give input "sha".');
  const facts = await loadCiFacts(ports, {
    commit,
    baseBranch: baseBranchOf(ports, inputs.base),
    pushedAt: null,
    passInForce: false,
    ownRun: Number(ports.run),
  });
  const workflow = env['GITHUB_WORKFLOW'] ?? '';
  const own = workflow === '' ? [] : [`${workflow} / *`];
  // No clock runs outside the pipeline: nothing remembers when the commit came.
  return decideCi(facts, {
    mode: 'required',
    required: inputs.required,
    ignore: [...inputs.ignore, ...own],
    silence_s: 1,
    stuck_s: 1,
    expect_s: 1,
  });
}

/** A review file of the commit; it counts when the last commit that wrote it holds the same patch. spec: G-REV-1…4, G-REV-7 */
export async function reviewAlone(ports: GatePorts, inputs: GateInput<'review'>): Promise<Verdict> {
  const { git } = ports;
  const place = await findPlace(ports, inputs);
  const file = await loadReportFile(git, place.commit, inputs.file);
  const subject = { ...subjectOf(place), item: itemOfFile(file) };
  const trust = {
    kind: 'written',
    subject: await subjectAtWriting(git, subject, inputs.file, (commit) => git.patchId(place.base, commit)),
  } as const;
  const docs = { enabled: inputs.fragment !== '', source: inputs.source, fragment_dir: 'changelog.d' };
  const facts = await loadReviewFacts(ports, { ...subject, path: inputs.file, trust, round: null }, docs);
  const fragment = inputs.fragment === '' ? facts.fragment : await loadReportFile(git, place.commit, inputs.fragment);
  return decideReview({ ...facts, fragment }, { docs });
}

/** Runs the command in a clean export of the commit, or judges a committed report. spec: G-TST-1…8 */
export async function testsAlone(ports: GatePorts, inputs: GateInput<'tests'>): Promise<Verdict> {
  if ((inputs.report === '') === (inputs.command === ''))
    throw new ConfigError(
      'INPUT_INVALID',
      'gate-tests: give either "command" (it runs in a clean export of the commit) or "report" (a committed file).',
    );
  const { git } = ports;
  const place = await findPlace(ports, inputs);
  const subject = subjectOf(place);
  const outcome = inputs.command === '' ? null : await runCommand(ports, place, inputs);
  const trust = {
    kind: 'written',
    subject: await subjectAtWriting(git, subject, inputs.report, (commit) => git.codeTree(commit)),
  } as const;
  return decideTests(
    await loadTestsFacts(ports, {
      ...subject,
      path: inputs.report === '' ? null : inputs.report,
      outcome,
      trust,
      round: null,
    }),
  );
}

async function runCommand(ports: GatePorts, place: Place, inputs: GateInput<'tests'>): Promise<TestOutcome> {
  const { git, shell } = ports;
  const tree = join(ports.scratch, 'tree');
  await mkdir(tree, { recursive: true });
  await git.exportTree(place.commit, tree);
  const end = await shell.run({
    argv: ['bash', '-euo', 'pipefail', '-c', inputs.command],
    cwd: tree,
    env: await commandEnvironment(ports, tree),
    timeoutMs: inputs['timeout-s'] * 1000,
    graceMs: GRACE_MS,
  });
  const isJUnit = globMatcher(inputs.junit);
  const files = inputs.junit.length === 0 ? [] : (await listFiles(tree)).filter((path) => isJUnit(path));
  const junit = await Promise.all(files.map(async (path) => parseJUnit(await readFile(join(tree, path), 'utf8'))));
  const fork = (await git.mergeBase(place.base, place.commit)) ?? place.base;
  const removed = await removedCommandPaths(git, inputs.command, fork, place.commit);
  return classifyTestRun({
    command: inputs.command,
    timeoutS: inputs['timeout-s'],
    end: { ...end, output: ports.redact(end.output) },
    junit,
    removed,
    smoke: [],
  });
}

/** No token and no secret of the job reaches the command. spec: G-GEN-12 */
export async function commandEnvironment(ports: GatePorts, workdir: string): Promise<Readonly<Record<string, string>>> {
  const home = join(ports.scratch, 'home');
  const tmp = join(ports.scratch, 'tmp');
  await Promise.all([home, tmp].map((folder) => mkdir(folder, { recursive: true })));
  const rendered = renderEnvironment({
    source: ports.env,
    home,
    tmp,
    workdir,
    item: '',
    stage: 'testing',
    role: 'testing',
    pass: [],
    credentials: [],
  });
  if (!rendered.ok) throw new ConfigError('ENVIRONMENT', rendered.errors.join('; '));
  return rendered.env;
}

const subjectOf = ({ commit, base }: Place) => ({ item: '', base, commit, branch: '' });
