import { join } from 'node:path';
import { errorText } from '../base/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { ForgeApiPort } from '../ports/forge-api.ts';
import type { HandoverPort } from '../ports/handover.ts';
import type { ShellPort } from '../ports/shell.ts';
import { forgeProbes } from './doctor-forge.ts';
import type { Area, DoctorReport, Finding, Probe } from './doctor-report.ts';
import { worstResult } from './doctor-report.ts';
import { runnerProbes } from './doctor-runner.ts';

export interface DoctorPorts {
  readonly shell: ShellPort;
  readonly clock: Clock;
  /** null: not told which forge; its probes are left out. */
  readonly forge: ForgeApiPort | null;
  /** Only inside a run. */
  readonly handover: HandoverPort | null;
}

export interface DoctorSettings {
  readonly version: string;
  /** Where a folder of our own is made, and removed at the end: the work folder of the runner. */
  readonly scratch: string;
  /** PATH on which programs are looked for. */
  readonly path: string;
  readonly repository: { readonly owner: string; readonly name: string } | null;
  readonly areas: readonly Area[];
  /** Part of scratch names, different for every start. */
  readonly nonce: string;
}

/**
 * Probes what Conveyor stands on and says for each negative what is missing and how to get it. Cleans up after itself;
 * never throws: a probe that cannot be carried out is `unknown`. spec: operations §3
 */
export async function runDoctor(
  ports: DoctorPorts,
  settings: DoctorSettings,
): Promise<{ readonly report: DoctorReport; readonly unreachable: boolean }> {
  const folder = join(settings.scratch, `conveyor-doctor-${settings.nonce}`);
  const probes = [
    ...runnerProbes(ports.shell, folder, settings.path),
    ...(ports.forge === null ? [] : forgeProbes(ports.forge, ports.clock, settings)),
    ...(ports.handover === null ? [] : [handoverProbe(ports.handover, settings.nonce)]),
  ].filter((probe) => settings.areas.includes(probe.area));
  const findings: { readonly probe: Probe; readonly finding: Finding }[] = [];
  // One after the other: probes look at the clock and at the same scratch folder.
  for (const probe of probes) findings.push({ probe, finding: await carryOut(probe) });
  const report: DoctorReport = {
    schema: 1,
    at: ports.clock.now().toISOString(),
    version: settings.version,
    result: worstResult(findings.map(({ finding }) => finding.result)),
    probes: findings.map(({ probe, finding }) => ({
      id: probe.id,
      area: probe.area,
      result: finding.result,
      expected: probe.expected,
      actual: finding.actual,
      fix: finding.fix ?? '',
      why: probe.why,
    })),
  };
  return { report, unreachable: findings.some(({ finding }) => finding.unreachable === true) };
}

async function carryOut(probe: Probe): Promise<Finding> {
  try {
    return await probe.run();
  } catch (thrown) {
    return { result: 'unknown', actual: `the probe itself failed: ${errorText(thrown)}`, fix: 'report this as a bug' };
  }
}

function handoverProbe(handover: HandoverPort, nonce: string): Probe {
  return {
    id: 'O-FRG-16',
    area: 'forge',
    expected: 'what one job hands over, another one reads unchanged',
    why: 'stage runs pass the work from the read-only job to the landing job as an artifact of the run',
    async run() {
      const sent = Buffer.from(`doctor ${nonce}`);
      const name = `doctor-${nonce}`;
      try {
        await handover.put(name, new Map([['probe.txt', sent]]));
        const received = (await handover.get(name))?.get('probe.txt');
        if (received?.equals(sent)) return { result: 'pass', actual: 'round trip of an artifact of this run' };
        return {
          result: 'fail',
          actual:
            received === undefined ? 'the artifact is not there after it was sent' : 'the artifact came back different',
          fix: 'switch on artifact storage of the forge ([actions] in app.ini) and look at its log',
        };
      } catch (thrown) {
        return {
          result: 'fail',
          actual: errorText(thrown),
          fix: 'the forge must offer the artifact service v4 to jobs (Gitea 1.26 does); a foreign run id means a runner with capacity above 1 that mixes jobs',
        };
      }
    },
  };
}
