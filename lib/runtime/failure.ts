import { ConfigError, ExternalError, InternalError, errorText } from '../base/errors.ts';

/** The five lines every red carries. spec: H-FUI-7 */
export interface Failure {
  readonly code: string;
  readonly class: 'config' | 'infra' | 'unknown';
  readonly cause: string;
  readonly next: string;
  readonly who: string;
}

/** What a thrown error means for people. Total: anything that is not one of the three classes counts as a bug. */
export function classifyFailure(thrown: unknown): Failure {
  const cause = errorText(thrown);
  if (thrown instanceof ConfigError)
    return {
      code: thrown.code,
      class: 'config',
      cause,
      next: 'change what the cause names, then run it again',
      who: 'whoever owns the configuration of this repository',
    };
  if (thrown instanceof ExternalError) {
    const answer = thrown.detail.status === undefined ? '' : ` (HTTP ${thrown.detail.status})`;
    return thrown.detail.retryable
      ? {
          code: thrown.code,
          class: 'infra',
          cause: `${cause}${answer}`,
          next: 'nothing was decided; the reconciler goes on from the ledger within its period',
          who: 'Conveyor; an operator when it stays red',
        }
      : {
          code: thrown.code,
          class: 'infra',
          cause: `${cause}${answer}`,
          next: 'repair the outside system or the right that the cause names, then run it again',
          who: 'operator',
        };
  }
  return {
    code: thrown instanceof InternalError ? thrown.code : 'UNEXPECTED',
    class: 'unknown',
    cause,
    next: 'a bug of Conveyor: report it with this log; the item can be started again with the retry command',
    who: 'operator',
  };
}

/** The failure block as it stands in log and summary. spec: H-FUI-7 */
export function renderFailure(action: string, failure: Failure, evidence: string | null): string {
  return [
    `❌ ${action} · error · ${failure.code}`,
    `Class: ${failure.class}`,
    `Cause: ${failure.cause}`,
    ...(evidence === null ? [] : [`Evidence: ${evidence}`]),
    `Next: ${failure.next}`,
    `Who: ${failure.who}`,
  ].join('\n');
}
