import type { Document } from 'yaml';
import { failed, type ArtifactCode, type ArtifactFault } from './codes.ts';
import { parseStrictYaml, type YamlLimits, type YamlMapping } from './strict-yaml.ts';

/** Largest file that is read at all, in bytes. spec: artifacts §1 */
export const MAX_FILE_BYTES = 256 * 1024;
/** spec: AR-FM-5 */
const LIMITS: YamlLimits = { bytes: 16 * 1024, keys: 64, key: 64, depth: 4, list: 200, scalar: 4096 };
const MAX_BLANK_LINES = 10;

export interface FrontmatterFault {
  readonly ok: false;
  readonly code: ArtifactCode;
  /** 1-based line of the file. */
  readonly line: number;
  readonly message: string;
}
export type Frontmatter = { readonly ok: true; readonly data: YamlMapping; readonly body: string } | FrontmatterFault;

/** A file taken apart and parsed; the writer edits `document` and puts `rawBody` back byte for byte. */
export type ParsedFrontmatter =
  | { readonly ok: true; readonly data: YamlMapping; readonly document: Document; readonly rawBody: string }
  | FrontmatterFault;

/**
 * The only reader of frontmatter. The block stands between two lines that are exactly `---`; values are strings, lists
 * and mappings (failsafe YAML), everything dubious is refused. The body has LF line ends. Never throws. spec: AR-FM-1…9
 */
export function parseFrontmatter(source: Buffer | string): Frontmatter {
  const parsed = openFrontmatter(source);
  return parsed.ok ? { ok: true, data: parsed.data, body: parsed.rawBody.replaceAll('\r\n', '\n') } : parsed;
}

/** As `parseFrontmatter`, with the document that the writer edits. */
export function openFrontmatter(source: Buffer | string): ParsedFrontmatter {
  const decoded = decodeText(source);
  if (!decoded.ok) return { ok: false, code: decoded.code, line: decoded.line ?? 1, message: decoded.text };
  const text = decoded.text;
  const reader = lineReader(text);
  let line = reader();
  for (let blank = 0; line !== null && line.text.trim() === '' && blank < MAX_BLANK_LINES; blank += 1) line = reader();
  if (line === null || !isDelimiter(line.text))
    return stop('fm.absent', line?.number ?? 1, 'the file must start with a line `---`');
  const opening = line;
  for (line = reader(); line !== null; line = reader()) {
    if (!isDelimiter(line.text)) continue;
    const yaml = parseStrictYaml(text.slice(opening.end, line.start).replaceAll('\r\n', '\n'), LIMITS);
    if (!yaml.ok) return stop(yaml.code, opening.number + yaml.line, yaml.message);
    return { ok: true, data: yaml.data, document: yaml.document, rawBody: text.slice(line.end) };
  }
  return stop('fm.unterminated', opening.number, 'no line `---` closes the block that starts here');
}

/**
 * Strict UTF-8 without NUL, one leading BOM dropped, at most `maxBytes`. Faults: `art.encoding`, and
 * `fm.too_large` before anything is decoded. spec: AR-FM-2
 */
export function decodeText(
  source: Buffer | string,
  maxBytes = MAX_FILE_BYTES,
): { readonly ok: true; readonly text: string } | ({ readonly ok: false } & ArtifactFault) {
  const size = typeof source === 'string' ? Buffer.byteLength(source) : source.length;
  if (size > maxBytes) return failed('fm.too_large', `${size} bytes, at most ${maxBytes} are read`, 1);
  let text: string;
  if (typeof source === 'string') {
    if (!source.isWellFormed()) return failed('art.encoding', 'the text holds half of a surrogate pair');
    text = source;
  } else {
    try {
      text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(source);
    } catch {
      return failed('art.encoding', 'the file is not valid UTF-8: save it as UTF-8');
    }
  }
  const nul = text.indexOf('\0');
  if (nul >= 0) return failed('art.encoding', 'the file holds a NUL byte', text.slice(0, nul).split('\n').length);
  return { ok: true, text: text.startsWith('\uFEFF') ? text.slice(1) : text };
}

function stop(code: ArtifactCode, line: number, message: string): FrontmatterFault {
  return { ok: false, code, line, message };
}

function isDelimiter(line: string): boolean {
  return /^---[ \t]*\r?$/.test(line);
}

/** Lines with their offsets, one at a time: a megabyte of lines is never held as a list. */
function lineReader(
  text: string,
): () => { readonly text: string; readonly number: number; readonly start: number; readonly end: number } | null {
  let at = 0;
  let number = 0;
  return () => {
    if (at >= text.length) return null;
    const start = at;
    const newline = text.indexOf('\n', start);
    at = newline < 0 ? text.length : newline + 1;
    number += 1;
    return { text: text.slice(start, newline < 0 ? text.length : newline), number, start, end: at };
  };
}
