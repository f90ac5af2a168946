import { isMap, isScalar, isSeq, Lexer, LineCounter, parseDocument, CST, type Document, type Node } from 'yaml';
import type { ArtifactCode } from './codes.ts';

/** Failsafe YAML: nothing but strings, lists and mappings. spec: AR-FM-3 */
export type YamlValue = string | readonly YamlValue[] | { readonly [key: string]: YamlValue };
export type YamlMapping = { readonly [key: string]: YamlValue };

/** `bytes` of the whole text, `keys` of the top mapping, `key` and `scalar` lengths in characters, `depth` of collections, `list` entries. */
export interface YamlLimits {
  readonly bytes: number;
  readonly keys: number;
  readonly key: number;
  readonly depth: number;
  readonly list: number;
  readonly scalar: number;
}

export interface YamlFault {
  readonly ok: false;
  readonly code: Extract<ArtifactCode, `fm.${string}`>;
  /** 1-based within the text. */
  readonly line: number;
  readonly message: string;
}
export type StrictYaml = { readonly ok: true; readonly data: YamlMapping; readonly document: Document } | YamlFault;

const FORBIDDEN_TOKENS: Readonly<Record<string, string>> = {
  anchor: 'an anchor (&)',
  alias: 'an alias (*)',
  tag: 'a tag (!)',
  'directive-line': 'a % directive',
  'doc-end': 'a line `...`',
};
const FORBIDDEN_KEYS = new Set(['<<', '__proto__', 'constructor', 'prototype']);

/**
 * Reads one YAML mapping under the rules for machine-read files: failsafe values, no anchors, aliases, tags, directives,
 * merge keys, further documents or duplicate keys (also not differing only by case), everything within the limits.
 * A plain `~`, `null` or empty value means that the key is absent. Never throws. spec: AR-FM-3…6
 */
export function parseStrictYaml(
  text: string,
  limits: YamlLimits,
  options: { readonly documentStart?: boolean } = {},
): StrictYaml {
  const bytes = Buffer.byteLength(text);
  if (bytes > limits.bytes) return refuse('fm.too_large', 1, `${bytes} bytes, at most ${limits.bytes} are allowed`);
  const forbidden = findForbiddenToken(text, options.documentStart ?? false);
  if (forbidden !== null) return forbidden;

  const lines = new LineCounter();
  let document: Document;
  try {
    document = parseDocument(text, {
      schema: 'failsafe',
      version: '1.2',
      strict: true,
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: 'silent',
      lineCounter: lines,
    });
  } catch (thrown) {
    return refuse('fm.yaml', 1, `not readable as YAML: ${(thrown as Error).message.split('\n')[0]}`);
  }
  const first = document.errors[0];
  if (first !== undefined) {
    const line = lines.linePos(first.pos[0]).line || 1;
    if (first.code === 'RESOURCE_EXHAUSTION') return refuse('fm.too_large', line, `nested deeper than ${limits.depth}`);
    return refuse(
      first.code === 'MULTIPLE_DOCS' ? 'fm.forbidden' : 'fm.yaml',
      line,
      first.message.split('\n')[0] ?? first.message,
    );
  }
  if (!isMap(document.contents)) {
    const found = document.contents === null ? 'nothing' : isSeq(document.contents) ? 'a list' : 'a single value';
    return refuse('fm.not_mapping', 1, `found ${found}, expected keys with values`);
  }
  try {
    return { ok: true, data: convert(document.contents, 1, limits, lines) as YamlMapping, document };
  } catch (thrown) {
    if (thrown instanceof Refusal) return thrown.fault;
    throw thrown;
  }
}

function refuse(code: YamlFault['code'], line: number, message: string): YamlFault {
  return { ok: false, code, line, message };
}

/** Carries a fault out of the recursion of `convert`. */
class Refusal extends Error {
  readonly fault: YamlFault;
  constructor(fault: YamlFault) {
    super(fault.message);
    this.fault = fault;
  }
}

