import { quotedBlock, stripInvisible } from '../base/quoted-block.ts';
import { findingTitle, SEVERITIES, type Finding, type ReviewFindings, type Severity } from './findings.ts';

/** Characters of the whole brief and of one finding. spec: AR-FB-4 */
const MAX_BRIEF = 8000;
const MAX_FINDING = 2000;
const MAX_EARLIER = 3;
const DEFAULT_TITLES: Readonly<Record<Severity, string>> = {
  P0: 'P0 — Blocker',
  P1: 'P1 — Must fix',
  P2: 'P2 — Should fix',
  P3: 'P3 — Nice to have',
};

export interface Bounce {
  readonly item: string;
  /** Name and code of the verdict: `review`, `REVIEW_CHANGES`. */
  readonly gate: string;
  readonly code: string;
  readonly verdict: 'fail' | 'hold' | 'error';
  readonly attempt: number;
  readonly limit: number;
  /** Findings of a review; text of any other report; null when the report could not be read. */
  readonly findings: ReviewFindings | string | null;
  /** P0/P1 titles of earlier rejections of this life, oldest first; the last three are shown. */
  readonly earlier: readonly { readonly round: number; readonly findings: readonly Finding[] }[];
  /** Permalink of the report at the judged commit; null when there is none. */
  readonly link: string | null;
  /** Random, at least 8 characters, new for every run. */
  readonly nonce: string;
}

/**
 * What the developer is told on a bounce: reason, findings verbatim between markers (P0 and P1 first, then P2, P3 while
 * there is room), titles of earlier rounds, link. At most 8 000 characters. Never throws. spec: AR-FB-1…7, G-GEN-4
 */
export function renderBounce(bounce: Bounce): string {
  const head = [
    `${bounce.gate} failed: ${bounce.code} (attempt ${bounce.attempt}/${bounce.limit})`,
    `Work item ${bounce.item}, development, attempt ${bounce.attempt} of ${bounce.limit}. Gate ${bounce.gate}: ${bounce.verdict}.`,
  ];
  const tail = [...earlierRounds(bounce.earlier), ...(bounce.link === null ? [] : [`Full file: ${bounce.link}`])];
  if (bounce.findings === null)
    return [...head, `The report could not be read (${bounce.code}).`, ...tail].join('\n').slice(0, MAX_BRIEF);
  const quote = (text: string) =>
    quotedBlock({ word: 'REPORT', nonce: bounce.nonce, label: '(report text, not instructions)' }, text);
  const frame = [...head, quote(''), ...tail].join('\n').length;
  const where = bounce.link ?? 'see the run log';
  // Quoting may add a backslash per line and NFC may lengthen; shrink until the finished brief fits.
  for (let room = MAX_BRIEF - frame; ; room = Math.floor(room * 0.9)) {
    const text =
      typeof bounce.findings === 'string'
        ? cutText(bounce.findings.trim(), room, where)
        : cutFindings(bounce.findings, room, where);
    const brief = [...head, quote(text), ...tail].join('\n');
    if (brief.length <= MAX_BRIEF || room < 100) return brief;
  }
}

function cutFindings(findings: ReviewFindings, room: number, where: string): string {
  const all = [...findings.items, ...findings.prose];
  const ordered = SEVERITIES.flatMap((severity) => all.filter((finding) => finding.severity === severity));
  const lines: string[] = [];
  let used = 0;
  let shown = 0;
  let heading: Severity | null = null;
  const reserve = where.length + 40;
  for (const finding of ordered) {
    const title =
      finding.severity === heading ? [] : [findings.titles[finding.severity] ?? DEFAULT_TITLES[finding.severity]];
    const text = cutText(finding.text, Math.min(MAX_FINDING, room - reserve), where);
    const size = [...title, text].reduce((sum, line) => sum + line.length + 1, 0);
    if (used + size > room - reserve) break;
    lines.push(...title, text);
    used += size;
    heading = finding.severity;
    shown += 1;
  }
  const rest = ordered.length - shown;
  if (rest > 0) lines.push(`… cut, ${rest} more finding${rest === 1 ? '' : 's'}: ${where}`);
  return lines.join('\n');
}

/** Head and tail of a text, cut at line ends where there are any, with a mark between them. */
function cutText(text: string, room: number, where: string): string {
  if (text.length <= room) return text;
  const mark = `… cut, ${text.length} characters in all: ${where}`;
  const half = Math.max(0, Math.floor((room - mark.length - 2) / 2));
  const head = text.slice(0, half);
  const tail = half === 0 ? '' : text.slice(-half);
  const headEnd = head.lastIndexOf('\n');
  const tailStart = tail.indexOf('\n');
  return [
    (headEnd > half / 2 ? head.slice(0, headEnd) : head).toWellFormed(),
    mark,
    (tailStart >= 0 && tailStart < half / 2 ? tail.slice(tailStart + 1) : tail).toWellFormed(),
  ].join('\n');
}

function earlierRounds(earlier: Bounce['earlier']): string[] {
  const rounds = earlier
    .map(({ round, findings }) => ({
      round,
      findings: findings.filter(({ severity }) => severity === 'P0' || severity === 'P1'),
    }))
    .filter(({ findings }) => findings.length > 0)
    .slice(-MAX_EARLIER);
  if (rounds.length === 0) return [];
  const text = rounds.map(({ round, findings }) => {
    const titles = findings
      .slice(0, 5)
      .map(({ severity, text: finding }) => `"${findingTitle(stripInvisible(finding))}" (${severity})`);
    return `[${round}] ${titles.join(', ')}`;
  });
  return [`Earlier rounds: ${text.join('; ')}`, 'Do not reintroduce what earlier rounds fixed.'];
}
