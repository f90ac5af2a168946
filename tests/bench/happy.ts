import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TRAILS_ISSUE } from '../../examples/trails/create.ts';
import { stageRow, type Stage } from '../../lib/pipeline/stages.ts';
import { buildRelease } from '../../tools/build.ts';
import { createWorld } from '../e2e/world.ts';
import { type Stack, startStack } from '../stack/stack.ts';
import { tellResult } from './report.ts';

/**
 * The happy path on the real forge (board → done, with one rejected review) ÷ the same chain of runs, jobs and steps
 * with empty actions, in one run of this program. Both hold the managed repository's own CI. spec: design §11
 */
const TARGETS = { 2: 1.15, 1: 1.35 } as const;

/** Runs of the happy path in order; `ci` is the managed repository's own workflow. */
const CHAIN: readonly (Stage | 'event' | 'ci')[] = [
  'event', 'analysis', 'event', 'architecture', 'development', 'ci', 'event', 'review', 'development', 'ci', 'event',
  'review', 'testing', 'deploy-staging', 'event', 'deploy', 'deploy',
]; // prettier-ignore

const NEXT_ACTION = `
import process from 'node:process';
const index = Number(process.env.INPUT_INDEX) + 1;
const chain = ${JSON.stringify(CHAIN)};
if (chain[index] !== undefined) {
  const url = process.env.GITHUB_SERVER_URL + '/api/v1/repos/' + process.env.GITHUB_REPOSITORY + '/actions/workflows/skeleton-' + chain[index] + '.yml/dispatches';
  const answer = await fetch(url, { method: 'POST', headers: { authorization: 'token ' + process.env.INPUT_TOKEN, 'content-type': 'application/json' }, body: JSON.stringify({ ref: 'main', inputs: { index: String(index) } }) });
  if (!answer.ok) throw new Error('dispatch: ' + answer.status);
}
`;

function skeletonFiles(actions: { repository: string; ref: string }): Record<string, string> {
  const uses = (action: string, more = '') =>
    `      - uses: ${actions.repository}/actions/${action}@${actions.ref}\n${more}`;
  const next = uses(
    'next',
    `        with:\n          index: \${{ inputs.index }}\n          token: \${{ secrets.BOT }}\n`,
  );
  const files: Record<string, string> = { 'README.md': 'skeleton\n' };
  for (const name of new Set(CHAIN)) {
    const jobs =
      name === 'event'
        ? [{ name: 'intake', steps: 1 }]
        : name === 'ci'
          ? []
          : stageRow(name).jobs.map((job) => ({ name: job.name, steps: job.steps.length }));
    const ci = `  test:\n    runs-on: ubuntu-latest\n    steps:\n      - run: git init -q .\n      - run: node --test\n${next}`;
    const body = jobs.map((job, index) => {
      const last = index === jobs.length - 1;
      const needs = index === 0 ? '' : `    needs: [${jobs[index - 1]?.name ?? ''}]\n    if: always()\n`;
      return `  ${job.name}:\n${needs}    runs-on: conveyor\n    steps:\n${uses('noop').repeat(job.steps - (last ? 1 : 0))}${last ? next : ''}`;
    });
    files[`.gitea/workflows/skeleton-${name}.yml`] =
      `name: skeleton-${name}\nrun-name: skeleton \${{ inputs.index }}\non:\n  workflow_dispatch:\n    inputs:\n      index:\n        required: true\njobs:\n${name === 'ci' ? ci : body.join('')}`;
  }
  return files;
}

async function runSkeleton(stack: Stack): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'conveyor-skeleton-'));
  try {
    const write = (path: string, text: string) => {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    };
    for (const [name, text] of [
      ['noop', ''],
      ['next', NEXT_ACTION],
    ] as const) {
      const inputs = name === 'next' ? 'inputs:\n  index:\n    required: true\n  token:\n    required: true\n' : '';
      write(`actions/${name}/action.yml`, `name: ${name}\n${inputs}runs:\n  using: node24\n  main: index.mjs\n`);
      write(`actions/${name}/index.mjs`, text === '' ? "console.log('empty');\n" : text);
    }
    const actions = await stack.publishActions(folder, 'skeleton');
    const repository = await stack.createRepository({
      name: 'skeleton',
      files: new Map(Object.entries(skeletonFiles(actions))),
    });
    await stack.forge.setSecret(repository.fullName, 'BOT', stack.bot.token);
    const started = performance.now();
    await stack.forge.call(
      'POST',
      `/repos/${repository.fullName}/actions/workflows/skeleton-event.yml/dispatches`,
      { ref: 'main', inputs: { index: '0' } },
      stack.bot.token,
    );
    for (;;) {
      const runs = await stack.forge.runs(repository.fullName);
      const failed = runs.find((run) => run.conclusion !== null && run.conclusion !== 'success');
      if (failed !== undefined) throw new Error(`skeleton run ${failed.id} ended ${failed.conclusion ?? ''}`);
      if (runs.some((run) => run.title === `skeleton ${CHAIN.length - 1}` && run.conclusion === 'success'))
        return performance.now() - started;
      await new Promise((done) => setTimeout(done, 200));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runHappyPath(stack: Stack): Promise<number> {
  const release = mkdtempSync(join(tmpdir(), 'conveyor-release-'));
  try {
    await buildRelease(fileURLToPath(new URL('../../', import.meta.url)), release);
    await using world = await createWorld(stack, await stack.publishActions(release, 'bench'), 'bench');
    const { plane } = world;
    const issue = plane.createIssue({ name: TRAILS_ISSUE.title, description: TRAILS_ISSUE.description });
    const started = performance.now();
    plane.moveIssue('ada', issue.id, 'To Analyse');
    await world.until('ET-1', 'waiting for approval', (item) => item.waitingFor === 'approval');
    plane.moveIssue('ada', issue.id, 'Approved');
    await world.until('ET-1', 'waiting for Confirm Deploy', (item) => item.waitingFor === 'confirm-deploy', 300);
    plane.moveIssue('ada', issue.id, 'Confirm Deploy');
    await world.until('ET-1', 'done', (item) => item.stage === 'done', 200);
    return performance.now() - started;
  } finally {
    rmSync(release, { recursive: true, force: true });
  }
}

for (const interval of [2, 1] as const) {
  await using stack = await startStack({ fetchIntervalS: interval });
  const skeleton = await runSkeleton(stack);
  const happy = await runHappyPath(stack);
  console.log(
    `poll ${interval} s: happy path ${(happy / 1000).toFixed(1)} s, skeleton of ${CHAIN.length} runs ${(skeleton / 1000).toFixed(1)} s`,
  );
  tellResult(`happy path ÷ empty skeleton, runner poll ${interval} s`, happy / skeleton, {
    sign: '≤',
    value: TARGETS[interval],
  });
}
