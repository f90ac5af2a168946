import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { generateWorkflows } from '../../lib/kit/workflows.ts';
import { parseConfig } from '../../lib/pipeline/config.ts';
import { buildRelease } from '../../tools/build.ts';
import { startStackOrSkip } from '../stack/stack.ts';

const TOP = join(import.meta.dirname, '..', '..');
const CONFIG = 'version: 1\nproject: {prefix: ET}\ntracker: {kind: file}\nagents: {adapter: scripted}\n';

const stack = await startStackOrSkip({ fetchIntervalS: 1 });
const release = mkdtempSync(join(tmpdir(), 'conveyor-release-'));
afterAll(async () => {
  await stack?.[Symbol.asyncDispose]();
  rmSync(release, { recursive: true, force: true });
});

const doctor = (uses: string, token: string) => `name: doctor
on: [workflow_dispatch]
jobs:
  doctor:
    runs-on: conveyor
    permissions:
      contents: read
    steps:
      - name: doctor
        uses: ${uses}
        with:
          forge-token: \${{ ${token} }}
`;

describe.skipIf(stack === null)('a release on a real Gitea', () => {
  if (stack === null) return;

  it('the forge accepts every generated workflow, and the root action finds a healthy installation in a real run', async () => {
    await buildRelease(TOP, release);
    const { repository, ref } = await stack.publishActions(release);
    const config = parseConfig(CONFIG);
    if (!config.ok) throw new Error(config.errors.join('\n'));
    const workflows = generateWorkflows({
      version: '0.1.0',
      actions: repository,
      ref,
      config: config.config,
      ciWorkflows: ['ci'],
    });
    const files = new Map([
      ...workflows,
      ['.conveyor/config.yml', CONFIG],
      ['.gitea/workflows/doctor.yml', doctor(`${repository}@${ref}`, 'secrets.CONVEYOR_BOT_TOKEN')],
      ['.gitea/workflows/doctor-read.yml', doctor(`${repository}@${ref}`, 'github.token')],
    ]);
    const { fullName } = await stack.createRepository({ name: 'trails', files });
    await stack.forge.setSecret(fullName, 'CONVEYOR_BOT_TOKEN', stack.bot.token);

    const listed = await stack.forge.call<{ workflows: { path: string; state: string }[] }>(
      'GET',
      `/repos/${fullName}/actions/workflows`,
    );
    expect(listed.workflows.map(({ path }) => path).sort()).toEqual(
      [...workflows.keys(), '.gitea/workflows/doctor.yml', '.gitea/workflows/doctor-read.yml'].sort(),
    );
    for (const { path, state } of listed.workflows) expect(state, path).toBe('active');

    const dispatch = (file: string, inputs: Record<string, string>) =>
      stack.forge.call<{ workflow_run_id: number }>(
        'POST',
        `/repos/${fullName}/actions/workflows/${file}/dispatches?return_run_details=true`,
        { ref: 'main', inputs },
        stack.bot.token,
      );
    const started = await dispatch('doctor.yml', {});
    const run = await stack.forge.waitForRun(fullName, started.workflow_run_id, { timeoutS: 120 });
    const log = await stack.forge.runLog(fullName, run.id);
    for (const id of [
      'O-RUN-1',
      'O-RUN-2',
      'O-FRG-1',
      'O-CLK-1',
      'O-FRG-12',
      'O-FRG-3',
      'O-FRG-5',
      'O-CFG-1',
      'O-FRG-16',
    ])
      expect(log).toMatch(new RegExp(`pass +${id} `));

    // The token of a job that runs branch code: it may neither push nor dispatch.
    const reading = await dispatch('doctor-read.yml', {});
    const red = await stack.forge.waitForRun(fullName, reading.workflow_run_id, { timeoutS: 120 });
    const redLog = await stack.forge.runLog(fullName, red.id);
    expect(red.conclusion).toBe('failure');
    for (const id of ['O-FRG-12', 'O-FRG-3']) expect(redLog).toMatch(new RegExp(`fail +${id} .*403`));

    // H-FUI-1: the run of a stage is found by the name that Conveyor gives it.
    const title = 'ET-12 · review · attempt 2 · k3v9q2m7xa';
    const review = await dispatch('conveyor-review.yml', {
      item: 'ET-12',
      token: 'k3v9q2m7xa',
      round: '1',
      attempt: '2',
      title,
    });
    const reviewRun = await stack.forge.waitForRun(fullName, review.workflow_run_id, { timeoutS: 120 });
    expect(reviewRun.title).toBe(title);
    const jobs = await stack.forge.jobs(fullName, review.workflow_run_id);
    expect(jobs.map(({ name }) => name)).toEqual(['work', 'land']);
  });
});
