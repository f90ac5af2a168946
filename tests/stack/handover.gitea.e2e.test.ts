import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { rolldown } from 'rolldown';
import { unzipSync } from 'fflate';
import { afterAll, describe, expect, it } from 'vitest';
import { HANDOVER_CASES } from '../contract/handover.cases.ts';
import { startStackOrSkip } from './stack.ts';

const stack = await startStackOrSkip({ fetchIntervalS: 1 });
afterAll(async () => await stack?.[Symbol.asyncDispose]());

/** A folder like a release of ours, with one action that runs the contract. */
async function buildAction(): Promise<{ readonly folder: string } & AsyncDisposable> {
  const folder = await mkdtemp(path.join(tmpdir(), 'conveyor-handover-action-'));
  await using bundle = await rolldown({
    input: path.join(import.meta.dirname, '../contract/handover-job.ts'),
    platform: 'node',
  });
  await bundle.write({ file: path.join(folder, 'dist/handover.mjs'), format: 'esm' });
  await mkdir(path.join(folder, 'actions/handover'), { recursive: true });
  const action = {
    name: 'handover',
    description: 'contract',
    inputs: { mode: { required: true } },
    runs: { using: 'node24', main: '../../dist/handover.mjs' },
  };
  await writeFile(path.join(folder, 'actions/handover/action.yml'), JSON.stringify(action));
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

const workflow = (uses: string) => `name: handover
on: [workflow_dispatch]
permissions:
  contents: read
jobs:
  work:
    runs-on: conveyor-agent
    steps:
      - { uses: '${uses}', with: { mode: foreign } }
      - { uses: '${uses}', with: { mode: contract } }
      - { uses: '${uses}', with: { mode: put } }
  land:
    needs: work
    runs-on: conveyor
    steps:
      - { uses: '${uses}', with: { mode: get } }
`;

describe.skipIf(stack === null)('hand-over on a real Gitea', () => {
  if (stack === null) return;

  it('O-FRG-16: the contract holds in a job with a read-only token, the next job gets it, a re-run may hand over again', async () => {
    await using built = await buildAction();
    const { repository, ref } = await stack.publishActions(built.folder);
    const files = new Map([['.gitea/workflows/handover.yml', workflow(`${repository}/actions/handover@${ref}`)]]);
    const { fullName } = await stack.createRepository({ name: 'handover', files, private: true });
    const path = `/repos/${fullName}/actions/workflows/handover.yml/dispatches?return_run_details=true`;
    const { workflow_run_id: id } = await stack.forge.call<{ workflow_run_id: number }>(
      'POST',
      path,
      { ref: 'main' },
      stack.bot.token,
    );

    const run = await stack.forge.waitForRun(fullName, id, { timeoutS: 120 });
    const log = await stack.forge.runLog(fullName, id);
    expect(log).not.toContain('NOT OK');
    expect(run.conclusion, log).toBe('success');
    for (const { name } of HANDOVER_CASES) expect(log).toContain(`ok: ${name}`);
    for (const name of ['the token of another run is refused', 'get of the job before'])
      expect(log).toContain(`ok: ${name}`);

    const { artifacts } = await stack.forge.call<{ artifacts: { id: number; name: string }[] }>(
      'GET',
      `/repos/${fullName}/actions/runs/${id}/artifacts`,
    );
    const work = artifacts.find(({ name }) => name === 'work');
    const zip = await stack.forge.api(`/repos/${fullName}/actions/artifacts/${work?.id}/zip`);
    const shown = unzipSync(new Uint8Array(await zip.arrayBuffer()));
    expect(Buffer.from(shown['verdict.json'] ?? []).toString(), 'people can download and open it').toBe(
      `from run ${id}`,
    );

    await stack.rerunInUi(fullName, id);
    await stack.forge.waitForRun(fullName, id, { until: ({ status }) => status !== 'completed' });
    const again = await stack.forge.waitForRun(fullName, id, { timeoutS: 120 });
    expect(again.conclusion, await stack.forge.runLog(fullName, id)).toBe('success');
  });
});
