/** One answer of the forge's REST API, uninterpreted. `status` 0 = no answer; then `body` says why. */
export interface ForgeAnswer {
  readonly status: number;
  readonly body: string;
  /** The forge's own clock (`Date` header), null when it sent none. */
  readonly date: Date | null;
}

/** The bare REST API, for what is asked about the forge itself and not about a repository's work. Never throws. */
export interface ForgeApiPort {
  /** `path` below /api/v1, e.g. `/version`. Time-out 10 s; redirects are not followed. */
  request(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<ForgeAnswer>;
}
