import { composeFrontmatter, renderFrontmatter } from './frontmatter-write.ts';
import { parseFrontmatter } from './frontmatter.ts';
import { escapeBlock, withoutLastNewlines } from './markdown.ts';
import { cleanText } from './excerpt.ts';

const MAX_DESCRIPTION_BYTES = 64 * 1024;
/** The creation goes on without a description (incident: lost request). */
const NO_DESCRIPTION = '_(the tracker has no description)_';

export interface BusinessRequest {
  readonly item: string;
  readonly title: string;
  /** As stored in the ledger; '' when the tracker had none. */
  readonly description: string;
  /** Earlier lives of the item after STOP. */
  readonly previous?: readonly { readonly gen: number; readonly link: string }[];
}

/** The text of `00-business-request.md`, from the ledger alone: no tracker call, never TBD. spec: artifacts §5 (00), PL-D-7 */
export function renderBusinessRequest(request: BusinessRequest): string {
  const title = cleanText(request.title).replace(/\s+/g, ' ').trim();
  const description = cutBytes(cleanText(request.description.toWellFormed()).trim());
  const parts = [
    `# Business Request: ${title}`,
    `Work Item ID: ${request.item}`,
    '## Description',
    description === '' ? NO_DESCRIPTION : escapeBlock(description),
  ];
  if (request.previous !== undefined && request.previous.length > 0)
    parts.push('## Previous attempts', request.previous.map(({ gen, link }) => `- Attempt ${gen}: ${link}`).join('\n'));
  return composeFrontmatter(
    { type: 'business-request', work_item_id: request.item, revision: 1 },
    `${parts.join('\n\n')}\n`,
  );
}

/**
 * The text with people's answers appended as the next `## Clarifications (round N)` and the revision raised; unchanged
 * without an answer. A broken frontmatter is left alone. spec: artifacts §5 (00), AR-Q-3
 */
export function appendClarifications(
  source: string,
  given: readonly { readonly at: string; readonly text: string }[],
): string {
  if (given.length === 0) return source;
  // People's lines that start with # carry a backslash, so only headings of ours are counted.
  const rounds = source.split('\n').filter((line) => /^## Clarifications \(round \d+\)$/.test(line)).length;
  const heading = `## Clarifications (round ${rounds + 1})`;
  const answers = given.map(
    ({ at, text }) => `Answer of ${at}:\n\n${escapeBlock(cutBytes(cleanText(text.toWellFormed()).trim()))}`,
  );
  const appended = `${withoutLastNewlines(source)}\n\n${[heading, ...answers].join('\n\n')}\n`;
  const parsed = parseFrontmatter(source);
  const revision =
    parsed.ok && typeof parsed.data['revision'] === 'string' ? Number(parsed.data['revision']) : Number.NaN;
  const raised = renderFrontmatter(appended, { set: { revision: Number.isInteger(revision) ? revision + 1 : 2 } });
  return raised.ok ? raised.text : appended;
}

/** Cut at 64 KiB on a character boundary, with a mark that says how much is missing. */
function cutBytes(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= MAX_DESCRIPTION_BYTES) return text;
  let end = MAX_DESCRIPTION_BYTES;
  while ((bytes[end]! & 0xc0) === 0x80) end -= 1;
  return `${bytes.subarray(0, end).toString()}\n\n… cut here: ${bytes.length - end} more bytes in the tracker`;
}
