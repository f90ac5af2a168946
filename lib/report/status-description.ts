import type { Verdict } from '../pipeline/verdict.ts';
import { cut, neutral, oneLine } from './neutral.ts';

/** Longest description that forges keep. */
const LONGEST = 140;

/** Description of a commit status: `hold · CI_SILENT · no status for 900 s`, at most 140 characters, cut between characters. spec: H-FUI-6, G-STA-1 */
export function renderStatusDescription(verdict: Pick<Verdict, 'verdict' | 'code' | 'text'>): string {
  return cut(neutral(oneLine(`${verdict.verdict} · ${verdict.code} · ${verdict.text}`)), LONGEST);
}
