import type { Stage } from '../pipeline/stages.ts';
import type { DocumentLink } from './documents.ts';
import { escapeHtml, htmlLines, htmlLink } from './escape.ts';
import { type UsageFigures, renderDuration, renderUsage } from './figures.ts';
import { message } from './message.ts';
import { MAX_TITLE, cut, neutral, oneLine } from './neutral.ts';
import { type VerdictLine, speakerOf } from './roles.ts';

export interface StatusComment {
  readonly stage: Stage;
  /** From 1; shown from 2 on. */
  readonly attempt: number;
  readonly verdict: VerdictLine | null;
  readonly seconds: number | null;
  readonly documents: readonly DocumentLink[];
  readonly usage: UsageFigures | null;
}

/**
 * The one comment of a stage attempt, as HTML with one root. A missing part drops only its own line; never throws: on
 * any error role and fallback text alone. spec: H-CMT-1…5
 */
export function renderStatusComment(comment: StatusComment): string {
  const { icon, name, text } = speakerOf(comment.stage);
  try {
    const attempt = comment.attempt > 1 ? ` · ${message('cmt.attempt', { n: String(comment.attempt) })}` : '';
    const duration = renderDuration(comment.seconds);
    const usage = renderUsage(comment.usage);
    const lines = [
      `${icon} ${name} — ${message(text)}${attempt}`,
      ...(comment.verdict === null ? [] : [`${comment.verdict.label}: ${data(comment.verdict.value)}`]),
      ...(duration === null ? [] : [message('cmt.duration', { d: duration })]),
    ];
    return [
      `<div><p>${htmlLines(lines.join('\n'))}</p>`,
      comment.documents.length === 0 ? '' : renderDocuments(comment.documents),
      usage === null ? '' : `<p><sub>${escapeHtml(usage)}</sub></p>`,
      '</div>',
    ].join('');
  } catch {
    return `<div><p>${escapeHtml(`${icon} ${name} — ${message('role.fallback')}`)}</p></div>`;
  }
}

function renderDocuments(documents: readonly DocumentLink[]): string {
  const items = documents.map(({ label, href }) => `<li>${htmlLink(cut(oneLine(label), MAX_TITLE), href)}</li>`);
  return `<p><b>${escapeHtml(message('cmt.documents'))}</b></p><ul>${items.join('')}</ul>`;
}

const data = (text: string): string => neutral(cut(oneLine(text), MAX_TITLE));
