import { stripVTControlCharacters } from 'node:util';

/** What a block of quoted text holds: `REPORT` findings, `DATA` everything else that people and agents wrote. */
export type BlockWord = 'DATA' | 'REPORT';

/**
 * Untrusted text between marker lines that carry a random nonce. A line of the text that contains the nonce or starts
 * with a marker word gets a leading `\`, so the text cannot close its own block. spec: AG-INJ-1, AR-FB-6
 */
export function quotedBlock(
  block: { readonly word: BlockWord; readonly nonce: string; readonly label: string },
  text: string,
): string {
  const { word, nonce, label } = block;
  const lines = stripInvisible(text)
    .split('\n')
    .map((line) => (line.includes(nonce) || /^\s*(?:<<<|(?:DATA|REPORT)\b)/.test(line) ? `\\${line}` : line));
  return [`<<<${word} ${nonce} ${label}`, ...lines, `${word} ${nonce}>>>`].join('\n');
}

/**
 * Text without terminal escapes, control characters except tab and newline, and characters that hide or reorder text
 * (zero-width, bidirectional, tag); CR line ends become LF; NFC. spec: AG-INJ-2
 */
export function stripInvisible(text: string): string {
  return (
    stripVTControlCharacters(text)
      .replace(/\r\n?/g, '\n')
      // oxlint-disable-next-line no-control-regex -- control characters are the subject
      .replace(
        /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u200B-\u200F\u202A-\u202E\u2060-\u2064\u2066-\u2069\uFEFF\u{E0000}-\u{E007F}]/gu,
        '',
      )
      .normalize('NFC')
  );
}
