/** Something a person must change: configuration, inputs, a missing right. Never retried. (design §9) */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  /** Stable UPPER_SNAKE code. */
  readonly code: string;
  /** `message` says what happened, why, and what to do. */
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** `status`: HTTP status when there was an answer; `retryAfterS`: seconds the other side asked us to wait. */
export interface ExternalDetail {
  readonly retryable: boolean;
  readonly status?: number;
  readonly retryAfterS?: number;
}

/** An outside system (forge, tracker, git remote, model, network) did not do its part. (design §9) */
export class ExternalError extends Error {
  override readonly name = 'ExternalError';
  readonly code: string;
  readonly detail: ExternalDetail;
  constructor(code: string, message: string, detail: ExternalDetail = { retryable: true }, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.detail = detail;
  }
}

/** A bug of ours: an invariant does not hold. (design §9) */
export class InternalError extends Error {
  override readonly name = 'InternalError';
  readonly code: string;
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The text of whatever was thrown, without a stack. Total. */
export function errorText(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
