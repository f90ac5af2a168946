import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { errorText } from '../../base/errors.ts';
import type { Config } from '../../pipeline/config.ts';
import type { AgentOutcome, AgentPort, AgentRunSpec, OutcomeClass } from '../../ports/agent.ts';
import type { ShellResult } from '../../ports/shell.ts';
import type { AgentRuntime } from './agent-process.ts';
import { runAgentProcess, transcriptPath } from './agent-process.ts';
import { replacePlaceholders, unknownPlaceholders } from './command-argv.ts';
import { preflightCommand } from './command-preflight.ts';
import type { Judgement } from './outcome.ts';
import { judgeEnding, NOTHING_REPORTED, renderOutcome } from './outcome.ts';
import { readUsageFile } from './usage-file.ts';

export type CommandConfig = NonNullable<Config['agents']['command']>;
export interface CommandOptions extends AgentRuntime {
  readonly command: CommandConfig;
  /** Environment and folder of the probes of `preflight`; runs bring their own. */
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
}

/** Any program that edits files in its working directory. No shell, class from the exit code alone. spec: AG-CMD-1…3 */
export function createCommandAgent(options: CommandOptions): AgentPort {
  return {
    preflight: () => preflightCommand(options),
    async run(spec, stop) {
      try {
        return await runCommand(options, spec, stop);
      } catch (thrown) {
        const judgement = { class: 'infra', cause: 'wrapper', text: `did not run: ${errorText(thrown)}` } as const;
        return renderOutcome(spec, judgement, null, transcriptPath(spec));
      }
    },
  };
}

async function runCommand(options: CommandOptions, spec: AgentRunSpec, stop: AbortSignal): Promise<AgentOutcome> {
  const { command } = options;
  const unknown = unknownPlaceholders([...command.argv, command.usage_file]);
  if (unknown.length > 0) {
    const text = `did not start: ${unknown.join(', ')} in agents.command is no placeholder`;
    return renderOutcome(spec, { class: 'config', cause: 'placeholder', text }, null, transcriptPath(spec));
  }
  mkdirSync(spec.out, { recursive: true });
  const usageFile = command.usage_file === '' ? null : replacePlaceholders(command.usage_file, spec);
  // A repair run shares the output folder: the numbers of the first run are not its own.
  if (usageFile !== null) rmSync(usageFile, { force: true });
  const ran = await runAgentProcess(
    options,
    spec,
    {
      argv: command.argv.map((element) => replacePlaceholders(element, spec)),
      ...(command.prompt === 'stdin' ? { input: readFileSync(spec.promptFile) } : {}),
    },
    stop,
  );
  const judgement = judgeEnding(ran.process, spec) ?? judgeExit(ran.process, command.exit);
  return renderOutcome(
    spec,
    judgement,
    ran.process,
    ran.transcript,
    usageFile === null ? NOTHING_REPORTED : readUsageFile(usageFile),
  );
}

/** Class by the exit table; any other code is a crash. No pattern is looked for in what was printed. spec: AG-CMD-2 */
function judgeExit(process: ShellResult, table: CommandConfig['exit']): Judgement {
  const rows: readonly (readonly [OutcomeClass, readonly number[], string])[] = [
    ['ok', table.ok, 'finished'],
    ['transient', table.transient, 'met a passing failure of its model API'],
    ['auth', table.auth, 'is not logged in'],
    ['config', table.config, 'refused its configuration'],
    ['usage-limit', table.usage_limit, 'reached its usage limit'],
    ['budget', table.budget, 'reached its money limit'],
  ];
  const code = process.code ?? -1;
  const row = rows.find(([, codes]) => codes.includes(code));
  if (row === undefined) return { class: 'crash', cause: null, text: `ended with exit code ${code}` };
  return { class: row[0], cause: null, text: row[0] === 'ok' ? row[2] : `${row[2]} (exit code ${code})` };
}
