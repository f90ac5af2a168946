import { type ExternalDetail, ExternalError } from '../base/errors.ts';

/** How a failed dispatch goes on. spec: RL-RLY-23 */
export type FailureClass = 'transient' | 'refused' | 'input';

/** What a failure means: network, 408, 429, 5xx transient; 401/403 refused; 404/422 and the rest input. */
export function classifyFailure(thrown: unknown): {
  readonly class: FailureClass;
  readonly status: number;
  readonly retryAfterS: number;
} {
  // Only what the outside did heals by waiting; a redirect, a refused write or a bug of ours does not.
  const detail: ExternalDetail = thrown instanceof ExternalError ? thrown.detail : { retryable: false };
  const status = detail.status ?? 0;
  const retryAfterS = detail.retryAfterS ?? 0;
  if (status === 401 || status === 403) return { class: 'refused', status, retryAfterS };
  if (status === 404 || status === 422 || !detail.retryable) return { class: 'input', status, retryAfterS };
  return { class: 'transient', status, retryAfterS };
}

const BASE_MS = 2000;
const CAP_MS = 300_000;
const REFUSED_MS = 300_000;
const REFUSED_ATTEMPTS = 288;
const INPUT_ATTEMPTS = 3;

/**
 * Milliseconds until the next attempt, or null = give up (dead letter). `failures` ≥ 1 counts this one; `random` in
 * [0, 1). 2 s × 2ⁿ, cap 300 s, full jitter, Retry-After honoured; 401/403 every 300 s for 24 h. spec: RL-RLY-23
 */
export function nextAttempt(
  failure: { readonly class: FailureClass; readonly retryAfterS: number },
  failures: number,
  attempts: number,
  random: number,
): number | null {
  const limit =
    failure.class === 'transient' ? attempts : failure.class === 'input' ? INPUT_ATTEMPTS : REFUSED_ATTEMPTS;
  if (failures >= limit) return null;
  if (failure.class === 'refused') return REFUSED_MS;
  const jittered = random * Math.min(CAP_MS, BASE_MS * 2 ** (failures - 1));
  return Math.max(jittered, failure.retryAfterS * 1000);
}
