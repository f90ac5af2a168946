import { stripVTControlCharacters } from 'node:util';

/** Tags of a model's tool calls that leaked into a file's end (incident). */
const TOOL_TAGS =
  /^\s*(?:<\/?(?:[a-z]+:)?(?:content|invoke|parameter|function_calls|function_results|tool_call|tool_use|file_text|write|edit)(?:\s[^<>]*)?>\s*)+$/i;

export interface Normalised {
  readonly content: Buffer;
  /** Trailing lines that were only tool-call tags and were cut. */
  readonly cutTagLines: number;
}

/**
 * A text file of a work item in its stored form: no BOM, LF, no terminal escapes, no trailing tool-call tags, exactly one
 * newline at the end. Bytes that are not UTF-8 come back untouched (`art.encoding` is judged elsewhere). Doing it twice
 * changes nothing. spec: AR-AP-1, AR-DIR-5
 */
export function normaliseArtifact(content: Buffer): Normalised {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content);
  } catch {
    return { content, cutTagLines: 0 };
  }
  // No introducer of an escape sequence may be left, else what remains could form a new one.
  text = stripVTControlCharacters(text)
    .replace(/[\u001B\u009B]/g, '')
    .replace(/^\uFEFF+/, '')
    .replace(/\r+\n?/g, '\n');
  const lines = text.trimEnd().split('\n');
  let cutTagLines = 0;
  while (lines.length > 1 && (TOOL_TAGS.test(lines.at(-1)!) || (cutTagLines > 0 && lines.at(-1)!.trim() === ''))) {
    if (lines.pop()!.trim() !== '') cutTagLines += 1;
  }
  const body = lines.join('\n').trimEnd();
  return { content: Buffer.from(body === '' ? '' : `${body}\n`), cutTagLines };
}