/** Works on tokens because the composed document no longer shows unused anchors, resolved tags or a last `...`. */
function findForbiddenToken(text: string, documentStartAllowed: boolean): YamlFault | null {
  let line = 1;
  let content = false;
  let scalar = false;
  for (const source of new Lexer().lex(text)) {
    // The text of a scalar follows its mark and may look like any token: `note: ---`.
    const type = scalar ? null : CST.tokenType(source);
    scalar = source === CST.SCALAR;
    const what = type === null ? undefined : FORBIDDEN_TOKENS[type];
    if (what !== undefined) return refuse('fm.forbidden', line, `${what} is not allowed`);
    if (type === 'doc-start') {
      if (content || !documentStartAllowed) return refuse('fm.forbidden', line, 'a second document is not allowed');
      content = true;
    } else if (
      type !== 'space' &&
      type !== 'newline' &&
      type !== 'comment' &&
      type !== 'doc-mode' &&
      type !== 'byte-order-mark'
    )
      content = true;
    for (let at = source.indexOf('\n'); at >= 0; at = source.indexOf('\n', at + 1)) line += 1;
  }
  return null;
}

function convert(node: unknown, depth: number, limits: YamlLimits, lines: LineCounter): YamlValue | null {
  const line = lines.linePos((node as Node | null)?.range?.[0] ?? 0).line || 1;
  const stop = (code: YamlFault['code'], message: string): never => {
    throw new Refusal(refuse(code, line, message));
  };
  if (isScalar(node)) {
    const value = String(node.value ?? '');
    if (node.type === 'PLAIN' && (value === '' || value === '~' || value === 'null')) return null;
    if (value.length > limits.scalar)
      stop('fm.too_large', `a value of ${value.length} characters, at most ${limits.scalar} are allowed`);
    return value;
  }
  if (node === null || node === undefined) return null;
  if (depth > limits.depth) stop('fm.too_large', `nested deeper than ${limits.depth}`);
  if (isSeq(node)) {
    if (node.items.length > limits.list)
      stop('fm.too_large', `a list of ${node.items.length} entries, at most ${limits.list} are allowed`);
    return node.items.map((item) => convert(item, depth + 1, limits, lines) ?? '');
  }
  if (!isMap(node)) return stop('fm.forbidden', 'an unknown kind of YAML node');
  if (node.items.length > limits.keys)
    stop('fm.too_large', `${node.items.length} keys, at most ${limits.keys} are allowed`);
  const seen = new Map<string, string>();
  const entries: [string, YamlValue][] = [];
  for (const { key, value } of node.items) {
    const name = keyName(key, limits, lines, line);
    const folded = name.toLowerCase();
    const earlier = seen.get(folded);
    if (earlier !== undefined) stopAt(key, lines, line, 'fm.duplicate_key', `\`${name}\` repeats \`${earlier}\``);
    seen.set(folded, name);
    const converted = convert(value, depth + 1, limits, lines);
    if (converted !== null) entries.push([name, converted]);
  }
  return Object.fromEntries(entries);
}

function keyName(key: unknown, limits: YamlLimits, lines: LineCounter, fallback: number): string {
  if (!isScalar(key)) return stopAt(key, lines, fallback, 'fm.forbidden', 'a key that is not a single word');
  const name = String(key.value ?? '');
  if (FORBIDDEN_KEYS.has(name)) stopAt(key, lines, fallback, 'fm.forbidden', `the key \`${name}\` is not allowed`);
  if (name === '') stopAt(key, lines, fallback, 'fm.yaml', 'a value without a key');
  if (name.length > limits.key)
    stopAt(
      key,
      lines,
      fallback,
      'fm.too_large',
      `a key of ${name.length} characters, at most ${limits.key} are allowed`,
    );
  return name;
}

function stopAt(node: unknown, lines: LineCounter, fallback: number, code: YamlFault['code'], message: string): never {
  const offset = (node as Node | null)?.range?.[0];
  throw new Refusal(refuse(code, offset === undefined ? fallback : lines.linePos(offset).line || fallback, message));
}
