import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { createForgeApi } from '../adapters/forge/api.ts';
import { createShell } from '../adapters/shell/process.ts';
import { ConfigError } from '../base/errors.ts';
import { createSystemClock } from '../runtime/clock.ts';
import { VERSION } from '../runtime/version.ts';
import { runDoctor } from '../steps/doctor.ts';
import type { Area } from '../steps/doctor-report.ts';
import { AREAS, doctorExitCode, renderDoctorReport } from '../steps/doctor-report.ts';

export interface DoctorOptions {
  /** Areas to probe; absent = all that can be probed with what is given. */
  readonly area?: readonly string[];
  /** owner/name of a managed repository. */
  readonly repo?: string;
  readonly strict?: boolean;
  readonly json?: boolean;
}

/** `conveyor doctor`: prints the report and answers the exit code (operations §3). Throws `ConfigError` on wrong usage. */
export async function doctorCommand(
  options: DoctorOptions,
  env: Readonly<Record<string, string | undefined>>,
  print: (text: string) => void,
): Promise<number> {
  const url = env['CONVEYOR_FORGE_URL'] ?? '';
  const areas = parseAreas(options.area);
  if (url === '' && (options.repo !== undefined || options.area?.some((area) => area !== 'runner')))
    throw new ConfigError(
      'DOCTOR_FORGE',
      'CONVEYOR_FORGE_URL is not set: give the address of the forge, and CONVEYOR_FORGE_TOKEN',
    );
  const { report, unreachable } = await runDoctor(
    {
      shell: createShell(),
      clock: createSystemClock(),
      forge: url === '' ? null : createForgeApi({ url, token: env['CONVEYOR_FORGE_TOKEN'] ?? '' }),
      handover: null,
    },
    {
      version: VERSION,
      scratch: tmpdir(),
      path: env['PATH'] ?? '',
      repository: options.repo === undefined ? null : parseRepository(options.repo),
      areas,
      nonce: randomBytes(5).toString('hex'),
    },
  );
  print(options.json === true ? JSON.stringify(report) : renderDoctorReport(report));
  return doctorExitCode(report, unreachable, options.strict === true);
}

function parseAreas(given: readonly string[] | undefined): readonly Area[] {
  if (given === undefined || given.length === 0) return AREAS;
  return given.map((name) => {
    const area = AREAS.find((known) => known === name);
    if (area === undefined)
      throw new ConfigError('DOCTOR_AREA', `--area ${name}: there is no such area, choose from ${AREAS.join(', ')}`);
    return area;
  });
}

function parseRepository(text: string): { owner: string; name: string } {
  const found = /^([\w.-]+)\/([\w.-]+)$/.exec(text);
  if (found === null) throw new ConfigError('DOCTOR_REPO', `--repo ${text}: give owner/name, e.g. acme/gpx`);
  return { owner: found[1] ?? '', name: found[2] ?? '' };
}
