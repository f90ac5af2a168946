// The hand-over contract as a program for a job of a real runner: `contract`, or `put`/`get` in two jobs of one run,
// or `foreign` (a token of another run). Prints one line per case; red when one failed. Bundled by tests/stack.
import { createGiteaHandover } from '../../lib/adapters/handover/gitea.ts';
import type { HandoverPort } from '../../lib/ports/handover.ts';
import { HANDOVER_CASES, type HandoverCase } from './handover.cases.ts';

const env = (name: string) => process.env[name] ?? '';
const port = (expectedRunId = env('GITHUB_RUN_ID')): HandoverPort =>
  createGiteaHandover({
    resultsUrl: env('ACTIONS_RESULTS_URL'),
    runtimeToken: env('ACTIONS_RUNTIME_TOKEN'),
    expectedRunId,
  });

const message = new Map([['verdict.json', Buffer.from(`from run ${env('GITHUB_RUN_ID')}`)]]);
const modes: Readonly<Record<string, readonly HandoverCase[]>> = {
  contract: HANDOVER_CASES,
  put: [{ name: 'put for the next job', run: async (handover) => void (await handover.put('work', message)) }],
  get: [
    {
      name: 'get of the job before',
      async run(handover) {
        const got = (await handover.get('work'))?.get('verdict.json')?.toString();
        if (got !== `from run ${env('GITHUB_RUN_ID')}`) throw new Error(`got ${got}`);
      },
    },
  ],
  foreign: [
    {
      name: 'the token of another run is refused',
      async run() {
        const code = await port('1000000')
          .get('work')
          .then(
            () => 'nothing',
            (error: { code?: string }) => error.code,
          );
        if (code !== 'HANDOVER_FOREIGN_RUN') throw new Error(`got ${code}`);
      },
    },
  ],
};

const cases = modes[env('INPUT_MODE')] ?? [];
if (cases.length === 0) throw new Error(`unknown mode "${env('INPUT_MODE')}"`);
for (const { name, run } of cases) {
  try {
    await run(port());
    process.stdout.write(`ok: ${name}\n`);
  } catch (error) {
    process.stdout.write(`NOT OK: ${name}: ${error instanceof Error ? error.stack : String(error)}\n`);
    process.exitCode = 1;
  }
}
