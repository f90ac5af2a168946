import { issuePrefix } from './ids.ts';

/** Longest slug in characters. spec: PL-D-4 */
const MAX = 30;

/** Keys are what remains after NFKD without combining marks: й is и there, ё is е, ї is і, ў is у. */
const LATIN: Readonly<Record<string, string>> = {
  а: 'a',
  б: 'b',
  в: 'v',
  г: 'g',
  ґ: 'g',
  д: 'd',
  е: 'e',
  ж: 'zh',
  з: 'z',
  и: 'i',
  к: 'k',
  л: 'l',
  м: 'm',
  н: 'n',
  о: 'o',
  п: 'p',
  р: 'r',
  с: 's',
  т: 't',
  у: 'u',
  ф: 'f',
  х: 'kh',
  ц: 'ts',
  ч: 'ch',
  ш: 'sh',
  щ: 'shch',
  ъ: '',
  ы: 'y',
  ь: '',
  э: 'e',
  ю: 'yu',
  я: 'ya',
  і: 'i',
  є: 'ye',
  ђ: 'dj',
  ѕ: 'dz',
  ј: 'j',
  љ: 'lj',
  њ: 'nj',
  ћ: 'c',
  џ: 'dz',
  ß: 'ss',
  æ: 'ae',
  ø: 'o',
  œ: 'oe',
  ł: 'l',
  đ: 'd',
  þ: 'th',
};

/**
 * The title as a branch-safe slug: `[a-z0-9-]`, 1–30 characters, no dash at either end.
 * A title without a usable character gives the first 8 hex digits of the issue id. spec: PL-D-4
 */
export function slugOf(title: string, issueId: string): string {
  // Lower-case again: NFKD makes capitals of its own (№ is No).
  const plain = title
    .toLowerCase()
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase();
  const latin = Array.from(plain, (character) => LATIN[character] ?? character).join('');
  const slug = trimDashes(trimDashes(latin.replace(/[^a-z0-9]+/g, '-')).slice(0, MAX));
  return slug === '' ? issuePrefix(issueId) : slug;
}

function trimDashes(text: string): string {
  return text.replace(/^-+|-+$/g, '');
}
