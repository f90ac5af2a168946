import { createRedactor } from '../base/redact.ts';
import type { Clock } from '../ports/clock.ts';
import type { ShellPort, ShellResult } from '../ports/shell.ts';
import type { HookStatus } from './hook-lines.ts';
import { parseHookLines } from './hook-lines.ts';
import type { HookOutcome } from './hook-outcome.ts';
import { foldDeploy, permanentMark, resultOf } from './hook-outcome.ts';

const LOG_CHARACTERS = 20_000;
const STATUS_TIMEOUT_MS = 60_000;
const STATUS_INTERVAL_MS = 10_000;
/** How long after its deadline a hook may still be asked what became of it. spec: delivery §3 */
const AFTER_DEADLINE_MS = 300_000;

/** One hook file with everything a call needs; `env` comes from `hookEnvironment`. */
export interface HookCall {
  /** Absolute path of the hook, exported from main. */
  readonly file: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Values to be masked in the log. */
  readonly secrets: readonly string[];
  readonly deployId: string;
  readonly digest: string;
  readonly deadline: Date;
  readonly graceMs: number;
  readonly signal?: AbortSignal;
}
export interface HookPorts {
  readonly shell: ShellPort;
  readonly clock: Clock;
}
/** What `--status` said; null = it could not answer. */
export type StatusAnswer = { readonly status: HookStatus | null; readonly log: string };

/**
 * Runs `--deploy` and says what became of it, asking `--status` every 10 s until deadline + 300 s when the exit does not
 * tell. Time alone is never a fault of the code. Never throws for what the hook does. spec: D-HK-7, delivery §3
 */
export async function deployWithHook(call: HookCall, ports: HookPorts): Promise<HookOutcome> {
  const left = call.deadline.getTime() - ports.clock.now().getTime();
  if (left <= 0) return notStarted(`the deadline ${call.deadline.toISOString()} has passed before the start`, false);
  const ran = await run(call, '--deploy', left, ports.shell);
  if (ran.ended === 'spawn') return notStarted(`the hook could not be started: ${ran.output}`, true);
  const log = tail(call, ran.output);
  const lines = parseHookLines(ran.stdout);
  const result = resultOf(lines, call.deployId);
  const exit = ran.ended === null ? ran.code : null;
  const told = { exit, log, ...lines, permanent: isPermanent(ran) };
  const state = foldDeploy(exit, result, call.digest);
  if (state !== 'ask') {
    const healthy = state === 'ok' || state === 'rolled-back' ? true : state === 'rollback-failed' ? false : null;
    const text = `hook exit ${exit}: ${result?.reason ?? state}`;
    return {
      ...told,
      state,
      running: result?.running ?? null,
      previous: result?.previous ?? null,
      healthy,
      answered: true,
      sameIdAllowed: false,
      text,
    };
  }
  const why =
    ran.ended !== null ? `the hook was ended (${ran.ended})` : `the hook ended with ${ran.code ?? ran.signal}`;
  return { ...told, ...(await pollStatus(call, ports, why)) };
}

/** Runs `--rollback`: ok, rollback-failed (2), refused (3: nothing recorded, artifact gone), else unknown. spec: D-HK-5 */
export async function rollbackWithHook(call: HookCall, ports: HookPorts): Promise<HookOutcome> {
  const ran = await run(
    call,
    '--rollback',
    Math.max(1000, call.deadline.getTime() - ports.clock.now().getTime()),
    ports.shell,
  );
  if (ran.ended === 'spawn') return notStarted(`the hook could not be started: ${ran.output}`, true);
  const lines = parseHookLines(ran.stdout);
  const result = lines.events.findLast((event) => event.event === 'result');
  const exit = ran.ended === null ? ran.code : null;
  const state = exit === 0 ? 'ok' : exit === 2 ? 'rollback-failed' : exit === 3 ? 'refused' : 'unknown';
  return {
    ...lines,
    state,
    exit,
    running: result?.running ?? null,
    previous: result?.previous ?? null,
    healthy: state === 'ok' ? true : state === 'rollback-failed' ? false : null,
    answered: state !== 'unknown',
    sameIdAllowed: false,
    permanent: isPermanent(ran),
    text: `rollback, hook exit ${exit ?? ran.ended ?? ran.signal}: ${result?.reason ?? state}`,
    log: tail(call, ran.output),
  };
}

