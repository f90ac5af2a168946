import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentRunSpec } from '../../ports/agent.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { ShellPort, ShellResult } from '../../ports/shell.ts';
import { createLineSplitter } from './lines.ts';
import { openTranscript } from './transcript.ts';

/** Seconds between two lines that say the agent is still at work. spec: AG-LOG-6 */
const STATUS_LINE_S = 60;

/** What every agent adapter needs. `redact` takes known secret values and patterns out of a line. */
export interface AgentRuntime {
  readonly shell: ShellPort;
  readonly clock: Clock;
  readonly redact: (text: string) => string;
  readonly log?: Log;
}
export interface AgentProcess {
  readonly argv: readonly string[];
  readonly input?: Buffer;
  readonly onStdoutLine?: (line: string) => void;
}
export interface AgentProcessResult {
  readonly process: ShellResult;
  readonly transcript: string;
}

/** `agent-<role>-<run>[-repair].ndjson` in the output folder of the run. spec: AG-LOG-1 */
export function transcriptPath(spec: AgentRunSpec): string {
  const run = spec.runId.replace(/[^\w.-]/g, '_');
  return join(spec.out, `agent-${spec.role}-${run}${spec.repair === 1 ? '-repair' : ''}.ndjson`);
}

/**
 * Runs the agent's program in its work tree with exactly the environment of the spec, its complete output in a
 * transcript on every ending, and one status line a minute. Throws only file-system errors of the transcript.
 * spec: AG-TIME-2, AG-LOG-1, AG-LOG-6
 */
export async function runAgentProcess(
  runtime: AgentRuntime,
  spec: AgentRunSpec,
  agent: AgentProcess,
  stop: AbortSignal,
): Promise<AgentProcessResult> {
  mkdirSync(spec.out, { recursive: true });
  const transcript = openTranscript({
    path: transcriptPath(spec),
    redact: runtime.redact,
    now: () => runtime.clock.now(),
  });
  transcript.write(`start ${spec.role} ${spec.model} ${spec.effort} limit ${spec.timeoutS} s\n`, 'wrapper');
  const lines = createLineSplitter((line) => agent.onStdoutLine?.(line));
  const ended = new AbortController();
  let lastOutput = runtime.clock.now();
  const status = reportProgress(runtime, () => lastOutput, ended.signal);
  try {
    const process = await runtime.shell.run({
      argv: agent.argv,
      cwd: spec.workdir,
      env: spec.env,
      timeoutMs: spec.timeoutS * 1000,
      graceMs: spec.graceS * 1000,
      ...(agent.input === undefined ? {} : { input: agent.input }),
      signal: stop,
      onOutput: (chunk, stream) => {
        lastOutput = runtime.clock.now();
        transcript.write(chunk, stream);
        if (stream === 'stdout') lines.push(chunk);
      },
    });
    lines.end();
    transcript.write(endLine(process), 'wrapper');
    return { process, transcript: transcript.path };
  } finally {
    ended.abort();
    await status;
    transcript.close();
  }
}

function endLine(process: ShellResult): string {
  const why = process.ended === 'spawn' ? `spawn: ${process.output}` : (process.ended ?? 'by itself');
  const survivors = process.survivors === undefined ? '' : ` kill-incomplete: ${process.survivors.join(' ')}`;
  return `end ${why} code ${process.code ?? '-'} signal ${process.signal ?? '-'}${survivors}\n`;
}

async function reportProgress(runtime: AgentRuntime, lastOutput: () => Date, ended: AbortSignal): Promise<void> {
  const { clock, log } = runtime;
  if (log === undefined) return;
  const start = clock.now().getTime();
  for (;;) {
    await clock.sleep(STATUS_LINE_S * 1000, ended);
    if (ended.aborted) return;
    const now = clock.now().getTime();
    const elapsed = Math.round((now - start) / 1000);
    const quiet = Math.round((now - lastOutput().getTime()) / 1000);
    log.info(`| ${Math.floor(elapsed / 60)}m ${String(elapsed % 60).padStart(2, '0')}s · last event ${quiet}s ago`);
  }
}
