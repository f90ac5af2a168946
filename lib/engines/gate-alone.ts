import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GateName } from '../pipeline/stages.ts';
import { givenInputs } from '../runtime/inputs.ts';
import type { ActionContext, ActionOutcome } from '../runtime/run-action.ts';
import { GateInputs } from '../steps/gate/inputs.ts';
import { runGateStandalone } from '../steps/gate/standalone.ts';
import type { GateActionInputs } from './gate-action.ts';
import { createGiteaEngine } from './gitea.ts';

/** A gate by its inputs alone, without a work item: any workflow may use it. */
export async function runGateAlone(
  gate: GateName,
  { inputs, run, log, clock, redact, stop }: ActionContext<GateActionInputs>,
): Promise<ActionOutcome> {
  const scratch = await mkdtemp(join(run.temp ?? tmpdir(), 'conveyor-gate-'));
  try {
    const engine = await createGiteaEngine({
      run,
      env: process.env,
      token: inputs['forge-token'],
      tracker: null,
      clock,
      log,
      redact,
      stop,
      scratch,
      ledger: false,
    });
    const given = givenInputs(Object.keys(GateInputs[gate].shape));
    const result = await runGateStandalone(gate, given, { ...engine, git: engine.code });
    const { verdict } = result;
    return {
      result: verdict.verdict,
      failed: result.failed,
      line: `${gate}: ${verdict.verdict} · ${verdict.code} · ${verdict.text}`,
      summary: result.summary,
      outputs: result.outputs,
    };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
