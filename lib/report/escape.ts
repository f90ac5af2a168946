import { neutral, oneLine } from './neutral.ts';

const HTML: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text as HTML content or as a quoted attribute. The only place that does it: every text is escaped once, at the end. spec: H-CMT-12 */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => HTML[character] ?? '');
}

/** The same with line breaks as `<br>`. spec: H-CMT-12 */
export function htmlLines(text: string): string {
  return escapeHtml(text).replaceAll('\n', '<br>');
}

/** An anchor, or the escaped label alone when there is no address. spec: H-CMT-5 */
export function htmlLink(label: string, href: string | null): string {
  return href === null ? escapeHtml(label) : `<a href="${escapeHtml(href)}">${escapeHtml(label)}</a>`;
}

/**
 * One line of data inside Markdown: neutral, no markup, no HTML, no table cell and no list of its own. Codes such as
 * REVIEW_CHANGES keep their look, because an underscore between letters is no markup. Pure.
 */
export function escapeMarkdown(text: string): string {
  return neutral(oneLine(text))
    .replace(/[&<>]/g, (character) => HTML[character] ?? '')
    .replace(/[\\`*[\]|~]/g, '\\$&')
    .replace(/(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, '\\_')
    .replace(/^(\d{1,9})([.)])(?=\s|$)/, '$1\\$2')
    .replace(/^[#+=-]/, '\\$&');
}

/** Data as a Markdown code span, neutral. Backticks in it are dropped: they could end the span. */
export function markdownCode(text: string): string {
  const line = neutral(oneLine(text.replaceAll('`', '')));
  return line === '' ? '' : `\`${line.replaceAll('|', '\\|')}\``;
}

/** A Markdown link, or the escaped label alone when there is no address. The address is one of ours, URL-encoded. */
export function markdownLink(label: string, href: string | null): string {
  return href === null
    ? escapeMarkdown(label)
    : `[${escapeMarkdown(label)}](${href.replaceAll('(', '%28').replaceAll(')', '%29')})`;
}
