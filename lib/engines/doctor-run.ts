import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { createForgeApi } from '../adapters/forge/api.ts';
import { createGiteaHandover } from '../adapters/handover/gitea.ts';
import { createShell } from '../adapters/shell/process.ts';
import type { ActionContext, ActionOutcome } from '../runtime/run-action.ts';
import { VERSION } from '../runtime/version.ts';
import { runDoctor } from '../steps/doctor.ts';
import { AREAS, doctorExitCode, renderDoctorReport } from '../steps/doctor-report.ts';

/** The doctor as a step of a run: every area, on the runner that will do the work. */
export async function runDoctorAction({
  inputs,
  run,
  clock,
}: ActionContext<{ readonly 'forge-token': string }>): Promise<ActionOutcome> {
  const ports = {
    shell: createShell(),
    clock,
    forge: createForgeApi({ url: run.serverUrl, token: inputs['forge-token'] }),
    handover: run.handover === null ? null : createGiteaHandover({ ...run.handover, expectedRunId: run.runId }),
  };
  const { report, unreachable } = await runDoctor(ports, {
    version: VERSION,
    scratch: run.temp ?? tmpdir(),
    path: process.env['PATH'] ?? '',
    repository: run.repository,
    areas: AREAS,
    nonce: randomBytes(5).toString('hex'),
  });
  const text = renderDoctorReport(report);
  const failed = doctorExitCode(report, unreachable, false) !== 0;
  const negative = report.probes.filter((probe) => probe.result !== 'pass').length;
  return {
    result: report.result,
    failed,
    line: `${report.result}: ${report.probes.length} probes, ${negative} not pass`,
    summary: `\`\`\`\n${text}\n\`\`\``,
  };
}
