import { stripVTControlCharacters } from 'node:util';
import { withoutLastNewlines } from './markdown.ts';

/** spec: AR-AP-3 */
const MAX_LINES = 200;
const MAX_CHARACTERS = 20_000;

/**
 * The end of a program's output for a report: escapes removed, last 200 lines and 20 000 characters, a first line that
 * says how much is missing and where the whole log is. Redact before calling. spec: AR-AP-3
 */
export function outputTail(output: string, fullLog: string): string {
  const lines = withoutLastNewlines(cleanText(output)).split('\n');
  let from = Math.max(0, lines.length - MAX_LINES);
  let size = lines.slice(from).reduce((sum, line) => sum + line.length + 1, 0);
  while (size > MAX_CHARACTERS && from < lines.length - 1) {
    size -= lines[from]!.length + 1;
    from += 1;
  }
  const kept = lines.slice(from).join('\n').slice(-MAX_CHARACTERS);
  const whole = from === 0 && kept.length === lines.join('\n').length;
  return whole ? kept : `… cut, ${from} earlier lines: ${fullLog}\n${kept}`;
}

/** Terminal escapes and control characters except tab and newline removed; CRLF and progress-bar CR become newlines. */
export function cleanText(text: string): string {
  return (
    stripVTControlCharacters(text)
      .replace(/\r\n?/g, '\n')
      // oxlint-disable-next-line no-control-regex -- control characters are the subject
      .replace(/[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/g, '')
  );
}
