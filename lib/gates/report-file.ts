import type { ArtifactFault } from '../artifacts/codes.ts';
import type { Fact } from './fact.ts';

/** A file of the judged commit, read from the commit object. spec: G-FM-4, G-FM-5 */
export type ReportFile =
  | { readonly kind: 'file'; readonly path: string; readonly blob: string; readonly content: Buffer | string }
  | { readonly kind: 'absent'; readonly path: string }
  | { readonly kind: 'unreadable'; readonly path: string; readonly detail: string };

/**
 * Why the file may count. `recorded`: it carries our stamp and is the very blob the ledger recorded for this round
 * (null = nothing is recorded). `written`: outside the pipeline; the subject key at the commit that wrote the file.
 * spec: AR-VAL-2, G-FM-6
 */
export type ReportTrust =
  | { readonly kind: 'recorded'; readonly blob: string | null }
  | { readonly kind: 'written'; readonly subject: Fact<string> };

/** Why a recorded file must not be believed, or null. */
export function untrusted(file: Extract<ReportFile, { kind: 'file' }>, trust: ReportTrust): string | null {
  if (trust.kind === 'written' || trust.blob === file.blob) return null;
  const known = trust.blob === null ? 'has no record of it' : `recorded ${trust.blob.slice(0, 8)}`;
  return `${file.path} is blob ${file.blob.slice(0, 8)}, but the ledger ${known}: somebody else changed it; retry the stage`;
}

/** The fault as one line: what is wrong, where. */
export function faultText(path: string, fault: ArtifactFault): string {
  return `${path}${fault.line === null ? '' : `:${fault.line}`}: ${fault.text} (${fault.code})`;
}
