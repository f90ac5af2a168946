export interface ShellSpec {
  /** No shell: argv[0] is the program. Use ['bash', '-euo', 'pipefail', '-c', text] for configured commands. */
  readonly argv: readonly string[];
  readonly cwd: string;
  /** The whole environment of the child; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** SIGTERM to the group → this long → SIGKILL. */
  readonly graceMs: number;
  readonly input?: string | Buffer;
  /** Called for each chunk of output as it comes. */
  readonly onOutput?: (chunk: string, stream: 'stdout' | 'stderr') => void;
  readonly signal?: AbortSignal;
}
export interface ShellResult {
  /** null when it did not start or was ended by a signal. */
  readonly code: number | null;
  readonly signal: string | null;
  /** Why the wrapper ended it, or that it could not start. Wins over code and signal. */
  readonly ended: 'timeout' | 'aborted' | 'spawn' | null;
  /** Last 64 KiB of stdout and stderr in order of arrival. */
  readonly output: string;
  /** Last 1 MiB of stdout alone. */
  readonly stdout: string;
  readonly durationMs: number;
  /** Pids that lived on after SIGKILL (alert `kill-incomplete`, AG-TIME-3); absent = nothing was left. */
  readonly survivors?: readonly number[];
}
/** Runs a program in a process group of its own and leaves nothing of it behind. spec: G-GEN-12. Never throws. */
export interface ShellPort {
  run(spec: ShellSpec): Promise<ShellResult>;
}
