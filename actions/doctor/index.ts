import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { z } from 'zod';
import { createForgeApi } from '../../lib/adapters/forge/api.ts';
import { createGiteaHandover } from '../../lib/adapters/handover/gitea.ts';
import { createShell } from '../../lib/adapters/shell/process.ts';
import { runAction } from '../../lib/runtime/run-action.ts';
import { VERSION } from '../../lib/runtime/version.ts';
import { runDoctor } from '../../lib/steps/doctor.ts';
import { AREAS, doctorExitCode, renderDoctorReport } from '../../lib/steps/doctor-report.ts';

await runAction('doctor', z.object({ 'forge-token': z.string() }), async ({ inputs, run, clock }) => {
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
});
