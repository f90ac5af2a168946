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
  const known = knownValuePattern(values, SHORTEST_MASKED);
  return (text) => {
    let out = known === null ? text : text.replace(known, MASK);
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
  const known = knownValuePattern(values, SHORTEST_REFUSED);
  return (text) => {
    const hits: { name: string; index: number }[] = [];
    const index = known === null ? -1 : text.search(known);
    if (index >= 0) hits.push({ name: 'known-value', index });
    for (const { name, pattern, certain } of PATTERNS) {
      const at = certain ? text.search(pattern) : -1;
      if (at >= 0) hits.push({ name, index: at });
    }
    const first = hits.sort((a, b) => a.index - b.index)[0];
    return first === undefined ? null : { name: first.name, line: text.slice(0, first.index).split('\n').length };
  };
}

function knownValuePattern(values: readonly string[], shortest: number): RegExp | null {
  const forms = new Set<string>();
  for (const value of values) {
    const lines = value.split(/\r?\n/).map((line) => line.trim());
    for (const part of new Set([value.trim(), ...lines.filter((line) => line.length >= 8)]))
      if (part.length >= shortest) for (const form of formsOf(part)) forms.add(form);
  }
  if (forms.size === 0) return null;
  // Longest first, so that a value that contains another one is masked whole.
  const ordered = [...forms].sort((a, b) => b.length - a.length);
  return new RegExp(ordered.map(brokenOverLines).join('|'), 'g');
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
