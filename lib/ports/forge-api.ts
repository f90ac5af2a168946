/** One answer of the forge's REST API, uninterpreted. */
export interface ForgeAnswer {
  /** HTTP status; 0 = no answer. */
  readonly status: number;
  /** Parsed JSON, or the text of a file; null unless the status is 2xx. */
  readonly data: unknown;
  /** What went wrong in one line, '' on 2xx. */
  readonly problem: string;
  /** The forge's own clock (`Date` header), null when it sent none. */
  readonly date: Date | null;
}

/** The bare REST API, for what is asked about the forge itself and not about a repository's work. */
export interface ForgeApiPort {
  /** `path` below /api/v1, e.g. `/version`; `params` are the JSON body of a write. Throws only `ConfigError`. */
  request(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    params?: Readonly<Record<string, unknown>>,
  ): Promise<ForgeAnswer>;
}
