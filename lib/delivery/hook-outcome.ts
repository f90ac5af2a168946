import type { HookEvent, HookLines, HookResult, HookState } from './hook-lines.ts';

/** How a start of the hook ended, as far as it is proven. spec: delivery §3 */
export interface HookOutcome {
  readonly state: HookState;
  /** Exit code of the verb itself; null = it was ended, or did not start. */
  readonly exit: number | null;
  /** Digests, as the target says. */
  readonly running: string | null;
  readonly previous: string | null;
  /** What serves now is healthy; null = not known. */
  readonly healthy: boolean | null;
  /** false: the target itself did not say so, not even when asked for its status. */
  readonly answered: boolean;
  /** true: the target has no record of this deploy id and what served before still does, so the same id may be used. */
  readonly sameIdAllowed: boolean;
  /** true: repeating does not help, a person must repair host, right or configuration. */
  readonly permanent: boolean;
  /** One line for people. */
  readonly text: string;
  /** Last 20 000 characters of output, secrets masked. */
  readonly log: string;
  readonly events: readonly HookEvent[];
  readonly warnings: readonly string[];
}

/** From harmless to grave. */
const GRAVITY: readonly HookState[] = ['ok', 'refused', 'rolled-back', 'rollback-failed'];
const STATE_OF_EXIT: Readonly<Record<number, HookState>> = {
  0: 'ok',
  1: 'rolled-back',
  2: 'rollback-failed',
  3: 'refused',
};

/** The last result line of this deploy id. */
export function resultOf(lines: HookLines, deployId: string): HookResult | null {
  const results = lines.events.filter((event) => event.event === 'result');
  return results.findLast((event) => event.deploy_id === deployId) ?? null;
}

/**
 * State of a `--deploy` from exit code and result line: the worse counts. 'ask' = not proven, `--status` decides: another
 * exit, a signal, exit 0 without a result, or a result that is not about `digest`. spec: delivery §3 "Decided"
 */
export function foldDeploy(exit: number | null, result: HookResult | null, digest: string): HookState | 'ask' {
  const byExit = exit === null ? undefined : STATE_OF_EXIT[exit];
  if (byExit === undefined) return 'ask';
  if (result === null) return byExit === 'ok' ? 'ask' : byExit;
  if (!GRAVITY.includes(result.state)) return byExit === 'ok' ? 'ask' : byExit;
  const worse = GRAVITY.indexOf(result.state) > GRAVITY.indexOf(byExit) ? result.state : byExit;
  return worse === 'ok' && result.running !== digest ? 'ask' : worse;
}

const PERMANENT = [
  /\bcommand not found\b/i,
  /\bNo such (?:container|service)\b/i,
  /\bis not running\b/,
  /\bPermission denied \(publickey/,
  /\bHost key verification failed\b/,
];
/** A mark in the output that says: this host will not do it before a person repairs it. spec: G-STG-2 */
export function permanentMark(output: string): string | null {
  for (const pattern of PERMANENT) {
    const found = pattern.exec(output);
    if (found !== null) return found[0];
  }
  return null;
}

const TRANSIENT = [
  /\bConnection (?:refused|reset|timed out)\b/i,
  /\bECONN(?:REFUSED|RESET)\b|\bETIMEDOUT\b|\bENOTFOUND\b|\bEAI_AGAIN\b/,
  /\bCould not resolve (?:host|hostname)\b|\bTemporary failure in name resolution\b|\bName or service not known\b/i,
  /\bCannot connect to the Docker daemon\b/,
  /\b(?:429 Too Many Requests|toomanyrequests|50[0234] (?:Internal Server Error|Bad Gateway|Service Unavailable|Gateway Time-?out))\b/i,
];
/** A mark in the output that says: the network or a daemon was away. spec: G-STG-3 */
export function transientMark(output: string): string | null {
  for (const pattern of TRANSIENT) {
    const found = pattern.exec(output);
    if (found !== null) return found[0];
  }
  return null;
}
