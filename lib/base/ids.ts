/** Work item ids as the board shows them: `ET-12`. A padded spelling (`ET-012`) names the same item. spec: PL-D-1 */
export interface WorkItemId {
  readonly prefix: string;
  readonly number: number;
}

const PATTERN = /^([A-Z][A-Z0-9]{1,9})-(\d{1,7})$/;

/** The parts of an id, or null when the text is not exactly one id. Accepts padding. */
export function parseWorkItemId(text: string): WorkItemId | null {
  const match = PATTERN.exec(text);
  return match === null ? null : { prefix: match[1]!, number: Number(match[2]) };
}

/** The id's spelling; `width` (config `ids.width`, 0–7) pads the number with zeros. */
export function formatWorkItemId(id: WorkItemId, width = 0): string {
  return `${id.prefix}-${String(id.number).padStart(width, '0')}`;
}

/** Whether two spellings name one item; false when either is not an id. spec: PL-D-1 */
export function sameWorkItem(a: string, b: string): boolean {
  const left = parseWorkItemId(a);
  const right = parseWorkItemId(b);
  return left !== null && right !== null && left.prefix === right.prefix && left.number === right.number;
}

/** One more than the highest number the prefix has among known ids (live and archived); 1 when there is none. spec: PL-D-2 */
export function nextWorkItemNumber(prefix: string, known: Iterable<string>): number {
  let highest = 0;
  for (const text of known) {
    const id = parseWorkItemId(text);
    if (id !== null && id.prefix === prefix) highest = Math.max(highest, id.number);
  }
  return highest + 1;
}

/** The wanted id, or the next number after it that no known id has; padding is kept by `width`. spec: PL-D-3 */
export function freeWorkItemId(wanted: WorkItemId, known: Iterable<string>, width = 0): string {
  const taken = new Set<number>();
  for (const text of known) {
    const id = parseWorkItemId(text);
    if (id !== null && id.prefix === wanted.prefix) taken.add(id.number);
  }
  let number = wanted.number;
  while (taken.has(number)) number += 1;
  return formatWorkItemId({ prefix: wanted.prefix, number }, width);
}

/** The first 8 hex digits of a tracker's issue id (a UUID), lower-case; other characters are skipped. */
export function issuePrefix(issueId: string): string {
  return issueId
    .toLowerCase()
    .replace(/[^0-9a-f]/g, '')
    .slice(0, 8);
}

/** `feature/<ID>-<slug>`. spec: PL-D-5 */
export function branchName(id: string, slug: string): string {
  return `feature/${id}-${slug}`;
}

/**
 * Branch names to try in order when earlier ones exist and are not ours: the slug, the issue's first 8 hex digits,
 * then that name with -2, -3 … without end. spec: PL-D-5
 */
export function* branchCandidates(id: string, slug: string, issueId: string): Generator<string, never> {
  yield branchName(id, slug);
  const fallback = branchName(id, issuePrefix(issueId));
  yield fallback;
  for (let n = 2; ; n += 1) yield `${fallback}-${n}`;
}

/** A digest or commit hash cut for people: `sha256:9f3c…` → `9f3c9f3c9f3c` (12 hex digits by default). */
export function shortDigest(digest: string, length = 12): string {
  return digest.replace(/^[a-z0-9]+:/, '').slice(0, length);
}
