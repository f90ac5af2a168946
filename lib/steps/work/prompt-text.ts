import type { BlockWord } from '../../base/quoted-block.ts';
import { quotedBlock, stripInvisible } from '../../base/quoted-block.ts';

/** Closed ones only: an open one would take the rest of the text with it. */
const HTML_COMMENT = /<!--[\s\S]*?-->/g;
const DATA_URI = /\bdata:[\w.+-]{1,60}\/[\w.+-]{1,60}(?:;[\w=.+-]{1,60}){0,5},[^\s)"'<>]*/gi;
/** Characters that a mark for a cut may take. */
const MARK_ROOM = 48;

/** What a person would see of a text: no hidden or control characters, comments, escapes, inline data; NFC. spec: AG-INJ-2 */
export function cleanForPrompt(source: string): string {
  // Hidden characters first: one inside `<!--` must not save a comment from being seen as one.
  return stripInvisible(source.toWellFormed()).replace(HTML_COMMENT, '').replace(DATA_URI, '[inline data]');
}

/** A text as one line for places outside a marked block. */
export function cleanLine(source: string, limit: number): string {
  return cutText(cleanForPrompt(source).replace(/\s+/g, ' ').trim(), limit);
}

/** At most `limit` characters of the text; a cut says how many are missing. spec: AG-INJ-3 */
export function cutText(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const kept = text.slice(0, Math.max(0, limit - MARK_ROOM)).toWellFormed();
  return `${kept} … cut, ${text.length - kept.length} more characters …`;
}

/** A text cleaned, cut and set between marker lines with the run's nonce. spec: AG-INJ-1…3 */
export function markBlock(word: BlockWord, nonce: string, label: string, source: string, limit: number): string {
  return quotedBlock({ word, nonce, label: cleanLine(label, 80) }, cutText(cleanForPrompt(source).trim(), limit));
}
