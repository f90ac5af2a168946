import type { AgentPort } from '../../ports/agent.ts';
import type { ShellResult } from '../../ports/shell.ts';
import type { CommandOptions } from './command.ts';
import { placeholderNames, unknownPlaceholders } from './command-argv.ts';

type Preflight = Awaited<ReturnType<AgentPort['preflight']>>;

/** Seconds each probe may take. spec: agents §14 */
const PROBE_MS = 10_000;
const PROBE_GRACE_MS = 2000;

/**
 * Whether the program can be launched: placeholders known, version in range, logged in. Probes run with the agent's
 * own environment, so that they test what will be launched. spec: AG-CMD-1, AG-PRE-1
 */
export async function preflightCommand(options: CommandOptions): Promise<Preflight> {
  const { command } = options;
  const unknown = unknownPlaceholders([...command.argv, command.usage_file]);
  if (unknown.length > 0)
    return refuse(
      'config',
      `agents.command: ${unknown.join(', ')} is no placeholder: use ${placeholderNames.join(' ')}`,
    );

  let version = 'unknown';
  if (command.version !== undefined) {
    const { argv, min } = command.version;
    if (!/^\d+(\.\d+){0,2}$/.test(min))
      return refuse('config', `agents.command.version.min: ${JSON.stringify(min)} is not a version such as 1.2.0`);
    const probe = await run(options, argv);
    if (probe.ended === 'timeout')
      return refuse('infra', `${argv.join(' ')} gave no answer within ${PROBE_MS / 1000} s`);
    if (probe.ended !== null || probe.code !== 0)
      return refuse('config', `${argv.join(' ')} failed: ${describe(probe)}`);
    const found = /\d+(?:\.\d+){0,2}/.exec(probe.stdout)?.[0];
    if (found === undefined) return refuse('config', `${argv.join(' ')} printed no version: ${describe(probe)}`);
    if (compareVersions(found, min) < 0)
      return refuse('config', `${argv[0]} is ${found}, needed is at least ${min}: update it on the runner`);
    version = found;
  }
  if (command.auth !== undefined) {
    const probe = await run(options, command.auth.argv);
    if (probe.ended === 'timeout')
      return refuse('transient', `${command.auth.argv.join(' ')} gave no answer within ${PROBE_MS / 1000} s`);
    if (probe.ended === 'spawn') return refuse('config', describe(probe));
    if (probe.code !== 0)
      return refuse('auth', `${command.auth.argv.join(' ')} says not logged in: ${describe(probe)}`);
  }
  return { ok: true, version };
}

function run(options: CommandOptions, argv: readonly string[]): Promise<ShellResult> {
  return options.shell.run({
    argv,
    cwd: options.folder,
    env: options.env,
    timeoutMs: PROBE_MS,
    graceMs: PROBE_GRACE_MS,
  });
}

function refuse(cause: 'config' | 'auth' | 'transient' | 'infra', text: string): Preflight {
  return { ok: false, cause, text };
}

function describe(probe: ShellResult): string {
  const said = probe.output.trim().split('\n').at(-1)?.slice(0, 200) ?? '';
  return probe.ended === 'spawn' ? said : `exit ${probe.code ?? probe.signal}${said === '' ? '' : `, ${said}`}`;
}

/** Compares dotted numbers; a missing part is 0. Negative, zero or positive. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  for (let part = 0; part < 3; part += 1) {
    const difference = (left?.[part] ?? 0) - (right?.[part] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
