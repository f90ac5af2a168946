import type { VerdictKind } from '../pipeline/verdict.ts';

export const VERDICT_ICON: Readonly<Record<VerdictKind, string>> = { pass: '✅', fail: '❌', hold: '✋', error: '⚠️' };