/** Runs `--preflight`; `text` says what is missing. Changes nothing on the target. */
export async function preflightWithHook(
  call: HookCall,
  ports: HookPorts,
): Promise<{ readonly ok: boolean; readonly permanent: boolean; readonly text: string; readonly log: string }> {
  const ran = await run(call, '--preflight', STATUS_TIMEOUT_MS, ports.shell);
  const log = tail(call, ran.output);
  if (ran.ended === null && ran.code === 0)
    return { ok: true, permanent: false, text: 'the target can take a deploy', log };
  const how = ran.ended ?? (ran.code === null ? ran.signal : `exit ${ran.code}`);
  const last = log.trimEnd().split('\n').at(-1) ?? '';
  return {
    ok: false,
    permanent: isPermanent(ran),
    text: `preflight of the hook failed (${how}): ${last.slice(0, 300)}`,
    log,
  };
}

/** Asks the target what became of `deployId`. Changes nothing. spec: delivery §3 `--status` */
export async function askStatus(call: HookCall, ports: HookPorts): Promise<StatusAnswer> {
  const ran = await run(call, '--status', STATUS_TIMEOUT_MS, ports.shell);
  const answer = parseHookLines(ran.stdout).events.findLast((event) => event.event === 'status');
  const answered = ran.ended === null && ran.code === 0 && answer?.deploy_id === call.deployId;
  return { status: answered ? answer : null, log: tail(call, ran.output) };
}

/** Asks until the target names a state that is not `running`; also the way in for a finalizer whose hook run died. */
export async function pollStatus(
  call: HookCall,
  { shell, clock }: HookPorts,
  why: string,
): Promise<Pick<HookOutcome, 'state' | 'running' | 'previous' | 'healthy' | 'answered' | 'sameIdAllowed' | 'text'>> {
  const until = call.deadline.getTime() + AFTER_DEADLINE_MS;
  for (;;) {
    const { status } = await askStatus(call, { shell, clock });
    const over = clock.now().getTime() + STATUS_INTERVAL_MS > until || call.signal?.aborted === true;
    if (status !== null && (status.state !== 'running' || over)) {
      const { state, running, previous, healthy } = status;
      // "ok" of an old process or another version is not this deploy.
      const proven = state !== 'ok' || (running === call.digest && healthy);
      const text = `${why}; asked for its status the target says ${state}${proven ? '' : `, but ${running ?? 'nothing'} is running${healthy ? '' : ', unhealthy'}`}`;
      const sameIdAllowed = state === 'unknown' && (healthy || running === null);
      return { state: proven ? state : 'unknown', running, previous, healthy, answered: true, sameIdAllowed, text };
    }
    if (over)
      return {
        state: 'unknown',
        running: null,
        previous: null,
        healthy: null,
        answered: false,
        sameIdAllowed: false,
        text: `${why}; the target did not answer for its status`,
      };
    await clock.sleep(STATUS_INTERVAL_MS, call.signal).catch(() => undefined);
  }
}

function run(call: HookCall, verb: string, timeoutMs: number, shell: ShellPort): Promise<ShellResult> {
  const { file, cwd, env, graceMs, signal } = call;
  return shell.run({ argv: [file, verb], cwd, env, timeoutMs, graceMs, ...(signal && { signal }) });
}

function isPermanent(ran: ShellResult): boolean {
  if (ran.ended === 'spawn') return true;
  if (ran.ended !== null || ran.code === null) return false;
  return (
    ran.code === 125 || ran.code === 126 || ran.code === 127 || (ran.code !== 0 && permanentMark(ran.output) !== null)
  );
}

function tail(call: HookCall, output: string): string {
  return createRedactor(call.secrets)(output).slice(-LOG_CHARACTERS);
}

function notStarted(text: string, permanent: boolean): HookOutcome {
  return {
    state: 'refused',
    exit: null,
    running: null,
    previous: null,
    healthy: null,
    answered: true,
    sameIdAllowed: false,
    permanent,
    text,
    log: '',
    events: [],
    warnings: [],
  };
}
