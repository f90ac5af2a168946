/** WORD JOINER: invisible, and what stands around it is no mention, reference or command any more. */
const JOINER = '\u2060';

// Control characters except tab and newline, and the marks that turn the direction of the text around them.
const UNPRINTABLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;
const CLOSING_WORD =
  /\b(c|f|r)(lose[sd]?|ix(?:e[sd])?|esolve[sd]?|eopen(?:s|ed)?)(?=:?\s+(?:[\w.-]+\/[\w.-]+)?[#!]\u2060?\d|:?\s+https?:)/gi;
const TRIGGER = /\[(?=(?:skip ci|ci skip|no ci|skip actions|actions skip)\])/gi;
const EMOJI_COMMAND = /:(?=(?:approved|rejected):)/gi;

/**
 * Data that triggers nothing wherever it is shown: no mention, no reference that closes something, no slash command,
 * no `[skip ci]`, no workflow command of a runner, no control characters. Reads the same. Idempotent, pure. spec: H-CMT-13
 */
export function neutral(text: string): string {
  return text
    .toWellFormed()
    .replace(/\r\n?/g, '\n')
    .replace(UNPRINTABLE, '')
    .replace(CLOSING_WORD, `$1${JOINER}$2`)
    .replace(/@(?!\u2060)/g, `@${JOINER}`)
    .replace(/([#!])(?=\d)/g, `$1${JOINER}`)
    .replace(/^([ \t]*)\/(?!\u2060)/gm, `$1/${JOINER}`)
    .replace(/^([ \t]*):(?=:)/gm, `$1:${JOINER}`)
    .replace(/##(?=\[)/g, `#${JOINER}#${JOINER}`)
    .replace(TRIGGER, `[${JOINER}`)
    .replace(EMOJI_COMMAND, `:${JOINER}`);
}

/** At most `max` characters (code points), cut with `…`. Pure. spec: H-CMT-12 */
export function cut(text: string, max: number): string {
  const points = Array.from(text);
  return points.length <= max
    ? text
    : `${points
        .slice(0, Math.max(0, max - 1))
        .join('')
        .trimEnd()}…`;
}

/** One line: every run of white space is a space. Pure. */
export function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

/** Longest data in a comment or card, in code points. spec: H-CMT-12 */
export const MAX_TITLE = 120;
export const MAX_REASON = 300;
export const MAX_TEXT = 4000;
