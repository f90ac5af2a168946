/** Keeping secret values out of logs, comments and files. spec: AG-LOG-4 */
const MASK = '***';
/** Shorter values are no secrets and masking them would make every line unreadable. */
const SHORTEST_MASKED = 4;
/** Shorter values (`true`, `prod`) also stand in honest files, which must not be refused for them. */
const SHORTEST_REFUSED = 8;

interface SecretPattern {
  readonly name: string;
  readonly pattern: RegExp;
  /** Certain enough to refuse a file for; the others also occur in honest documents and test data. */
  readonly certain: boolean;
}

/** A group named `keep` stays readable in front of the mask. */
const PATTERNS: readonly SecretPattern[] = [
  {
    name: 'private-key',
    pattern:
      /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|$)/g,
    certain: true,
  },
  { name: 'anthropic-key', pattern: /sk-ant-[\w-]{8,}/g, certain: true },
  { name: 'github-token', pattern: /\bgh[pousr]_[A-Za-z0-9]{16,}/g, certain: true },
  { name: 'gitlab-token', pattern: /\bglpat-[\w-]{16,}/g, certain: true },
  { name: 'aws-access-key', pattern: /\bAKIA[A-Z0-9]{16}\b/g, certain: true },
  { name: 'bot-token', pattern: /(?<!\d)\d{8,10}:[\w-]{35}(?![\w-])/g, certain: true },
  { name: 'jwt', pattern: /(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, certain: false },
  {
    name: 'authorization-header',
    pattern:
      /(?<keep>\b(?:Authorization|X-API-Key)["']?\s{0,4}[:=]\s{0,4}["']?(?:(?:Bearer|Basic|Token)\s{1,4})?)[^\s"'\\,;]{4,}/gi,
    certain: false,
  },
  { name: 'url-user-info', pattern: /(?<keep>\b[a-z][a-z0-9+.-]{1,20}:\/\/)[^\s/@"'<>]{1,200}(?=@)/gi, certain: false },
];

/**
 * A function that replaces known secret values (plain, base64 at any alignment, URL-encoded, also when broken over
 * lines) and what looks like a credential by `***`. Redact before cutting: a cut value is not recognised. spec: AG-LOG-4
 */
export function createRedactor(values: readonly string[]): (text: string) => string {
  const find = createValueFinder(values, SHORTEST_MASKED);
  return (text) => {
    let out = maskRanges(text, find(text));
    for (const { pattern } of PATTERNS)
      out = out.replace(pattern, (...found) => {
        const groups = found.at(-1) as { keep?: string } | string | undefined;
        return typeof groups === 'object' && groups.keep !== undefined ? `${groups.keep}${MASK}` : MASK;
      });
    return out;
  };
}

export interface SecretHit {
  /** `known-value` or the name of the pattern; never the value. */
  readonly name: string;
  /** 1-based line of the first character. */
  readonly line: number;
}

/** A function that finds the first known value (≥ 8 characters) or certain credential in a text, or null. spec: AG-APP-2 (art.secret) */
export function createSecretFinder(values: readonly string[]): (text: string) => SecretHit | null {
  const find = createValueFinder(values, SHORTEST_REFUSED);
  return (text) => {
    const hits: { name: string; index: number }[] = find(text).map(({ from }) => ({
      name: 'known-value',
      index: from,
    }));
    for (const { name, pattern, certain } of PATTERNS) {
      const at = certain ? text.search(pattern) : -1;
      if (at >= 0) hits.push({ name, index: at });
    }
    const first = hits.sort((a, b) => a.index - b.index)[0];
    return first === undefined ? null : { name: first.name, line: text.slice(0, first.index).split('\n').length };
  };
}

interface Range {
  readonly from: number;
  /** The first character behind it. */
  readonly to: number;
}

/** A line break, real or escaped, with a log prefix: it may stand between any two characters of a value. */
const BREAK = /(?:\\[rn]|[\r\n])+[ \t|]{0,4}/g;
/** Characters of a break; a value that holds one itself cannot be looked for in a text without breaks. */
const BREAK_CHARACTERS = /[\\\r\n \t|]/;

/**
 * Where known values stand in a text, in order. Plain search in the text without its breaks: one pattern of all values
 * with an optional break between any two characters took 120 ms to compile, in every step of every run.
 */
function createValueFinder(values: readonly string[], shortest: number): (text: string) => readonly Range[] {
  const forms = new Set<string>();
  for (const value of values) {
    const lines = value.split(/\r?\n/).map((line) => line.trim());
    for (const part of new Set([value.trim(), ...lines.filter((line) => line.length >= 8)]))
      if (part.length >= shortest) for (const form of formsOf(part)) forms.add(form);
  }
  const plain = [...forms].filter((form) => !BREAK_CHARACTERS.test(form));
  const odd = [...forms]
    .filter((form) => BREAK_CHARACTERS.test(form))
    .map((form) => new RegExp(brokenOverLines(form), 'g'));
  if (forms.size === 0) return () => [];
  return (text) => {
    const { flat, toText } = withoutBreaks(text);
    const ranges: Range[] = [];
    for (const form of plain)
      for (let at = flat.indexOf(form); at >= 0; at = flat.indexOf(form, at + form.length))
        ranges.push({ from: toText(at), to: toText(at + form.length - 1) + 1 });
    for (const pattern of odd)
      for (const match of text.matchAll(pattern)) ranges.push({ from: match.index, to: match.index + match[0].length });
    return ranges.sort((a, b) => a.from - b.from);
  };
}

/** The text without line breaks, and from where in the text each of its characters comes. */
function withoutBreaks(text: string): { readonly flat: string; readonly toText: (index: number) => number } {
  // Of each piece between two breaks: where it starts in the flat text and in the whole one.
  const pieces: { readonly flat: number; readonly text: number }[] = [{ flat: 0, text: 0 }];
  let flat = '';
  let from = 0;
  for (const { index, 0: found } of text.matchAll(BREAK)) {
    flat += text.slice(from, index);
    from = index + found.length;
    pieces.push({ flat: flat.length, text: from });
  }
  flat += text.slice(from);
  const toText = (at: number): number => {
    let [low, high] = [0, pieces.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((pieces[middle]?.flat ?? 0) <= at) low = middle;
      else high = middle - 1;
    }
    const piece = pieces[low];
    return piece === undefined ? at : piece.text + at - piece.flat;
  };
  return { flat, toText };
}

/** One mask for ranges that overlap, so that a value that contains another one is masked whole. */
function maskRanges(text: string, ranges: readonly Range[]): string {
  let out = '';
  let end = 0;
  for (const { from, to } of ranges) {
    if (from >= end) out += text.slice(end, from) + MASK;
    end = Math.max(end, to);
  }
  return out + text.slice(end);
}

function formsOf(value: string): string[] {
  const url = encodeURIComponent(value.toWellFormed());
  const lowerCaseEscapes = url.replace(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase());
  const json = JSON.stringify(value).slice(1, -1);
  return [value, url, lowerCaseEscapes, json, ...base64Forms(value)];
}

/** The characters of base64 that a value fixes whatever stands before and after it: one form per alignment. */
function base64Forms(value: string): string[] {
  const bytes = Buffer.from(value);
  if (bytes.length < 6) return [bytes.toString('base64')];
  return [0, 1, 2].flatMap((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    const from = offset === 0 ? 0 : offset + 1;
    const complete = (offset + bytes.length) % 3 === 0;
    const core = encoded.slice(from, complete ? undefined : -1);
    return [core, core.replaceAll('+', '-').replaceAll('/', '_')];
  });
}

/** Matches the form also when a line break (real or escaped, with a log prefix) stands between its characters. */
function brokenOverLines(form: string): string {
  return Array.from(form, (character) => character.replace(/[\\^$.*+?()[\]{}|/-]/, '\\$&')).join(
    '(?:(?:\\\\[rn]|[\\r\\n])+[ \\t|]{0,4})?',
  );
}
