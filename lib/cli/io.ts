/** What a command has of the process it runs in. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly pid: number;
  /** The result, one line. */
  readonly print: (text: string) => void;
  /** Progress, one line. */
  readonly tell: (text: string) => void;
  /** Whether progress goes to a terminal. */
  readonly isTerminal: boolean;
  /** Somebody wants the command to end (Ctrl-C). */
  readonly signal: AbortSignal;
}
