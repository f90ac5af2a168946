import { ConfigError } from '../base/errors.ts';
import { type LedgerPorts, type LedgerView, loadLedger, loadLedgerAt } from '../ledger/store.ts';
import { type Config, parseConfig } from '../pipeline/config.ts';
import type { AgentPort } from '../ports/agent.ts';
import type { ChatPort } from '../ports/chat.ts';
import type { Clock } from '../ports/clock.ts';
import type { ForgePort } from '../ports/forge.ts';
import type { GitPort, Sha } from '../ports/git.ts';
import type { HandoverPort } from '../ports/handover.ts';
import type { Log } from '../ports/log.ts';
import type { ShellPort } from '../ports/shell.ts';
import type { TrackerPort } from '../ports/tracker.ts';
import type { JobMemory } from './job-memory.ts';

/** Everything a step may touch, wired by one composition root per engine (local, gitea). */
export interface Engine {
  /** Id of this run on the forge. */
  readonly run: string;
  readonly runUrl: string | null;
  /** `owner/name`. */
  readonly repository: string;
  readonly mainBranch: string;
  /** Clone for the ledger and control runs: shallow. */
  readonly git: GitPort;
  /** Clone for code: whole history; the ledger clone sees its objects, so both land in one push. */
  readonly code: GitPort;
  readonly forge: ForgePort;
  readonly shell: ShellPort;
  readonly clock: Clock;
  readonly log: Log;
  readonly handover: HandoverPort;
  readonly random: () => number;
  /** Private folder of this job. */
  readonly scratch: string;
  readonly memory: JobMemory;
  /** Environment of our own process: commands get allow-listed names of it only. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Prompts that ship with this release. */
  readonly agentsFolder: string;
  /** Values of `deploy.secrets` that this job was given, by name N. */
  readonly deploySecrets: Readonly<Record<string, string>>;
  readonly redact: (text: string) => string;
  /** HTTP status of one GET, null = no connection or no answer in time. Reads only. */
  probe(url: string, timeoutMs: number): Promise<number | null>;
  readonly stop: AbortSignal;
  createTracker(config: Config): TrackerPort;
  createChat(config: Config): ChatPort | null;
  createAgent(config: Config, scenario: string | null): Promise<AgentPort>;
}

/** One reading of ledger and configuration, both from the forge, never from a branch of a work item. spec: O-C-1, G-GEN-9 */
export interface Session {
  readonly engine: Engine;
  readonly ledger: LedgerPorts;
  readonly view: LedgerView;
  readonly config: Config;
  readonly configCommit: Sha;
}

export const CONFIG_PATH = '.conveyor/config.yml';

export function ledgerPorts(engine: Engine): LedgerPorts {
  const { git, clock, log, random, memory } = engine;
  return { git, clock, log, random, mainRef: `refs/heads/${engine.mainBranch}`, memory };
}

/**
 * What an earlier step of this job saw is good enough to begin with: whatever a step decides is decided again on what
 * the compare-and-swap finds. Throws ConfigError CONFIG_ABSENT / CONFIG_INVALID (all errors at once) and those of loadLedger.
 */
export async function openSession(engine: Engine): Promise<Session> {
  const ledger = ledgerPorts(engine);
  const seen = await engine.memory.seen();
  const view = await (seen === null ? loadLedger(ledger) : loadLedgerAt(ledger, seen));
  const config = await loadConfig(engine, view.main);
  return { engine, ledger, view, config, configCommit: view.main };
}

export async function loadConfig(engine: Engine, commit: Sha): Promise<Config> {
  const source = await engine.git.readFile(commit, CONFIG_PATH);
  if (source === null)
    throw new ConfigError(
      'CONFIG_ABSENT',
      `${CONFIG_PATH} is not on ${engine.mainBranch} (${commit.slice(0, 8)}): write it and push.`,
    );
  const parsed = parseConfig(source.toString('utf8'));
  if (!parsed.ok)
    throw new ConfigError(
      'CONFIG_INVALID',
      `${CONFIG_PATH} on ${engine.mainBranch} is not valid:\n${parsed.errors.map((line) => `- ${line}`).join('\n')}`,
    );
  return parsed.config;
}
