/** A heading outside code fences, with everything below it up to the next heading of the same or a higher level. */
export interface Section {
  readonly level: number;
  readonly title: string;
  /** 1-based line of the heading within the text. */
  readonly line: number;
  /** Lines below the heading, sub-headings included. */
  readonly lines: readonly string[];
}

/** All sections of a Markdown text in order; nested ones also appear on their own. Headings in code fences do not count. */
export function parseSections(text: string): readonly Section[] {
  const lines = text.split(/\r?\n/);
  const headings = headingsOf(lines);
  // Backwards: `ends` holds, per level, where the nearest later heading of that or a higher level stands.
  const ends: number[] = Array.from({ length: 7 }, () => lines.length);
  const sections: Section[] = [];
  for (const { level, title, index } of headings.toReversed()) {
    sections.push({ level, title, line: index + 1, lines: lines.slice(index + 1, ends[level]) });
    for (let deeper = level; deeper <= 6; deeper += 1) ends[deeper] = index;
  }
  return sections.reverse();
}

/** Text without fenced blocks, HTML comments and headings: what a person wrote as sentences. */
export function proseOf(text: string): string {
  const lines = text.replace(/<!--[\s\S]*?(?:-->|$)/g, '').split(/\r?\n/);
  const headings = new Set(headingsOf(lines).map((heading) => heading.index));
  return lines.filter((_, index) => !headings.has(index)).join('\n');
}

/** A code fence around the text, longer than any run of backticks in it. */
export function fenced(text: string, language = ''): string {
  const longest = [...text.matchAll(/`+/g)].reduce((most, run) => Math.max(most, run[0].length), 0);
  const mark = '`'.repeat(Math.max(3, longest + 1));
  return `${mark}${language}\n${withoutLastNewlines(text)}\n${mark}`;
}

/** The text without newlines at its end; other white space stays. */
export function withoutLastNewlines(text: string): string {
  let end = text.length;
  while (text[end - 1] === '\n') end -= 1;
  return text.slice(0, end);
}

/** White space, line ends included, collapsed to single blanks. */
export function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

/** One table: header, rule, rows. Cells are flattened to one line and `|` is escaped. */
export function renderTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(tableCell).join(' | ')} |`;
  return [line(header), `|${header.map(() => '---|').join('')}`, ...rows.map(line)].join('\n');
}

/** Text that stands as itself between other Markdown: lines that would be a heading or a delimiter get a backslash. */
export function escapeBlock(text: string): string {
  return text
    .split('\n')
    .map((line) => (line.startsWith('#') || line.trimEnd() === '---' ? `\\${line}` : line))
    .join('\n');
}

/** Trimmed, without the closing marks of `## Title ##`. */
function headingText(text: string): string {
  const title = text.trim();
  let end = title.length;
  while (end > 0 && title[end - 1] === '#') end -= 1;
  return end === 0 || /[ \t]/.test(title[end - 1]!) ? title.slice(0, end).trimEnd() : title;
}

function tableCell(text: string): string {
  return oneLine(text).replaceAll('|', '\\|');
}

function headingsOf(lines: readonly string[]): { level: number; title: string; index: number }[] {
  const headings: { level: number; title: string; index: number }[] = [];
  let fence: string | null = null;
  lines.forEach((line, index) => {
    const mark = /^ {0,3}(`{3,}|~{3,})(.*)$/.exec(line);
    if (fence !== null) {
      if (mark !== null && mark[1]!.startsWith(fence) && mark[2]!.trim() === '') fence = null;
      return;
    }
    if (mark !== null && !(mark[1]!.startsWith('`') && mark[2]!.includes('`'))) {
      fence = mark[1]!;
      return;
    }
    const heading = /^ {0,3}(#{1,6})(?:[ \t](.*))?$/.exec(line);
    if (heading !== null) headings.push({ level: heading[1]!.length, title: headingText(heading[2] ?? ''), index });
  });
  return headings;
}
