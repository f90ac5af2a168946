import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigError, errorText } from '../../base/errors.ts';
import type { AgentOutcome, AgentPort, AgentRunSpec } from '../../ports/agent.ts';
import type { AgentRuntime } from './agent-process.ts';
import { runAgentProcess, transcriptPath } from './agent-process.ts';
import { renderOutcome } from './outcome.ts';
import { planStep } from './plan-step.ts';
import type { Scenario, Step } from './scenario.ts';
import { matchesStep, parseScenario } from './scenario.ts';
import { createResultReader, judgeScripted, reportedBy } from './scripted-result.ts';

export interface ScriptedOptions extends AgentRuntime {
  /** Absolute path of the scenario file; fixture paths in it are relative to its folder. */
  readonly scenario: string;
  /**
   * Folder where used steps are kept: with it each step serves one run of an item, without it the first step that
   * matches serves every run.
   */
  readonly state?: string;
  /** The scripted program; default: the one beside this module. */
  readonly program?: string;
}

/** An agent that follows a scenario file, as a real child process behind the same wrapper. spec: agents §4 */
export function createScriptedAgent(options: ScriptedOptions): AgentPort {
  return {
    async preflight() {
      try {
        loadScenario(options.scenario);
        programPath(options);
        return { ok: true, version: 'scripted 1' };
      } catch (thrown) {
        return { ok: false, cause: 'config', text: errorText(thrown) };
      }
    },
    async run(spec, stop) {
      try {
        return await runStep(options, spec, stop);
      } catch (thrown) {
        const known = thrown instanceof ConfigError;
        const judgement = {
          class: known ? 'config' : 'infra',
          cause: known ? thrown.code : 'wrapper',
          text: `did not run: ${errorText(thrown)}`,
        } as const;
        return renderOutcome(spec, judgement, null, transcriptPath(spec));
      }
    },
  };
}

/** Steps no run has used and that are not optional, as `step 3 (role developer, round 2)`. spec: AG-SCR-1 */
export function listUnusedSteps(scenarioFile: string, state: string): string[] {
  const used = new Set(
    existsSync(state) ? readdirSync(state).map((name) => Number(/-step-(\d+)$/.exec(name)?.[1])) : [],
  );
  return loadScenario(scenarioFile).steps.flatMap((step, index) =>
    step.optional || used.has(index) ? [] : [`step ${index + 1} (${renderMatch(step)})`],
  );
}

async function runStep(options: ScriptedOptions, spec: AgentRunSpec, stop: AbortSignal): Promise<AgentOutcome> {
  const step = takeStep(options, spec);
  const session = randomUUID();
  mkdirSync(spec.out, { recursive: true });
  const planFile = join(spec.out, spec.repair === 1 ? 'plan-repair.json' : 'plan.json');
  writeFileSync(planFile, JSON.stringify(planStep(step, spec, options.scenario, session)));
  const reader = createResultReader();
  const argv = [process.execPath, programPath(options), planFile];
  const ran = await runAgentProcess(options, spec, { argv, onStdoutLine: (line) => reader.readLine(line) }, stop);
  const judgement = judgeScripted(ran.process, reader.results, session, spec);
  return renderOutcome(spec, judgement, ran.process, ran.transcript, reportedBy(reader.results, session));
}

function loadScenario(file: string): Scenario {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (thrown) {
    throw new ConfigError('SCENARIO_MISSING', `scenario ${file} cannot be read: ${errorText(thrown)}`);
  }
  const parsed = parseScenario(text);
  if (!parsed.ok) throw new ConfigError('SCENARIO_INVALID', `scenario ${file}: ${parsed.errors.join('; ')}`);
  return parsed.scenario;
}

function takeStep(options: ScriptedOptions, spec: AgentRunSpec): Step {
  const { item, role, stage, round, attempt, repair } = spec;
  const occasion = { item, role, stage, round, attempt, repair };
  for (const [index, step] of loadScenario(options.scenario).steps.entries()) {
    if (matchesStep(step, occasion) && (options.state === undefined || claimStep(options.state, item, index)))
      return step;
  }
  const what = `item ${item}, role ${role}, stage ${stage}, round ${round}, attempt ${attempt}, repair ${repair}`;
  throw new ConfigError('SCENARIO_NO_STEP', `no unused step of scenario ${options.scenario} matches ${what}: add one`);
}

/** True for the first claim only, also between processes: creating a file that must not exist is atomic. */
function claimStep(state: string, item: string, index: number): boolean {
  mkdirSync(state, { recursive: true });
  try {
    closeSync(openSync(join(state, `${item}-step-${index}`), 'wx'));
    return true;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw thrown;
  }
}

function programPath(options: ScriptedOptions): string {
  if (options.program !== undefined) return options.program;
  const folder = dirname(fileURLToPath(import.meta.url));
  const found = ['scripted-program.mjs', '../scripted-program.mjs']
    .map((name) => join(folder, name))
    .find((path) => existsSync(path));
  if (found === undefined)
    throw new ConfigError(
      'SCRIPTED_PROGRAM_MISSING',
      `scripted-program is not beside ${folder}: install the release again`,
    );
  return found;
}

function renderMatch(step: Step): string {
  const keys = Object.entries(step.match).map(([key, value]) => `${key} ${value}`);
  return keys.length === 0 ? 'matches everything' : keys.join(', ');
}
