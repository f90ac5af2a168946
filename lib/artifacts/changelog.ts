import { failed, type Reading } from './codes.ts';
import { decodeText } from './frontmatter.ts';

export const CHANGE_KINDS = ['Added', 'Changed', 'Deprecated', 'Removed', 'Fixed', 'Security'] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];
const MAX_BYTES = 8 * 1024;

export interface Fragment {
  readonly entries: readonly { readonly kind: ChangeKind; readonly bullets: readonly string[] }[];
  /** Reason of the explicit "no entry"; null when there are entries. */
  readonly none: string | null;
}

/** `changelog.d/<ID>.md`: only headings `### Added|…|Security` with bullets, or `### None` with a reason. spec: AR-CH-2, G-DOC-1 */
export function parseFragment(source: Buffer | string): Reading<Fragment> {
  const size = Buffer.byteLength(source);
  if (size > MAX_BYTES)
    return failed('art.too_large', `${size} bytes, at most ${MAX_BYTES} are allowed in a changelog fragment`);
  const decoded = decodeText(source);
  if (!decoded.ok) return decoded;
  const text = decoded.text.replace(/<!--[\s\S]*?(?:-->|$)/g, (comment) => comment.replace(/[^\n]/g, ''));
  if (text.trim() === '')
    return failed(
      'art.empty',
      'the changelog fragment is empty: write `### Added` (or Changed, Fixed …) with a bullet',
    );
  const entries: { kind: ChangeKind; bullets: string[]; line: number }[] = [];
  let none: string | null = null;
  let current: 'none' | (typeof entries)[number] | null = null;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trimEnd();
    const heading = /^(#{1,6})\s+(.*)$/.exec(line);
    if (heading !== null) {
      const kind = CHANGE_KINDS.find((candidate) => candidate === heading[2]);
      if (heading[1] !== '###' || (kind === undefined && heading[2] !== 'None'))
        return failed(
          'art.unrecognised',
          `the heading "${line.slice(0, 60)}" is not one of ### ${CHANGE_KINDS.join(', ')}, None`,
          index + 1,
        );
      current = kind === undefined ? 'none' : { kind, bullets: [], line: index + 1 };
      if (current === 'none') none ??= '';
      else entries.push(current);
    } else if (line.trim() !== '') {
      if (current === null)
        return failed('art.unrecognised', `"${line.trim().slice(0, 60)}" stands before the first heading`, index + 1);
      if (current === 'none') none = `${none ?? ''} ${line.replace(/^\s*[-*]\s+/, '').trim()}`.trim();
      else if (/^[-*]\s+\S/.test(line)) current.bullets.push(line.replace(/^[-*]\s+/, ''));
      else if (/^\s+\S/.test(line) && current.bullets.length > 0)
        current.bullets.push(`${current.bullets.pop()!}\n${line}`);
      else return failed('art.unrecognised', `"${line.trim().slice(0, 60)}" is not a bullet`, index + 1);
    }
  }
  const bare = entries.find(({ bullets }) => bullets.length === 0);
  if (bare !== undefined) return failed('art.empty', `### ${bare.kind} has no bullet`, bare.line);
  if (none !== null && entries.length > 0) return failed('art.contradiction', '### None stands beside other entries');
  if (none !== null && !/\p{L}/u.test(none.replace(/<[^<>\n]*>|\bTBD\b/gi, '')))
    return failed('art.empty', '### None needs a reason');
  if (entries.length === 0 && none === null) return failed('art.empty', 'the changelog fragment has no entry');
  return {
    ok: true,
    data: { entries: entries.map(({ kind, bullets }) => ({ kind, bullets })), none },
    body: text,
    warnings: [],
  };
}
